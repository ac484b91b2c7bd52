/* Clocks and sleeping. linux/time.h. */
#include "kernel/sys/sys_time.h"

#include "kernel/ipc/timerfd.h"
#include "kernel/proc/cpu_sleep.h"
#include "kernel/task/task.h"
#include "kernel/time/clock_id.h"
#include "kernel/time/clock_page.h"
#include "lib/errno.h"

static int cpu_clock_now(int id, uint64_t *ns) {
    struct cpu_clock clock;

    int error = cpu_clock_find(id, true, &clock);
    if (error < 0)
        return error;
    error = cpu_clock_read(&clock, ns);
    cpu_clock_put(&clock);
    return error < 0 ? -EINVAL : 0;
}

static int clock_read(int clock, uint64_t *ns) {
    if (cpu_clock_is_one(clock))
        return cpu_clock_now(clock, ns);
    if (!clock_is_known(clock))
        return -EINVAL;
    *ns = clock_is_realtime(clock) ? clock_realtime_ns() : clock_monotonic_ns();
    return 0;
}

int64_t sys_clock_gettime(int clock, struct user_timespec __user *time) {
    uint64_t ns;
    int error = clock_read(clock, &ns);
    return error < 0 ? error : put_user(timespec_from_ns(ns), time);
}

/* Exact to the nanosecond, all of them: also those that Linux counts in ticks. */
int64_t sys_clock_getres(int clock, struct user_timespec __user *resolution) {
    struct user_timespec one = {0, 1};
    struct cpu_clock cpu;

    if (cpu_clock_is_one(clock)) {
        int error = cpu_clock_find(clock, false, &cpu);
        if (error < 0)
            return error;
        cpu_clock_put(&cpu);
    } else if (!clock_is_known(clock)) {
        return -EINVAL;
    }
    return resolution == NULL ? 0 : put_user(one, resolution);
}

#define UPTIME_MAX_S (30ull * 365 * 24 * 3600) /* TIME_UPTIME_SEC_MAX, linux/time64.h */
#define REALTIME_MAX_NS ((uint64_t)INT64_MAX - UPTIME_MAX_S * NS_PER_SEC)

void realtime_was_set(void) {
    timers_follow_realtime();
    timerfd_clock_was_set();
}

static int set_realtime(uint64_t ns) {
    if (ns >= REALTIME_MAX_NS)
        return -EINVAL; /* the clock would soon run over */
    if (!cred_has(current_cred(), CAP_SYS_TIME))
        return -EPERM;
    if (ns < clock_monotonic_ns())
        return -EINVAL; /* the system would have started before 1970 */
    clock_realtime_set(ns);
    realtime_was_set();
    return 0;
}

int64_t sys_clock_settime(int clock, const struct user_timespec __user *time) {
    struct user_timespec copy;
    struct cpu_clock cpu;
    uint64_t ns;

    if (clock < 0 && cpu_clock_is_one(clock)) { /* they exist, but cannot be set */
        int error = get_user(copy, time) < 0 ? -EFAULT : cpu_clock_find(clock, false, &cpu);
        if (error == 0)
            cpu_clock_put(&cpu);
        return error < 0 ? error : -EPERM;
    }
    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    if (get_user(copy, time) < 0)
        return -EFAULT;
    return timespec_to_ns(&copy, &ns) ? set_realtime(ns) : -EINVAL;
}

/* ---- with a time zone (struct timezone), which the kernel keeps for whoever asks ---- */

#define ZONE_MINUTES_MAX (15 * 60)
#define SEC_PER_MINUTE 60

int64_t sys_gettimeofday(struct user_timeval __user *time, struct clock_zone __user *zone) {
    if (time != NULL && put_user(timeval_from_ns(clock_realtime_ns()), time) < 0)
        return -EFAULT;
    return zone == NULL ? 0 : put_user(clock_zone(), zone);
}

/* The first time, if the time of day is not told with it, the clock was taken to show local time: it is put right. */
static int set_zone(struct clock_zone zone, bool alone) {
    static bool was_set;

    if (zone.minutes_west < -ZONE_MINUTES_MAX || zone.minutes_west > ZONE_MINUTES_MAX)
        return -EINVAL;
    clock_zone_set(zone);
    if (atomic_exchange(&was_set, true) || !alone || zone.minutes_west == 0)
        return 0;
    return set_realtime(clock_realtime_ns() + (uint64_t)(int64_t)zone.minutes_west * SEC_PER_MINUTE * NS_PER_SEC);
}

int64_t sys_settimeofday(const struct user_timeval __user *time, const struct clock_zone __user *zone) {
    struct user_timeval time_copy;
    struct clock_zone zone_copy;
    uint64_t ns = 0;

    if ((zone != NULL && get_user(zone_copy, zone) < 0) || (time != NULL && get_user(time_copy, time) < 0))
        return -EFAULT;
    if (time != NULL && (!timeval_to_ns(&time_copy, &ns) || ns >= REALTIME_MAX_NS))
        return -EINVAL;
    if (!cred_has(current_cred(), CAP_SYS_TIME))
        return -EPERM;
    int error = zone != NULL ? set_zone(zone_copy, time == NULL) : 0;
    return error < 0 || time == NULL ? error : set_realtime(ns);
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
    *block = (struct restart_block){.restart = sleep_again, .deadline_ns = deadline_ns, .user_remaining = user_remaining,
                                    .clock = CLOCK_MONOTONIC};
    return -ERESTART_RESTARTBLOCK;
}

static int64_t cpu_sleep_again(struct restart_block *block);

/* A sleep for a time: as sleep_to_deadline. */
static int64_t interrupted(const struct cpu_clock *clock, int id, uint64_t deadline_ns, uint64_t user_remaining) {
    uint64_t now_ns;

    if (cpu_clock_read(clock, &now_ns) < 0)
        now_ns = deadline_ns;
    struct user_timespec left = timespec_from_ns(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
    if (user_remaining != 0 && put_user(left, (struct user_timespec __user *)user_remaining) < 0)
        return -EFAULT;
    current_task()->restart = (struct restart_block){
        .restart = cpu_sleep_again, .deadline_ns = deadline_ns, .user_remaining = user_remaining, .clock = id,
    };
    return -ERESTART_RESTARTBLOCK;
}

/* `time_ns`: a value of the clock, or what is added to it now. */
static int64_t sleep_for(const struct cpu_clock *clock, int id, bool absolute, uint64_t time_ns, uint64_t user_remaining) {
    uint64_t now_ns, deadline_ns = time_ns;

    if (cpu_clock_read(clock, &now_ns) < 0)
        return -EINVAL;
    if (!absolute && __builtin_add_overflow(now_ns, time_ns, &deadline_ns))
        deadline_ns = UINT64_MAX;
    if (now_ns >= deadline_ns || cpu_clock_sleep(clock, deadline_ns) == 0)
        return 0;
    return absolute ? -ERESTARTNOHAND : interrupted(clock, id, deadline_ns, user_remaining);
}

static int64_t cpu_sleep_again(struct restart_block *block) {
    uint64_t user_remaining = block->user_remaining, deadline_ns = block->deadline_ns, now_ns;
    struct cpu_clock clock;
    int id = block->clock;

    int error = cpu_clock_find(id, false, &clock);
    if (error < 0)
        return error;
    error = cpu_clock_read(&clock, &now_ns) < 0 ? -EINVAL : 0;
    int64_t result = error;
    if (error == 0 && now_ns < deadline_ns && cpu_clock_sleep(&clock, deadline_ns) < 0)
        result = interrupted(&clock, id, deadline_ns, user_remaining);
    cpu_clock_put(&clock);
    return result;
}

static int64_t sleep_on_cpu_clock(int id, bool absolute, uint64_t time_ns, struct user_timespec __user *remaining) {
    struct cpu_clock clock;

    int error = cpu_clock_find(id, false, &clock);
    if (error < 0)
        return error;
    int64_t result = -EINVAL; /* on its own time it would sleep for ever */
    if (!clock.of_thread || clock.pid != current_task()->tid)
        result = sleep_for(&clock, id, absolute, time_ns, (uintptr_t)remaining);
    cpu_clock_put(&clock);
    return result;
}

int64_t sys_nanosleep(const struct user_timespec __user *time, struct user_timespec __user *remaining) {
    return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, time, remaining);
}

/* 0, or why one cannot sleep on this clock. */
static int check_sleep_clock(int clock) {
    if (cpu_clock_is_one(clock))
        return clock == CLOCK_THREAD_CPUTIME_ID ? -EOPNOTSUPP : 0;
    if (!clock_is_known(clock))
        return -EINVAL;
    if (!clock_has_timers(clock))
        return -EOPNOTSUPP;
    return clock_is_alarm(clock) && !cred_has(current_cred(), CAP_WAKE_ALARM) ? -EPERM : 0;
}

int64_t sys_clock_nanosleep(int clock, int flags, const struct user_timespec __user *time,
                            struct user_timespec __user *remaining) {
    struct user_timespec copy;
    uint64_t ns;
    bool absolute = (flags & TIMER_ABSTIME) != 0;

    int error = check_sleep_clock(clock);
    if (error < 0)
        return error;
    if (get_user(copy, time) < 0)
        return -EFAULT;
    if (!timespec_to_ns(&copy, &ns))
        return -EINVAL;
    if (cpu_clock_is_one(clock))
        return sleep_on_cpu_clock(clock, absolute, ns, remaining);
    if (!absolute)
        return sleep_to_deadline(deadline_after(ns), (uintptr_t)remaining);
    uint64_t deadline = clock_is_realtime(clock) ? deadline_realtime(ns) : deadline_monotonic(ns);
    return sleep_until(deadline) < 0 ? -ERESTARTNOHAND : 0;
}
