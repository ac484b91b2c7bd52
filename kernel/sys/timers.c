/* Interval timers of a process. */
#include "kernel/proc/itimer.h"
#include "kernel/sys/sys_time.h"
#include "lib/errno.h"

struct itimerval_user { /* struct itimerval */
    struct user_timeval interval, value;
};

static struct itimerval_user to_user(const struct itimer_value *value) {
    return (struct itimerval_user){timeval_from_ns(value->interval_ns), timeval_from_ns(value->remaining_ns)};
}

int64_t sys_alarm(unsigned seconds) {
    struct itimer_value new = {.remaining_ns = seconds * NS_PER_SEC}, old;
    int error = itimer_real_exchange(&new, &old);
    if (error < 0)
        return error;
    /* A timer that runs has at least a second left, as far as alarm() can tell. */
    uint64_t rounded = (old.remaining_ns + NS_PER_SEC / 2) / NS_PER_SEC;
    return old.remaining_ns != 0 && rounded == 0 ? 1 : (int64_t)rounded;
}

/* Timers on CPU time (ITIMER_VIRTUAL, ITIMER_PROF) are not offered. */
static bool which_supported(int which) {
    return which == ITIMER_REAL;
}

int64_t sys_getitimer(int which, struct itimerval_user __user *value) {
    struct itimer_value current;

    if (!which_supported(which))
        return -EINVAL;
    int error = itimer_real_exchange(NULL, &current);
    return error < 0 ? error : put_user(to_user(&current), value);
}

int64_t sys_setitimer(int which, const struct itimerval_user __user *value, struct itimerval_user __user *old) {
    struct itimerval_user copy = {0};
    struct itimer_value new, previous;

    if (!which_supported(which))
        return -EINVAL;
    if (value != NULL && get_user(copy, value) < 0)
        return -EFAULT;
    if (!timeval_to_ns(&copy.value, &new.remaining_ns) || !timeval_to_ns(&copy.interval, &new.interval_ns))
        return -EINVAL;
    int error = itimer_real_exchange(&new, &previous);
    return error < 0 || old == NULL ? error : put_user(to_user(&previous), old);
}
