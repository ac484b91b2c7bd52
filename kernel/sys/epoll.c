/* epoll_create, epoll_ctl, epoll_wait and their later forms. */
#include "kernel/ipc/epoll.h"

#include "fs/vfs/file_table.h"
#include "kernel/sys/poller.h"
#include "kernel/sys/sys_file.h"
#include "kernel/task/signal.h"
#include "kernel/time/clock.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"

#define EVENTS_MAX ((int)(INT32_MAX / sizeof(struct epoll_event)))

int64_t sys_epoll_create1(uint32_t flags) {
    if (flags & ~(uint32_t)O_CLOEXEC)
        return -EINVAL;
    int descriptor = descriptor_reserve(0, flags & O_CLOEXEC);
    if (descriptor < 0)
        return descriptor;
    struct file *file = epoll_create();
    if (IS_ERR(file)) {
        descriptor_cancel(descriptor);
        return PTR_ERR(file);
    }
    descriptor_install(descriptor, file);
    return descriptor;
}

int64_t sys_epoll_create(int size) {
    return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

int64_t sys_epoll_ctl(int epoll, int operation, int descriptor, const void *user_event) {
    struct epoll_event event = {0};
    if (operation != EPOLL_CTL_DEL && copy_from_user(&event, user_event, sizeof event))
        return -EFAULT;
    struct file_use epoll_use = file_use(epoll), use = file_use(descriptor);
    int64_t result = -EBADF;
    if (epoll_use.file && use.file) {
        if (!use.file->ops->poll)
            result = -EPERM;
        else if (!file_is_epoll(epoll_use.file))
            result = -EINVAL;
        else
            result = epoll_control(epoll_use.file, (enum epoll_operation)operation, use.file, descriptor, &event);
    }
    file_use_end(epoll_use);
    file_use_end(use);
    return result;
}

static int64_t wait_masked(int epoll, void *events, int max, uint64_t deadline_ns, const void *mask,
                           size_t mask_size) {
    if (max <= 0 || max > EVENTS_MAX)
        return -EINVAL;
    if (!user_range_ok(events, (size_t)max * sizeof(struct epoll_event)))
        return -EFAULT;
    struct file_use use = file_use(epoll);
    if (!use.file)
        return -EBADF;
    int64_t result = file_is_epoll(use.file) ? temporary_mask_begin(mask, mask_size) : -EINVAL;
    if (!result) {
        result = epoll_wait_events(use.file, events, max, deadline_ns);
        temporary_mask_end(mask, result == -EINTR);
    }
    file_use_end(use);
    return result; /* epoll_wait is never restarted, signal(7) */
}

static uint64_t deadline_from_ms(int timeout_ms) {
    if (timeout_ms < 0)
        return WAIT_FOREVER;
    return timeout_ms == 0 ? 0 : clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
}

int64_t sys_epoll_wait(int epoll, void *events, int max, int timeout_ms) {
    return wait_masked(epoll, events, max, deadline_from_ms(timeout_ms), NULL, 0);
}

int64_t sys_epoll_pwait(int epoll, void *events, int max, int timeout_ms, const void *mask, size_t mask_size) {
    return wait_masked(epoll, events, max, deadline_from_ms(timeout_ms), mask, mask_size);
}

int64_t sys_epoll_pwait2(int epoll, void *events, int max, const void *user_timeout, const void *mask,
                         size_t mask_size) {
    struct user_timespec timeout;
    uint64_t deadline_ns = WAIT_FOREVER;
    if (user_timeout) {
        if (copy_from_user(&timeout, user_timeout, sizeof timeout))
            return -EFAULT;
        if (deadline_from(timeout.seconds, timeout.nanoseconds, &deadline_ns))
            return -EINVAL;
        if (timeout.seconds == 0 && timeout.nanoseconds == 0)
            deadline_ns = 0;
    }
    return wait_masked(epoll, events, max, deadline_ns, mask, mask_size);
}
