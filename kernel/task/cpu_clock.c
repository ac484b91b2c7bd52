/*
 * See cpu_clock.h.
 *
 * A thread that somebody watches has THREAD_WORK_CPU_CLOCK in its switch_work, which it sets and clears
 * itself (cpu_clock_check); others only make it look (attend). Callbacks run without the list's lock: a
 * watch stays in the list meanwhile, so that no other thread takes the list for empty.
 */
#include "kernel/task/cpu_clock.h"

#include "kernel/arch/cpu.h"
#include "kernel/sched/sched.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_id.h"
#include "lib/errno.h"

/* linux/posix-timers.h: ~pid << 3, 4 for a thread, and the kind; 3 there is a descriptor */
#define CLOCK_KIND_MASK 3
#define CLOCK_OF_THREAD 4
#define CLOCK_PID_SHIFT 3

DEFINE_LOCK_CLASS(watches_class, "cpu watches");

/* ---- which clock ---- */

bool cpu_clock_is_one(int id) {
    return id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID ||
           (id < 0 && (id & CLOCK_KIND_MASK) <= CPU_CLOCK_TOTAL);
}

/* The number of the thread or process that a clock number names; the caller's own: 0. */
static int named_pid(int id, struct cpu_clock *clock) {
    clock->kind = CPU_CLOCK_TOTAL;
    clock->of_thread = id == CLOCK_THREAD_CPUTIME_ID;
    if (id >= 0)
        return 0;
    clock->kind = (enum cpu_clock_kind)(id & CLOCK_KIND_MASK);
    clock->of_thread = (id & CLOCK_OF_THREAD) != 0;
    return ~(id >> CLOCK_PID_SHIFT);
}

/* Threads only of one's own process; processes by their own number. RCU read lock held. */
static bool may_name(const struct cpu_clock *clock, const struct pid *pid) {
    const struct task *task = rcu_dereference(pid->task);

    return clock->of_thread ? task != NULL && task->process == current_process()
                            : rcu_dereference(pid->process) != NULL;
}

int cpu_clock_find(int id, bool reading, struct cpu_clock *clock) {
    const struct task *self = current_task();

    if (!cpu_clock_is_one(id))
        return -EINVAL;
    int number = named_pid(id, clock);
    rcu_read_lock();
    struct pid *pid = clock->of_thread ? self->tid : self->process->pid;
    if (number != 0)
        pid = pid_find(number);
    if (reading && !clock->of_thread && pid == self->tid)
        pid = self->process->pid;
    bool good = pid != NULL && may_name(clock, pid);
    if (good)
        pid_get(clock->pid = pid);
    rcu_read_unlock();
    return good ? 0 : -EINVAL;
}

void cpu_clock_put(struct cpu_clock *clock) {
    pid_put(clock->pid);
    clock->pid = NULL;
}

static uint64_t part_of(enum cpu_clock_kind kind, uint64_t user_ns, uint64_t system_ns) {
    return kind == CPU_CLOCK_VIRTUAL ? user_ns : user_ns + system_ns;
}

int cpu_clock_read(const struct cpu_clock *clock, uint64_t *ns) {
    uint64_t user_ns = 0, system_ns = 0;

    rcu_read_lock();
    struct task *task = clock->of_thread ? rcu_dereference(clock->pid->task) : NULL;
    struct process *process = clock->of_thread ? NULL : rcu_dereference(clock->pid->process);
    if (task != NULL)
        thread_times(&task->thread, &user_ns, &system_ns);
    else if (process != NULL)
        process_times(process, &user_ns, &system_ns);
    rcu_read_unlock();
    *ns = part_of(clock->kind, user_ns, system_ns);
    return task != NULL || process != NULL ? 0 : -ESRCH;
}

/* ---- watches ---- */

void cpu_watches_init(struct cpu_watches *watches) {
    spin_init(&watches->lock, watches_class);
    list_init(&watches->list);
    watches->closed = false;
}

/* watches->lock held. */
static void leave(struct cpu_watch *watch) {
    list_remove(&watch->node);
    atomic_store(&watch->on, NULL);
}

void cpu_watches_close(struct cpu_watches *watches) {
    struct cpu_watch *watch, *following;

    uint64_t flags = spin_lock_irqsave(&watches->lock);
    watches->closed = true;
    list_for_each_entry_safe(watch, following, &watches->list, node) {
        watch->armed = false;
        leave(watch);
    }
    spin_unlock_irqrestore(&watches->lock, flags);
}

static void start(struct cpu_watch *watch, struct cpu_watches *watches, uint64_t deadline_ns) {
    uint64_t flags = spin_lock_irqsave(&watches->lock);
    if (!watches->closed) {
        if (watch->on == NULL)
            list_add_tail(&watch->node, &watches->list);
        atomic_store(&watch->on, watches);
        watch->deadline_ns = deadline_ns;
        watch->armed = true;
    }
    spin_unlock_irqrestore(&watches->lock, flags);
}

void cpu_watch_start_process(struct cpu_watch *watch, struct process *process, uint64_t deadline_ns) {
    start(watch, &process->cpu_watches, deadline_ns);
}

void cpu_watch_start(struct cpu_watch *watch, const struct cpu_clock *clock, uint64_t deadline_ns) {
    rcu_read_lock();
    struct task *task = clock->of_thread ? rcu_dereference(clock->pid->task) : NULL;
    struct process *process = clock->of_thread ? NULL : rcu_dereference(clock->pid->process);
    watch->kind = clock->kind;
    if (task != NULL)
        start(watch, &task->cpu_watches, deadline_ns);
    else if (process != NULL)
        start(watch, &process->cpu_watches, deadline_ns);
    rcu_read_unlock();
}

void cpu_watch_cancel(struct cpu_watch *watch) {
    rcu_read_lock(); /* the list goes with what it watches, after a grace period */
    struct cpu_watches *watches = atomic_load(&watch->on);
    if (watches != NULL) {
        uint64_t flags = spin_lock_irqsave(&watches->lock);
        watch->armed = false;
        if (watch->on != NULL && !watch->firing)
            leave(watch);
        spin_unlock_irqrestore(&watches->lock, flags);
    }
    rcu_read_unlock();
}

void cpu_watch_cancel_sync(struct cpu_watch *watch) {
    cpu_watch_cancel(watch);
    while (atomic_load(&watch->on) != NULL) {
        cpu_pause();
        cpu_watch_cancel(watch); /* the callback may have started it again */
    }
}

/* ---- looking ---- */

void cpu_clock_attend_process(struct process *process) {
    struct task *task;

    uint64_t flags = spin_lock_irqsave(&process->lock);
    list_for_each_entry(task, &process->threads, process_node)
        thread_set_work(&task->thread, THREAD_WORK_CPU_CLOCK);
    spin_unlock_irqrestore(&process->lock, flags);
}

void cpu_clock_attend(const struct cpu_clock *clock) {
    rcu_read_lock();
    struct task *task = clock->of_thread ? rcu_dereference(clock->pid->task) : NULL;
    struct process *process = clock->of_thread ? NULL : rcu_dereference(clock->pid->process);
    if (task != NULL)
        thread_set_work(&task->thread, THREAD_WORK_CPU_CLOCK);
    else if (process != NULL)
        cpu_clock_attend_process(process);
    rcu_read_unlock();
}

static struct cpu_watch *find_due(const struct cpu_watches *watches, uint64_t user_ns, uint64_t system_ns) {
    struct cpu_watch *watch;

    list_for_each_entry(watch, &watches->list, node) {
        if (watch->armed && !watch->firing && watch->deadline_ns <= part_of(watch->kind, user_ns, system_ns))
            return watch;
    }
    return NULL;
}

/* Returns whether anybody still watches. */
static bool fire_due(struct cpu_watches *watches, uint64_t user_ns, uint64_t system_ns) {
    struct cpu_watch *watch;

    uint64_t flags = spin_lock_irqsave(&watches->lock);
    while ((watch = find_due(watches, user_ns, system_ns)) != NULL) {
        watch->armed = false;
        watch->firing = true;
        spin_unlock_irqrestore(&watches->lock, flags);
        watch->expire(watch, part_of(watch->kind, user_ns, system_ns));
        flags = spin_lock_irqsave(&watches->lock);
        watch->firing = false;
        if (!watch->armed)
            leave(watch);
    }
    bool watched = !list_is_empty(&watches->list);
    spin_unlock_irqrestore(&watches->lock, flags);
    return watched;
}

/* setrlimit(2): SIGXCPU at the soft limit and every second from there, SIGKILL at the hard one. */
static unsigned limit_signal(struct process *process, uint64_t used_ns) {
    struct rlimit *limit = &process->limits[RLIMIT_CPU];
    uint64_t used_s = used_ns / NS_PER_SEC;
    unsigned signal = 0;

    uint64_t flags = spin_lock_irqsave(&process->lock);
    if (used_s >= limit->maximum) {
        signal = SIGKILL;
    } else if (used_s >= limit->current) {
        limit->current++;
        signal = SIGXCPU;
    }
    spin_unlock_irqrestore(&process->lock, flags);
    return signal;
}

static bool check_limit(struct process *process, uint64_t used_ns) {
    if (atomic_load_relaxed(&process->limits[RLIMIT_CPU].current) == RLIM_INFINITY)
        return false;
    unsigned signal = limit_signal(process, used_ns);
    if (signal != 0) {
        struct signal_info info = {.number = (int32_t)signal, .code = SI_KERNEL};
        (void)signal_send_process(process, signal, &info);
    }
    return true;
}

/* RLIMIT_RTTIME, in microseconds: how long a real-time thread may run without sleeping. */
static unsigned realtime_limit_signal(struct task *task) {
    struct rlimit *limit = &task->process->limits[RLIMIT_RTTIME];
    uint64_t used_us = (task->thread.cpu_time.total_ns - task->thread.woken_cpu_time_ns) / NS_PER_US;
    unsigned signal = 0;

    uint64_t flags = spin_lock_irqsave(&task->process->lock);
    if (used_us >= limit->maximum) {
        signal = SIGKILL;
    } else if (used_us >= limit->current) {
        limit->current += US_PER_SEC;
        signal = SIGXCPU;
    }
    spin_unlock_irqrestore(&task->process->lock, flags);
    return signal;
}

static bool check_realtime_limit(struct task *task) {
    int policy = task->thread.policy;

    if (atomic_load_relaxed(&task->process->limits[RLIMIT_RTTIME].current) == RLIM_INFINITY)
        return false;
    unsigned signal = policy == SCHED_FIFO || policy == SCHED_RR ? realtime_limit_signal(task) : 0;
    if (signal != 0) {
        struct signal_info info = {.number = (int32_t)signal, .code = SI_KERNEL};
        (void)signal_send_task(task, signal, &info);
    }
    return true;
}

void cpu_clock_check(void) {
    struct task *task = current_task();
    struct process *process = task->process;
    uint64_t user_ns, system_ns;

    /* First: who comes to watch from here on makes us look again. */
    atomic_fetch_and(&task->thread.work, ~(uint32_t)THREAD_WORK_CPU_CLOCK);
    thread_times(&task->thread, &user_ns, &system_ns);
    bool watched = fire_due(&task->cpu_watches, user_ns, system_ns);
    process_times(process, &user_ns, &system_ns);
    watched |= fire_due(&process->cpu_watches, user_ns, system_ns);
    watched |= check_limit(process, user_ns + system_ns);
    watched |= check_realtime_limit(task);
    if (watched)
        task->thread.switch_work |= THREAD_WORK_CPU_CLOCK;
    else
        task->thread.switch_work &= ~(uint32_t)THREAD_WORK_CPU_CLOCK;
}
