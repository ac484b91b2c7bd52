/* Sleeping on CPU time. */
#include "kernel/proc/cpu_sleep.h"

#include "kernel/sched/sched.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

struct cpu_sleep {
    struct cpu_watch watch;
    struct thread *sleeper;
    bool over;
};

static void wake(struct cpu_watch *watch, uint64_t now_ns) {
    struct cpu_sleep *sleep = container_of(watch, struct cpu_sleep, watch);

    (void)now_ns;
    atomic_store(&sleep->over, true);
    thread_wake(sleep->sleeper, THREAD_WAKE_SIGNAL, false);
}

int cpu_clock_sleep(const struct cpu_clock *clock, uint64_t deadline_ns) {
    struct cpu_sleep sleep = {.watch.expire = wake, .sleeper = current_thread()};
    int result = 0;

    cpu_watch_start(&sleep.watch, clock, deadline_ns);
    cpu_clock_attend(clock);
    while (result == 0 && !atomic_load(&sleep.over)) {
        atomic_exchange(&sleep.sleeper->state, (uint32_t)THREAD_SLEEPING);
        if (thread_interrupted())
            result = -EINTR;
        else if (!atomic_load(&sleep.over))
            schedule();
    }
    atomic_store(&sleep.sleeper->state, (uint32_t)THREAD_RUNNABLE);
    cpu_watch_cancel_sync(&sleep.watch);
    return atomic_load(&sleep.over) ? 0 : result;
}
