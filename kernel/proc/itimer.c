/*
 * The three interval timers of a process, made when first used. ITIMER_REAL is on the monotonic clock,
 * ITIMER_VIRTUAL and ITIMER_PROF watch the process's CPU time. Threads that set one at once may mix their
 * values, as POSIX allows.
 */
#include "kernel/proc/itimer.h"

#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"

struct cpu_itimer {
    struct cpu_watch watch;
    struct process *process;
    uint64_t interval_ns;
    unsigned signal;
};

struct process_timers {
    struct timer real;
    struct process *process;
    uint64_t interval_ns;
    struct cpu_itimer cpu[2]; /* ITIMER_VIRTUAL, ITIMER_PROF */
};

#define EXPIRY_GAP_NS 100000ull /* from one expiry to the next, at least: programs must come to run in between */

static uint64_t add_saturated(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The next multiple of the interval; those that have passed already are left out. */
static uint64_t next_deadline(uint64_t deadline_ns, uint64_t interval_ns, uint64_t now_ns) {
    if (now_ns > deadline_ns)
        deadline_ns += (now_ns - deadline_ns) / interval_ns * interval_ns;
    return MAX(add_saturated(deadline_ns, interval_ns), now_ns + EXPIRY_GAP_NS);
}

static void send(struct process *process, unsigned signal) {
    struct signal_info info = {.number = (int32_t)signal, .code = SI_KERNEL};
    (void)signal_send_process(process, signal, &info);
}

/* Interrupt context. */
static void real_expire(struct timer *timer) {
    struct process_timers *timers = container_of(timer, struct process_timers, real);
    uint64_t interval_ns = atomic_load_relaxed(&timers->interval_ns);

    send(timers->process, SIGALRM);
    if (interval_ns != 0)
        timer_start(timer, next_deadline(timer->deadline_ns, interval_ns, clock_monotonic_ns()));
}

static void cpu_expire(struct cpu_watch *watch, uint64_t now_ns) {
    struct cpu_itimer *timer = container_of(watch, struct cpu_itimer, watch);
    uint64_t interval_ns = atomic_load_relaxed(&timer->interval_ns);

    send(timer->process, timer->signal);
    if (interval_ns != 0)
        cpu_watch_start_process(watch, timer->process, next_deadline(watch->deadline_ns, interval_ns, now_ns));
}

static void init_cpu_timer(struct cpu_itimer *timer, struct process *process, enum cpu_clock_kind kind, unsigned signal) {
    timer->watch.kind = kind;
    timer->watch.expire = cpu_expire;
    timer->process = process;
    timer->signal = signal;
}

static struct process_timers *timers_of(struct process *process) {
    if (process->timers != NULL)
        return process->timers;
    struct process_timers *timers = kzalloc(sizeof *timers), *none = NULL;
    if (timers == NULL)
        return NULL;
    timer_init(&timers->real, real_expire);
    timers->process = process;
    init_cpu_timer(&timers->cpu[0], process, CPU_CLOCK_VIRTUAL, SIGVTALRM);
    init_cpu_timer(&timers->cpu[1], process, CPU_CLOCK_PROF, SIGPROF);
    if (atomic_compare_exchange(&process->timers, &none, timers))
        return timers;
    kfree(timers); /* another thread was first */
    return none;
}

/* A timer that is due and has not gone off yet has a moment left: 0 would be one that is not running. */
static uint64_t time_left(bool running, uint64_t deadline_ns, uint64_t now_ns) {
    if (!running)
        return 0;
    return deadline_ns > now_ns ? deadline_ns - now_ns : NS_PER_US;
}

/* ---- ITIMER_REAL ---- */

static void real_read(const struct process_timers *timers, struct itimer_value *value) {
    value->interval_ns = timers->interval_ns;
    value->remaining_ns = time_left(timers->real.queued, timers->real.deadline_ns, clock_monotonic_ns());
}

static void real_set(struct process_timers *timers, const struct itimer_value *value) {
    atomic_store_relaxed(&timers->interval_ns, 0ull); /* a running callback does not start it again */
    timer_cancel_sync(&timers->real);
    atomic_store_relaxed(&timers->interval_ns, value->interval_ns);
    if (value->remaining_ns != 0)
        timer_start(&timers->real, add_saturated(clock_monotonic_ns(), value->remaining_ns));
}

/* ---- on CPU time ---- */

static uint64_t cpu_time(struct process *process, enum itimer_which which) {
    uint64_t user_ns, system_ns;

    process_times(process, &user_ns, &system_ns);
    return which == ITIMER_VIRTUAL ? user_ns : user_ns + system_ns;
}

static void cpu_read(const struct cpu_itimer *timer, uint64_t now_ns, struct itimer_value *value) {
    value->interval_ns = timer->interval_ns;
    value->remaining_ns = time_left(timer->watch.armed, timer->watch.deadline_ns, now_ns);
}

static void cpu_set(struct cpu_itimer *timer, uint64_t now_ns, const struct itimer_value *value) {
    atomic_store_relaxed(&timer->interval_ns, 0ull);
    cpu_watch_cancel_sync(&timer->watch);
    atomic_store_relaxed(&timer->interval_ns, value->interval_ns);
    if (value->remaining_ns == 0)
        return;
    cpu_watch_start_process(&timer->watch, timer->process, add_saturated(now_ns, value->remaining_ns));
    cpu_clock_attend_process(timer->process);
}

int itimer_exchange(enum itimer_which which, const struct itimer_value *new, struct itimer_value *old) {
    struct process *process = current_process();
    struct process_timers *timers = process->timers;

    *old = (struct itimer_value){0};
    if (timers == NULL && (new == NULL || new->remaining_ns == 0))
        return 0;
    timers = timers_of(process);
    if (timers == NULL)
        return -ENOMEM;
    if (which == ITIMER_REAL) {
        real_read(timers, old);
        if (new != NULL)
            real_set(timers, new);
        return 0;
    }
    struct cpu_itimer *timer = &timers->cpu[which - ITIMER_VIRTUAL];
    uint64_t now_ns = cpu_time(process, which);
    cpu_read(timer, now_ns, old);
    if (new != NULL)
        cpu_set(timer, now_ns, new);
    return 0;
}

void itimer_cancel_all(struct process *process) {
    struct process_timers *timers = process->timers;
    const struct itimer_value none = {0};

    if (timers == NULL)
        return;
    real_set(timers, &none);
    for (unsigned i = 0; i < ARRAY_SIZE(timers->cpu); i++)
        cpu_set(&timers->cpu[i], 0, &none);
    process->timers = NULL;
    kfree(timers);
}
