/* mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr: POSIX message queues. linux/mqueue.h. */
#include "kernel/sys/sys_mqueue.h"

#include "fs/vfs/file_table.h"
#include "kernel/ipc/mqueue.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/posix_timer.h"
#include "kernel/sys/user_time.h"
#include "kernel/task/task.h"
#include "lib/errptr.h"

struct mq_attr_user { /* struct mq_attr */
    int64_t flags, messages_max, bytes_max, messages, reserved[4];
};

struct mq_event_user { /* struct sigevent */
    uint64_t value;
    int32_t signal, notify, padding[12];
};
_Static_assert(sizeof(struct mq_event_user) == 64, "struct sigevent");

/* The file of a queue; NULL: -EBADF. */
static struct file_use queue_use(int descriptor) {
    struct file_use use = file_use(descriptor);

    if (use.file == NULL || file_is_mqueue(use.file))
        return use;
    file_use_end(use);
    return (struct file_use){0};
}

/* ---- opening ---- */

/* A copy of the name, to be freed; ERR_PTR. */
static char *read_name(const char __user *name) {
    char *copy = kmalloc(PATH_MAX);

    if (copy == NULL)
        return ERR_PTR(-ENOMEM);
    int64_t length = copy_string_from_user(copy, name, PATH_MAX);
    if (length >= 0)
        return copy;
    kfree(copy);
    return ERR_PTR((long)length);
}

static int64_t open_named(const char *name, uint32_t flags, uint32_t mode, const struct mqueue_attributes *attributes) {
    int descriptor = descriptor_reserve(0, true);

    if (descriptor < 0)
        return descriptor;
    struct file *file = mqueue_open(name, flags, mode, attributes);
    if (IS_ERR(file)) {
        descriptor_cancel(descriptor);
        return PTR_ERR(file);
    }
    descriptor_install(descriptor, file);
    return descriptor;
}

int64_t sys_mq_open(const char __user *user_name, uint32_t flags, uint32_t mode, const struct mq_attr_user __user *user) {
    struct mqueue_attributes attributes;
    struct mq_attr_user copy;

    if (user != NULL && get_user(copy, user) < 0)
        return -EFAULT;
    if (user != NULL)
        attributes = (struct mqueue_attributes){copy.messages_max, copy.bytes_max, 0};
    char *name = read_name(user_name);
    if (IS_ERR(name))
        return PTR_ERR(name);
    int64_t result = open_named(name, flags, mode, user == NULL ? NULL : &attributes);
    kfree(name);
    return result;
}

int64_t sys_mq_unlink(const char __user *user_name) {
    char *name = read_name(user_name);

    if (IS_ERR(name))
        return PTR_ERR(name);
    int error = mqueue_unlink(name);
    kfree(name);
    return error;
}

/* ---- messages ---- */

/* A time of day, whenever that comes. */
static int read_deadline(const struct user_timespec __user *timeout, uint64_t *deadline_ns) {
    struct user_timespec time;
    uint64_t ns;

    *deadline_ns = WAIT_FOREVER;
    if (timeout == NULL)
        return 0;
    if (get_user(time, timeout) < 0)
        return -EFAULT;
    if (!timespec_to_ns(&time, &ns))
        return -EINVAL;
    *deadline_ns = deadline_realtime(ns);
    return 0;
}

int64_t sys_mq_timedsend(int descriptor, uint64_t text, uint64_t size, uint32_t priority,
                         const struct user_timespec __user *timeout) {
    uint64_t deadline_ns;
    int error = read_deadline(timeout, &deadline_ns);

    if (error == 0 && priority >= MQUEUE_PRIORITY_MAX)
        error = -EINVAL;
    if (error < 0)
        return error;
    struct file_use use = queue_use(descriptor);
    if (use.file == NULL)
        return -EBADF;
    error = mqueue_send(use.file, text, size, priority, deadline_ns);
    file_use_end(use);
    return error;
}

int64_t sys_mq_timedreceive(int descriptor, uint64_t text, uint64_t size, uint32_t __user *priority,
                            const struct user_timespec __user *timeout) {
    uint64_t deadline_ns;
    uint32_t received = 0;
    int error = read_deadline(timeout, &deadline_ns);

    if (error < 0)
        return error;
    struct file_use use = queue_use(descriptor);
    if (use.file == NULL)
        return -EBADF;
    int64_t result = mqueue_receive(use.file, text, size, &received, deadline_ns);
    file_use_end(use);
    if (result >= 0 && priority != NULL && put_user(received, priority) < 0)
        return -EFAULT;
    return result;
}

/* ---- notification and attributes ---- */

/* SIGEV_THREAD names a netlink socket by which the C library would be told: there is none, so no descriptor is one. */
static int check_event(const struct mq_event_user *event) {
    if (event->notify == SIGEV_NONE)
        return 0;
    if (event->notify == SIGEV_SIGNAL)
        return event->signal < 0 || event->signal > SIGNAL_COUNT ? -EINVAL : 0;
    if (event->notify != SIGEV_THREAD)
        return -EINVAL;
    struct file_use use = file_use(event->signal);
    if (use.file == NULL)
        return -EBADF;
    bool is_socket = S_IS(use.file->inode->mode, S_IFSOCK);
    file_use_end(use);
    return is_socket ? -EINVAL : -ENOTSOCK;
}

int64_t sys_mq_notify(int descriptor, const struct mq_event_user __user *user) {
    struct mq_event_user event;

    if (user != NULL && get_user(event, user) < 0)
        return -EFAULT;
    int error = user == NULL ? 0 : check_event(&event);
    if (error < 0)
        return error;
    struct file_use use = queue_use(descriptor);
    if (use.file == NULL)
        return -EBADF;
    struct mqueue_notify request = {0};
    if (user != NULL)
        request = (struct mqueue_notify){event.notify == SIGEV_SIGNAL, event.signal, event.value};
    error = mqueue_set_notify(use.file, user == NULL ? NULL : &request);
    file_use_end(use);
    return error;
}

static void exchange_flags(struct file *file, const struct mq_attr_user *new, struct mq_attr_user *old) {
    struct mqueue_attributes attributes;

    mqueue_read_attributes(file, &attributes);
    *old = (struct mq_attr_user){
        .flags = file->flags & O_NONBLOCK,
        .messages_max = attributes.messages_max,
        .bytes_max = attributes.bytes_max,
        .messages = attributes.messages,
    };
    if (new != NULL)
        file_change_flags(file, O_NONBLOCK, (uint32_t)new->flags);
}

int64_t sys_mq_getsetattr(int descriptor, const struct mq_attr_user __user *user_new, struct mq_attr_user __user *user_old) {
    struct mq_attr_user new, old;

    if (user_new != NULL && get_user(new, user_new) < 0)
        return -EFAULT;
    if (user_new != NULL && (new.flags & ~(int64_t)O_NONBLOCK))
        return -EINVAL;
    struct file_use use = queue_use(descriptor);
    if (use.file == NULL)
        return -EBADF;
    exchange_flags(use.file, user_new == NULL ? NULL : &new, &old);
    file_use_end(use);
    return user_old == NULL ? 0 : put_user(old, user_old);
}
