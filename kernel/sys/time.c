/* Clocks and sleeping. linux/time.h. */
#include "kernel/sys/sys_time.h"

#include "kernel/ipc/timerfd.h"
#include "kernel/task/task.h"
#include "kernel/time/clock_id.h"
#include "lib/errno.h"

static int clock_read(int clock, uint64_t *ns) {
    uint64_t user_ns = 0, system_ns = 0;

    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *ns = clock_realtime_ns();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *ns = clock_monotonic_ns();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        process_times(current_process(), &user_ns, &system_ns);
        break;
    case CLOCK_THREAD_CPUTIME_ID:
        thread_times(current_thread(), &user_ns, &system_ns);
        break;
    default:
        return -EINVAL;
    }
    *ns = user_ns + system_ns;
    return 0;
}

int64_t sys_clock_gettime(int clock, struct user_timespec __user *time) {
    uint64_t ns;
    int error = clock_read(clock, &ns);
    return error < 0 ? error : put_user(timespec_from_ns(ns), time);
}

int64_t sys_clock_getres(int clock, struct user_timespec __user *resolution) {
    if (clock < CLOCK_REALTIME || clock > CLOCK_BOOTTIME)
        return -EINVAL;
    struct user_timespec one = {0, 1};
    return resolution == NULL ? 0 : put_user(one, resolution);
}

static int set_realtime(uint64_t ns) {
    if (ns > INT64_MAX)
        return -EINVAL; /* the clock would soon run over */
    if (!cred_has(current_cred(), CAP_SYS_TIME))
        return -EPERM;
    clock_realtime_set(ns);
    timerfd_clock_was_set();
    return 0;
}

int64_t sys_clock_settime(int clock, const struct user_timespec __user *time) {
    struct user_timespec copy;
    uint64_t ns;

    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    if (get_user(copy, time) < 0)
        return -EFAULT;
    return timespec_to_ns(&copy, &ns) ? set_realtime(ns) : -EINVAL;
}

struct timezone_user { /* kept by no kernel any more: always UTC */
    int32_t minutes_west, dst;
};

int64_t sys_gettimeofday(struct user_timeval __user *time, struct timezone_user __user *zone) {
    struct timezone_user utc = {0, 0};

    if (time != NULL && put_user(timeval_from_ns(clock_realtime_ns()), time) < 0)
        return -EFAULT;
    return zone == NULL ? 0 : put_user(utc, zone);
}

int64_t sys_settimeofday(const struct user_timeval __user *time, const struct timezone_user __user *zone) {
    struct user_timeval copy;
    struct timezone_user ignored;
    uint64_t ns;

    if ((zone != NULL && get_user(ignored, zone) < 0) || (time != NULL && get_user(copy, time) < 0))
        return -EFAULT;
    if (time == NULL)
        return cred_has(current_cred(), CAP_SYS_TIME) ? 0 : -EPERM;
    return timeval_to_ns(&copy, &ns) ? set_realtime(ns) : -EINVAL;
}

int64_t sys_time(int64_t __user *seconds) {
    int64_t now = (int64_t)(clock_realtime_ns() / NS_PER_SEC);
    if (seconds != NULL && put_user(now, seconds) < 0)
        return -EFAULT;
    return now;
}

/* ---- sleeping ---- */

/* 0 at the deadline, -EINTR when a signal is to be looked at first. */
static int sleep_until(uint64_t deadline_ns) {
    struct thread *thread = current_thread();
    int result = 0;

    while (result == 0) {
        atomic_exchange(&thread->state, (uint32_t)THREAD_SLEEPING);
        result = thread_interrupted() ? -EINTR : schedule_until(deadline_ns);
    }
    atomic_store(&thread->state, (uint32_t)THREAD_RUNNABLE);
    return result == -ETIMEDOUT ? 0 : result;
}

/* A sleep for a time: interrupted, it says how much is left, and goes on to the same moment after a stop. */
static int64_t sleep_to_deadline(uint64_t deadline_ns, uint64_t user_remaining);

static int64_t sleep_again(struct restart_block *block) {
    return sleep_to_deadline(block->deadline_ns, block->user_remaining);
}

static int64_t sleep_to_deadline(uint64_t deadline_ns, uint64_t user_remaining) {
    struct restart_block *block = &current_task()->restart;

    if (sleep_until(deadline_ns) == 0)
        return 0;
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    if (user_remaining != 0 &&
        put_user(timespec_from_ns(left_ns), (struct user_timespec __user *)user_remaining) < 0)
        return -EFAULT;
    *block = (struct restart_block){sleep_again, deadline_ns, user_remaining};
    return -ERESTART_RESTARTBLOCK;
}

int64_t sys_nanosleep(const struct user_timespec __user *time, struct user_timespec __user *remaining) {
    return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, time, remaining);
}

int64_t sys_clock_nanosleep(int clock, int flags, const struct user_timespec __user *time,
                            struct user_timespec __user *remaining) {
    struct user_timespec copy;
    uint64_t ns, now_ns;

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    if (get_user(copy, time) < 0)
        return -EFAULT;
    if (!timespec_to_ns(&copy, &ns))
        return -EINVAL;
    if (!(flags & TIMER_ABSTIME))
        return sleep_to_deadline(deadline_after(ns), (uintptr_t)remaining);
    int error = clock_read(clock, &now_ns);
    if (error < 0 || ns <= now_ns)
        return error;
    return sleep_until(deadline_after(ns - now_ns)) < 0 ? -ERESTARTNOHAND : 0;
}
