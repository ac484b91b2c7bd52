/*
 * See posix_timer.h. A timer has one signal: while that waits to be delivered, further ends are counted.
 *
 * Invariants, under process->lock, which guards everything here
 *  1. `deadline_ns` is the first end not yet counted; ends are counted by advance() alone.
 *  2. A running timer that signals is on a timer queue. With nobody to tell, because its signal waits
 *     or is ignored, it goes off no more often than every IDLE_PERIOD_NS; delivery sets it right again.
 *  3. One on a CPU clock has a watch instead (cpu_clock.h), and deadlines in that clock's time. That clock
 *     cannot be read with the lock held, which guards CPU times too.
 * Lock order: process->lock, then timer queues. Callbacks run in interrupt context.
 */
#include "kernel/proc/posix_timer.h"

#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "kernel/task/signal_send.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_id.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"
#include "lib/number_table.h"

#define IDLE_PERIOD_NS (10 * NS_PER_MS)
#define OVERRUN_MAX INT32_MAX /* DELAYTIMER_MAX */

struct posix_timer {
    struct list_node node;     /* posix_timers.list */
    struct numbered id;        /* in posix_timers.by_id */
    struct timer timer;
    struct signal_entry entry; /* its signal; info.u.timer.overrun counts while it waits */
    struct process *process;
    struct pid *target;        /* SIGEV_THREAD_ID; else NULL */
    int clock, notify;
    bool running;
    bool on_realtime;          /* set to a time of day: its deadlines are such, which move when the clock is set */
    bool on_cpu_clock;
    struct cpu_clock cpu_clock; /* if so */
    struct cpu_watch watch;
    int32_t overrun;           /* of the signal delivered last */
    uint64_t deadline_ns, interval_ns; /* time of day, CPU or monotonic time; 0: once */
};

struct posix_timers {
    struct list_node list;
    struct number_table by_id;
    int next_id;
};

static const struct number_table_ops table_ops = {.alloc = kmalloc, .free = kfree};

/* ---- going off ---- */

/* Not of one on a CPU clock. */
static uint64_t now_of(const struct posix_timer *timer) {
    return timer->on_realtime ? clock_realtime_ns() : clock_monotonic_ns();
}

/* Ends up to now that were not counted. */
static uint64_t advance(struct posix_timer *timer, uint64_t now_ns) {
    uint64_t ends = 1;

    if (!timer->running || timer->deadline_ns > now_ns)
        return 0;
    if (timer->interval_ns == 0) {
        timer->running = false;
        return ends;
    }
    ends += (now_ns - timer->deadline_ns) / timer->interval_ns;
    if (__builtin_add_overflow(timer->deadline_ns, ends * timer->interval_ns, &timer->deadline_ns))
        timer->deadline_ns = UINT64_MAX;
    return ends;
}

static void add_overrun(struct signal_info *info, uint64_t ends) {
    uint64_t sum = ends + (uint64_t)info->u.timer.overrun;
    info->u.timer.overrun = (int32_t)MIN(sum, (uint64_t)OVERRUN_MAX);
}

static void arm(struct posix_timer *timer, uint64_t earliest_ns) {
    if (!timer->running || timer->notify == SIGEV_NONE)
        return;
    if (timer->on_cpu_clock)
        cpu_watch_start(&timer->watch, &timer->cpu_clock, timer->deadline_ns);
    else if (timer->on_realtime)
        timer_start(&timer->timer, deadline_realtime(MAX(timer->deadline_ns, earliest_ns)));
    else
        timer_start(&timer->timer, deadline_monotonic(MAX(timer->deadline_ns, earliest_ns)));
}

/* The thread to tell: NULL for the whole process. False if it is gone. */
static bool find_target(const struct posix_timer *timer, struct task **task) {
    *task = timer->target != NULL ? rcu_dereference(timer->target->task) : NULL;
    return timer->target == NULL || (*task != NULL && (*task)->process == timer->process && !(*task)->exiting);
}

static void signal_end(struct posix_timer *timer, uint64_t ends) {
    struct task *task;

    if (timer->entry.queue != NULL) {
        add_overrun(&timer->entry.info, ends);
        return;
    }
    timer->entry.info.u.timer.overrun = 0;
    add_overrun(&timer->entry.info, ends - 1);
    rcu_read_lock();
    if (find_target(timer, &task))
        signal_send_kept(timer->process, task, &timer->entry);
    rcu_read_unlock();
}

/* `cpu_ns`: what its CPU clock shows, if it is on one. */
static void go_off(struct posix_timer *timer, uint64_t cpu_ns) {
    struct process *process = timer->process;

    uint64_t flags = spin_lock_irqsave(&process->lock);
    uint64_t now_ns = timer->on_cpu_clock ? cpu_ns : now_of(timer);
    uint64_t ends = advance(timer, now_ns);
    if (ends != 0)
        signal_end(timer, ends);
    arm(timer, ends != 0 ? now_ns + IDLE_PERIOD_NS : 0);
    spin_unlock_irqrestore(&process->lock, flags);
}

/* Interrupt context. */
static void expire(struct timer *expired) {
    go_off(container_of(expired, struct posix_timer, timer), 0);
}

static void cpu_expire(struct cpu_watch *watch, uint64_t now_ns) {
    go_off(container_of(watch, struct posix_timer, watch), now_ns);
}

/* Its signal is about to be delivered: process->lock held. */
static void taken(struct signal_entry *entry, struct signal_info *info) {
    struct posix_timer *timer = container_of((void *)entry, struct posix_timer, entry);

    if (!timer->on_cpu_clock) {
        add_overrun(info, advance(timer, now_of(timer)));
        arm(timer, 0);
    }
    timer->overrun = info->u.timer.overrun;
}

/* ---- making and finding ---- */

/* 0, or why there is no such timer. Takes a reference to the thread it signals. */
static int check_request(const struct posix_timer_request *request, struct pid **target) {
    struct process *self = current_process();

    *target = NULL;
    if (!clock_is_known(request->clock) && !cpu_clock_is_one(request->clock))
        return -EINVAL;
    if (!clock_has_timers(request->clock) && !cpu_clock_is_one(request->clock))
        return -EOPNOTSUPP;
    if (clock_is_alarm(request->clock) && !cred_has(current_cred(), CAP_WAKE_ALARM))
        return -EPERM;
    if (request->notify == SIGEV_NONE)
        return 0;
    if (request->signal < 1 || request->signal > SIGNAL_COUNT)
        return -EINVAL;
    if (request->notify == SIGEV_SIGNAL || request->notify == SIGEV_THREAD)
        return 0;
    if (request->notify != SIGEV_THREAD_ID)
        return -EINVAL;
    rcu_read_lock();
    struct pid *pid = pid_find(request->tid);
    const struct task *task = pid != NULL ? rcu_dereference(pid->task) : NULL;
    bool own = task != NULL && task->process == self;
    if (own)
        pid_get(*target = pid);
    rcu_read_unlock();
    return own ? 0 : -EINVAL;
}

/* The running process's, made when first used. NULL: no memory. */
static struct posix_timers *own_timers(struct process *process) {
    if (atomic_load(&process->posix_timers) != NULL)
        return process->posix_timers;
    struct posix_timers *timers = kzalloc(sizeof *timers), *none = NULL;
    if (timers == NULL)
        return NULL;
    list_init(&timers->list);
    timers->by_id.ops = &table_ops;
    if (atomic_compare_exchange(&process->posix_timers, &none, timers))
        return timers;
    kfree(timers); /* another thread was first */
    return none;
}

/* Its number from now on, or -EAGAIN, with the charge for its signal given back. process->lock held. */
static int number(struct posix_timer *timer, struct posix_timers *timers) {
    if (number_table_add(&timers->by_id, &timer->id, (unsigned)timers->next_id) == 0)
        return timers->next_id++;
    user_uncharge_signal(timer->entry.user);
    return -EAGAIN;
}

/* Enters it in the process's list, under a new number. */
static int publish(struct posix_timer *timer, const struct posix_timer_request *request) {
    struct process *process = timer->process;
    struct posix_timers *timers = own_timers(process);
    int result = -EAGAIN;

    if (timers == NULL)
        return result;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    timer->entry.user = signal_user(process);
    if (timers->next_id < INT32_MAX &&
        user_charge_signal(timer->entry.user, process->limits[RLIMIT_SIGPENDING].current))
        result = number(timer, timers);
    if (result >= 0) {
        timer->entry.info.u.timer.timer_id = result;
        timer->entry.info.u.timer.value = request->value_is_id ? (uint64_t)result : request->value;
        list_add_tail(&timer->node, &timers->list);
    }
    spin_unlock_irqrestore(&process->lock, flags);
    return result;
}

static void discard(struct posix_timer *timer) {
    if (timer->target != NULL)
        pid_put(timer->target);
    if (timer->on_cpu_clock)
        cpu_clock_put(&timer->cpu_clock);
    kfree(timer);
}

static int set_cpu_clock(struct posix_timer *timer, int clock) {
    if (!cpu_clock_is_one(clock))
        return 0;
    timer->watch.expire = cpu_expire;
    int error = cpu_clock_find(clock, false, &timer->cpu_clock);
    timer->on_cpu_clock = error == 0;
    return error;
}

int posix_timer_create(const struct posix_timer_request *request) {
    struct posix_timer *timer = kzalloc(sizeof *timer);

    if (timer == NULL)
        return -EAGAIN;
    int result = check_request(request, &timer->target);
    if (result == 0)
        result = set_cpu_clock(timer, request->clock);
    if (result < 0) {
        discard(timer);
        return result;
    }
    timer_init(&timer->timer, expire);
    timer->process = current_process();
    timer->clock = request->clock;
    timer->notify = request->notify;
    timer->entry.taken = taken;
    timer->entry.info.number = request->signal;
    timer->entry.info.code = SI_TIMER;
    result = publish(timer, request);
    if (result < 0)
        discard(timer);
    return result;
}

/* process->lock held. */
static struct posix_timer *find(const struct process *process, int id) {
    struct numbered *found = NULL;

    if (process->posix_timers != NULL && id >= 0)
        found = number_table_find(&process->posix_timers->by_id, (unsigned)id);
    return found != NULL ? container_of((void *)found, struct posix_timer, id) : NULL;
}

/* ---- setting and reading ---- */

/* Holds a CPU clock while process->lock is let go. Returns whether the timer has one. */
static bool hold_clock(const struct posix_timer *timer, struct cpu_clock *clock) {
    if (timer == NULL || !timer->on_cpu_clock)
        return false;
    *clock = timer->cpu_clock;
    pid_get(clock->pid);
    return true;
}

/* Finds a timer, and the time of its clock. process->lock is taken, and held on return. */
static struct posix_timer *lock_timer(struct process *process, int id, uint64_t *flags, uint64_t *now_ns) {
    struct cpu_clock clock;

    *flags = spin_lock_irqsave(&process->lock);
    struct posix_timer *timer = find(process, id);
    *now_ns = timer != NULL ? now_of(timer) : 0;
    if (!hold_clock(timer, &clock))
        return timer;
    spin_unlock_irqrestore(&process->lock, *flags);
    int gone = cpu_clock_read(&clock, now_ns);
    cpu_clock_put(&clock);
    *flags = spin_lock_irqsave(&process->lock);
    timer = find(process, id); /* numbers are not used again */
    if (gone < 0 && timer != NULL)
        timer->running = false;
    return timer;
}

static void read_value(const struct posix_timer *timer, uint64_t now_ns, struct itimer_value *value) {
    uint64_t deadline_ns = timer->deadline_ns, interval_ns = timer->interval_ns;

    *value = (struct itimer_value){.interval_ns = interval_ns};
    if (!timer->running)
        return;
    if (deadline_ns > now_ns)
        value->remaining_ns = deadline_ns - now_ns;
    else if (interval_ns != 0)
        value->remaining_ns = interval_ns - (now_ns - deadline_ns) % interval_ns;
    else
        value->remaining_ns = timer->notify != SIGEV_NONE; /* about to go off: not 0, which is not running */
}

/* `cpu_ns`: what its CPU clock shows, if it is on one. A span is one of monotonic time where the clock can be set. */
static void set_deadline(struct posix_timer *timer, bool absolute, uint64_t time_ns, uint64_t cpu_ns) {
    timer->on_realtime = absolute && clock_is_realtime(timer->clock);
    uint64_t now_ns = timer->on_cpu_clock ? cpu_ns : now_of(timer);
    if (__builtin_add_overflow(absolute ? 0 : now_ns, time_ns, &timer->deadline_ns))
        timer->deadline_ns = UINT64_MAX;
}

int posix_timer_set(int id, bool absolute, const struct itimer_value *new, struct itimer_value *old) {
    struct process *process = current_process();
    struct cpu_clock clock;
    uint64_t flags, now_ns;

    struct posix_timer *timer = lock_timer(process, id, &flags, &now_ns);
    bool watched = hold_clock(timer, &clock);
    if (timer != NULL) {
        read_value(timer, now_ns, old);
        timer_cancel(&timer->timer); /* a running callback finds a deadline that is not due */
        cpu_watch_cancel(&timer->watch);
        signal_withdraw(&timer->entry);
        timer->running = new->remaining_ns != 0;
        timer->interval_ns = new->interval_ns;
        timer->overrun = 0;
        set_deadline(timer, absolute, new->remaining_ns, now_ns);
        arm(timer, 0);
    }
    spin_unlock_irqrestore(&process->lock, flags);
    if (watched) {
        cpu_clock_attend(&clock);
        cpu_clock_put(&clock);
    }
    return timer != NULL ? 0 : -EINVAL;
}

int posix_timer_read(int id, struct itimer_value *value) {
    struct process *process = current_process();
    uint64_t flags, now_ns;

    const struct posix_timer *timer = lock_timer(process, id, &flags, &now_ns);
    if (timer != NULL)
        read_value(timer, now_ns, value);
    spin_unlock_irqrestore(&process->lock, flags);
    return timer != NULL ? 0 : -EINVAL;
}

int posix_timer_overrun(int id) {
    struct process *process = current_process();

    uint64_t flags = spin_lock_irqsave(&process->lock);
    const struct posix_timer *timer = find(process, id);
    int result = timer != NULL ? timer->overrun : -EINVAL;
    spin_unlock_irqrestore(&process->lock, flags);
    return result;
}

/* ---- the end ---- */

/* Nobody finds it any more, and it signals no more. process->lock held. */
static void unpublish(struct posix_timers *timers, struct posix_timer *timer) {
    list_remove(&timer->node);
    number_table_remove(&timers->by_id, &timer->id);
    signal_withdraw(&timer->entry);
    timer->running = false;
    user_uncharge_signal(timer->entry.user);
}

/* No lock held: a running callback takes it. */
static void destroy(struct posix_timer *timer) {
    timer_cancel_sync(&timer->timer);
    cpu_watch_cancel_sync(&timer->watch);
    discard(timer);
}

int posix_timer_delete(int id) {
    struct process *process = current_process();

    uint64_t flags = spin_lock_irqsave(&process->lock);
    struct posix_timer *timer = find(process, id);
    if (timer != NULL)
        unpublish(process->posix_timers, timer);
    spin_unlock_irqrestore(&process->lock, flags);
    if (timer == NULL)
        return -EINVAL;
    destroy(timer);
    return 0;
}

void posix_timers_free(struct process *process) {
    struct posix_timers *timers = process->posix_timers;
    struct posix_timer *timer, *following;

    if (timers == NULL)
        return;
    struct list_node gone = LIST_INIT(gone);
    uint64_t flags = spin_lock_irqsave(&process->lock);
    process->posix_timers = NULL;
    list_for_each_entry_safe(timer, following, &timers->list, node) {
        unpublish(timers, timer);
        list_add_tail(&timer->node, &gone);
    }
    spin_unlock_irqrestore(&process->lock, flags);
    list_for_each_entry_safe(timer, following, &gone, node)
        destroy(timer);
    number_table_free(&timers->by_id);
    kfree(timers);
}
