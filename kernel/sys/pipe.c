/* pipe, pipe2, eventfd. */
#include "kernel/ipc/pipe.h"

#include "fs/vfs/file_table.h"
#include "kernel/ipc/eventfd.h"
#include "kernel/sys/sys_file.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"

/* Two descriptors for the two ends; both or none. */
static int reserve_two(int descriptors[2], bool close_on_exec) {
    descriptors[0] = descriptor_reserve(0, close_on_exec);
    if (descriptors[0] < 0)
        return descriptors[0];
    descriptors[1] = descriptor_reserve(0, close_on_exec);
    if (descriptors[1] >= 0)
        return 0;
    descriptor_cancel(descriptors[0]);
    return descriptors[1];
}

int64_t sys_pipe2(int *user, uint32_t flags) {
    struct file *ends[2];
    int descriptors[2];
    const uint32_t notification = O_EXCL; /* O_NOTIFICATION_PIPE, linux/watch_queue.h */
    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT | notification))
        return -EINVAL;
    if (flags & notification)
        return -ENOPKG;
    int error = pipe_create(flags & (O_NONBLOCK | O_DIRECT), ends);
    if (error)
        return error;
    error = reserve_two(descriptors, flags & O_CLOEXEC);
    if (!error && copy_to_user(user, descriptors, sizeof descriptors)) {
        descriptor_cancel(descriptors[0]);
        descriptor_cancel(descriptors[1]);
        error = -EFAULT;
    }
    for (int i = 0; i < 2; i++) {
        if (error)
            file_put(ends[i]);
        else
            descriptor_install(descriptors[i], ends[i]);
    }
    return error;
}

int64_t sys_pipe(int *descriptors) {
    return sys_pipe2(descriptors, 0);
}

enum { EFD_SEMAPHORE = 1 }; /* linux/eventfd.h */

int64_t sys_eventfd2(uint32_t value, uint32_t flags) {
    if (flags & ~(uint32_t)(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    return descriptor_open(eventfd_create(value, flags & EFD_SEMAPHORE, flags & O_NONBLOCK), flags & O_CLOEXEC);
}

int64_t sys_eventfd(uint32_t value) {
    return sys_eventfd2(value, 0);
}
