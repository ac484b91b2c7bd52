/* timerfd_create, timerfd_settime, timerfd_gettime; signalfd. */
#include "kernel/ipc/timerfd.h"

#include "fs/vfs/file_table.h"
#include "kernel/ipc/signalfd.h"
#include "kernel/sys/sys_file.h"
#include "kernel/sys/user_time.h"
#include "kernel/task/task.h"
#include "kernel/time/clock_id.h"
#include "lib/errno.h"
#include "lib/errptr.h"

struct itimerspec_user { /* struct __kernel_itimerspec */
    struct user_timespec interval, value;
};

int64_t sys_timerfd_create(int clock, uint32_t flags) {
    if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME && !clock_is_alarm(clock))
        return -EINVAL;
    if (clock_is_alarm(clock) && !cred_has(current_cred(), CAP_WAKE_ALARM))
        return -EPERM;
    return descriptor_open(timerfd_create(clock, flags & O_NONBLOCK), flags & O_CLOEXEC);
}

static int64_t put_value(const struct timerfd_value *value, struct itimerspec_user __user *user) {
    struct itimerspec_user copy = {timespec_from_ns(value->interval_ns), timespec_from_ns(value->remaining_ns)};
    return put_user(copy, user) < 0 ? -EFAULT : 0;
}

static int64_t set_timer(struct file *file, uint32_t flags, const struct timerfd_value *new,
                         struct itimerspec_user __user *user_old) {
    struct timerfd_value old;
    if (!file_is_timerfd(file))
        return -EINVAL;
    timerfd_set(file, flags, new, &old);
    return user_old == NULL ? 0 : put_value(&old, user_old);
}

int64_t sys_timerfd_settime(int descriptor, uint32_t flags, const struct itimerspec_user __user *value,
                            struct itimerspec_user __user *old) {
    struct itimerspec_user copy;
    struct timerfd_value new;

    if (get_user(copy, value) < 0)
        return -EFAULT;
    if (flags & ~(uint32_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) ||
        !timespec_to_ns(&copy.value, &new.remaining_ns) || !timespec_to_ns(&copy.interval, &new.interval_ns))
        return -EINVAL;
    struct file_use use = file_use(descriptor);
    int64_t result = use.file ? set_timer(use.file, flags, &new, old) : -EBADF;
    file_use_end(use);
    return result;
}

int64_t sys_timerfd_gettime(int descriptor, struct itimerspec_user __user *user) {
    struct timerfd_value value;
    struct file_use use = file_use(descriptor);
    int64_t result = use.file ? -EINVAL : -EBADF;

    if (use.file && file_is_timerfd(use.file)) {
        timerfd_read_value(use.file, &value);
        result = 0;
    }
    file_use_end(use);
    return result < 0 ? result : put_value(&value, user);
}

/* ---- signalfd ---- */

#define NEW_DESCRIPTOR (-1)

static int64_t change_set(int descriptor, signal_set set) {
    struct file_use use = file_use(descriptor);
    int64_t result = use.file ? -EINVAL : -EBADF;

    if (use.file && file_is_signalfd(use.file)) {
        signalfd_set(use.file, set);
        result = descriptor;
    }
    file_use_end(use);
    return result;
}

int64_t sys_signalfd4(int descriptor, const signal_set __user *user_set, size_t set_size, uint32_t flags) {
    signal_set set;

    if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK) || set_size != sizeof set)
        return -EINVAL;
    if (get_user(set, user_set) < 0)
        return -EFAULT;
    set &= ~SIGNAL_SET_UNBLOCKABLE;
    if (descriptor != NEW_DESCRIPTOR)
        return change_set(descriptor, set);
    return descriptor_open(signalfd_create(set, flags & O_NONBLOCK), flags & O_CLOEXEC);
}

int64_t sys_signalfd(int descriptor, const signal_set __user *user_set, size_t set_size) {
    return sys_signalfd4(descriptor, user_set, set_size, 0);
}
