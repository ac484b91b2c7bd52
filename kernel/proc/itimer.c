/* ITIMER_REAL: one timer a process, made when first used. Threads that set it at once may mix their values, as POSIX allows. */
#include "kernel/proc/itimer.h"

#include "kernel/mm/slab.h"
#include "kernel/sched/mutex.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"

struct process_timers {
    struct timer real;
    struct process *process;
    uint64_t interval_ns;
};

#define EXPIRY_GAP_NS 100000ull /* from one expiry to the next, at least: programs must come to run in between */

static uint64_t add_saturated(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The next multiple of the interval; those that have passed already are left out. */
static uint64_t next_deadline(uint64_t deadline_ns, uint64_t interval_ns) {
    uint64_t now_ns = clock_monotonic_ns();

    if (now_ns > deadline_ns)
        deadline_ns += (now_ns - deadline_ns) / interval_ns * interval_ns;
    return MAX(add_saturated(deadline_ns, interval_ns), now_ns + EXPIRY_GAP_NS);
}

/* Interrupt context. */
static void real_expire(struct timer *timer) {
    struct process_timers *timers = container_of(timer, struct process_timers, real);
    struct signal_info info = {.number = SIGALRM, .code = SI_KERNEL};
    uint64_t interval_ns = atomic_load_relaxed(&timers->interval_ns);

    (void)signal_send_process(timers->process, SIGALRM, &info);
    if (interval_ns != 0)
        timer_start(timer, next_deadline(timer->deadline_ns, interval_ns));
}

static struct process_timers *timers_of(struct process *process) {
    if (process->timers != NULL)
        return process->timers;
    struct process_timers *timers = kzalloc(sizeof *timers), *none = NULL;
    if (timers == NULL)
        return NULL;
    timer_init(&timers->real, real_expire);
    timers->process = process;
    if (atomic_compare_exchange(&process->timers, &none, timers))
        return timers;
    kfree(timers); /* another thread was first */
    return none;
}

static void read_value(const struct process_timers *timers, struct itimer_value *value) {
    uint64_t now_ns = clock_monotonic_ns();

    *value = (struct itimer_value){.interval_ns = timers->interval_ns};
    if (timers->real.queued)
        value->remaining_ns = timers->real.deadline_ns > now_ns ? timers->real.deadline_ns - now_ns : 1;
}

int itimer_real_exchange(const struct itimer_value *new, struct itimer_value *old) {
    struct process_timers *timers = current_process()->timers;

    if (timers == NULL && (new == NULL || new->remaining_ns == 0)) {
        if (old != NULL)
            *old = (struct itimer_value){0};
        return 0;
    }
    timers = timers_of(current_process());
    if (timers == NULL)
        return -ENOMEM;
    if (old != NULL)
        read_value(timers, old);
    if (new == NULL)
        return 0;
    atomic_store_relaxed(&timers->interval_ns, 0ull); /* a running callback does not start it again */
    timer_cancel_sync(&timers->real);
    atomic_store_relaxed(&timers->interval_ns, new->interval_ns);
    if (new->remaining_ns != 0)
        timer_start(&timers->real, add_saturated(clock_monotonic_ns(), new->remaining_ns));
    return 0;
}

void itimer_cancel_all(struct process *process) {
    struct process_timers *timers = process->timers;
    if (timers == NULL)
        return;
    atomic_store_relaxed(&timers->interval_ns, 0ull);
    timer_cancel_sync(&timers->real);
    process->timers = NULL;
    kfree(timers);
}
