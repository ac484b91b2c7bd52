/* Interval timers of a process, and its POSIX timers. */
#include "kernel/proc/itimer.h"
#include "kernel/proc/posix_timer.h"
#include "kernel/sys/sys_time.h"
#include "kernel/task/signal.h"
#include "kernel/time/clock_id.h"
#include "lib/errno.h"

struct itimerval_user { /* struct itimerval */
    struct user_timeval interval, value;
};

static struct itimerval_user to_user(const struct itimer_value *value) {
    return (struct itimerval_user){timeval_from_ns(value->interval_ns), timeval_from_ns(value->remaining_ns)};
}

int64_t sys_alarm(unsigned seconds) {
    struct itimer_value new = {.remaining_ns = seconds * NS_PER_SEC}, old;
    int error = itimer_exchange(ITIMER_REAL, &new, &old);
    if (error < 0)
        return error;
    /* A timer that runs has at least a second left, as far as alarm() can tell. */
    uint64_t rounded = (old.remaining_ns + NS_PER_SEC / 2) / NS_PER_SEC;
    return old.remaining_ns != 0 && rounded == 0 ? 1 : (int64_t)rounded;
}

static bool which_exists(int which) {
    return which >= ITIMER_REAL && which <= ITIMER_PROF;
}

int64_t sys_getitimer(int which, struct itimerval_user __user *value) {
    struct itimer_value current;

    if (!which_exists(which))
        return -EINVAL;
    int error = itimer_exchange((enum itimer_which)which, NULL, &current);
    return error < 0 ? error : put_user(to_user(&current), value);
}

int64_t sys_setitimer(int which, const struct itimerval_user __user *value, struct itimerval_user __user *old) {
    struct itimerval_user copy = {0};
    struct itimer_value new, previous;

    if (!which_exists(which))
        return -EINVAL;
    if (value != NULL && get_user(copy, value) < 0)
        return -EFAULT;
    if (!timeval_to_ns(&copy.value, &new.remaining_ns) || !timeval_to_ns(&copy.interval, &new.interval_ns))
        return -EINVAL;
    int error = itimer_exchange((enum itimer_which)which, &new, &previous);
    return error < 0 || old == NULL ? error : put_user(to_user(&previous), old);
}

/* ---- POSIX timers ---- */

struct sigevent_user { /* struct sigevent */
    uint64_t value;
    int32_t signal, notify, tid;
    int32_t padding[11];
};
_Static_assert(sizeof(struct sigevent_user) == 64, "struct sigevent");

struct itimerspec_user { /* struct __kernel_itimerspec */
    struct user_timespec interval, value;
};

static struct itimerspec_user to_itimerspec(const struct itimer_value *value) {
    return (struct itimerspec_user){timespec_from_ns(value->interval_ns), timespec_from_ns(value->remaining_ns)};
}

int64_t sys_timer_create(int clock, const struct sigevent_user __user *event, int32_t __user *id) {
    struct posix_timer_request request = {.clock = clock, .signal = SIGALRM, .notify = SIGEV_SIGNAL, .value_is_id = true};
    struct sigevent_user copy;

    if (event != NULL && get_user(copy, event) < 0)
        return -EFAULT;
    if (event != NULL)
        request = (struct posix_timer_request){clock, copy.signal, copy.notify, copy.tid, copy.value, false};
    int number = posix_timer_create(&request);
    if (number < 0)
        return number;
    if (put_user(number, id) == 0)
        return 0;
    int gone = posix_timer_delete(number);
    return gone < 0 ? gone : -EFAULT;
}

int64_t sys_timer_settime(int id, int flags, const struct itimerspec_user __user *value,
                          struct itimerspec_user __user *old) {
    struct itimerspec_user copy;
    struct itimer_value new, previous;

    if (value == NULL)
        return -EINVAL;
    if (get_user(copy, value) < 0)
        return -EFAULT;
    if (!timespec_to_ns(&copy.value, &new.remaining_ns) || !timespec_to_ns(&copy.interval, &new.interval_ns))
        return -EINVAL;
    int error = posix_timer_set(id, (flags & TIMER_ABSTIME) != 0, &new, &previous);
    return error < 0 || old == NULL ? error : put_user(to_itimerspec(&previous), old);
}

int64_t sys_timer_gettime(int id, struct itimerspec_user __user *value) {
    struct itimer_value current;
    int error = posix_timer_read(id, &current);
    return error < 0 ? error : put_user(to_itimerspec(&current), value);
}

int64_t sys_timer_getoverrun(int id) {
    return posix_timer_overrun(id);
}

int64_t sys_timer_delete(int id) {
    return posix_timer_delete(id);
}
