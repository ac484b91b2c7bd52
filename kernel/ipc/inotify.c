/*
 * inotify instances: a queue of events, and watches, which are marks on inodes (fs/vfs/notify.h). Watches have
 * numbers that are not used again soon.
 *
 * Locks: the marks' own; inside it "inotify queue", which guards the queue of one instance.
 */
#include "kernel/ipc/inotify.h"

#include "fs/vfs/async.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/notify.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/task/user.h"
#include "kernel/view/view.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define FIONREAD 0x541bu /* asm-generic/ioctls.h */

struct inotify_limits inotify_limits = {.queued_events = 16384, .user_instances = 128, .user_watches = 65536};

/* struct inotify_event, linux/inotify.h; the name follows, padded with NULs to a multiple of its size */
struct event_head {
    int32_t number;
    uint32_t mask, cookie, name_size;
};

struct queued {
    struct list_node node;
    struct event_head head;
    size_t length; /* of the name */
    char name[];
};

struct inotify {
    struct notify_group group;
    struct spinlock lock;     /* guards the queue */
    struct list_node queue;
    uint32_t length;          /* events in it */
    uint64_t bytes;           /* as read would give them */
    bool overflowed;          /* the event that says so is in the queue */
    int32_t last_number;      /* of watches; marks' lock */
    struct user *user;        /* referenced: for whom instance and watches count */
    struct wait_queue readers;
    struct async_queue async;
};

DEFINE_LOCK_CLASS(queue_class, "inotify queue");

static struct inotify *inotify_of(struct notify_group *group) {
    return container_of(group, struct inotify, group);
}

/* ---- the queue ---- */

static struct queued *make_event(int32_t number, const struct notify_event *event) {
    struct queued *queued = kmalloc(sizeof *queued + event->length);
    if (!queued)
        return NULL;
    size_t name_size = event->name ? ALIGN_UP(event->length + 1, sizeof(struct event_head)) : 0;
    queued->head = (struct event_head){number, event->mask, event->cookie, (uint32_t)name_size};
    queued->length = event->length;
    if (event->length)
        memcpy(queued->name, event->name, event->length);
    return queued;
}

/* Nothing new: the same as the event before it, which nobody has read yet. */
static bool repeats(const struct inotify *inotify, const struct queued *queued) {
    if (list_is_empty(&inotify->queue))
        return false;
    const struct queued *last = container_of(inotify->queue.prev, struct queued, node);
    return last->head.number == queued->head.number && last->head.mask == queued->head.mask &&
           !(last->head.mask & IN_IGNORED) && last->head.name_size == queued->head.name_size &&
           last->length == queued->length && memcmp(last->name, queued->name, queued->length) == 0;
}

static void append(struct inotify *inotify, struct queued *queued) {
    list_add_tail(&queued->node, &inotify->queue);
    inotify->length++;
    inotify->bytes += sizeof queued->head + queued->head.name_size;
}

/* In place of what does not fit, once. Lock held. False: it is there already. */
static bool append_overflow(struct inotify *inotify, struct queued *queued) {
    if (inotify->overflowed)
        return false;
    inotify->overflowed = true;
    queued->head = (struct event_head){.number = -1, .mask = IN_Q_OVERFLOW};
    queued->length = 0;
    append(inotify, queued);
    return true;
}

static void put_event(struct inotify *inotify, int32_t number, const struct notify_event *event) {
    const struct notify_event lost = {.mask = IN_Q_OVERFLOW};
    struct queued *queued = make_event(number, event);
    bool fits = queued != NULL, kept;
    if (!queued)
        queued = make_event(-1, &lost);
    if (!queued)
        return;
    spin_lock(&inotify->lock);
    if (fits && repeats(inotify, queued))
        kept = false;
    else if (!fits || inotify->length >= atomic_load_relaxed(&inotify_limits.queued_events))
        kept = append_overflow(inotify, queued);
    else {
        append(inotify, queued);
        kept = true;
    }
    spin_unlock(&inotify->lock);
    if (!kept) {
        kfree(queued);
        return;
    }
    wait_wake(&inotify->readers, 1, POLLIN | POLLRDNORM, false);
    async_notify(&inotify->async, POLL_IN);
}

/* What a watch does not say: of itself, that it is a directory that moved or went. */
static void tell(struct notify_group *group, const struct notify_mark *mark, const struct notify_event *event) {
    struct notify_event said = *event;
    if (said.mask & (IN_MOVE_SELF | IN_DELETE_SELF))
        said.mask &= ~(uint32_t)IN_ISDIR;
    put_event(inotify_of(group), mark->number, &said);
}

static void removed(struct notify_group *group, struct notify_mark *mark) {
    const struct notify_event event = {.mask = IN_IGNORED};
    struct inotify *inotify = inotify_of(group);
    put_event(inotify, mark->number, &event);
    atomic_fetch_sub(&inotify->user->watches, 1u);
}

/* The oldest event if it fits into `room`: NULL and -EAGAIN when there is none, -EINVAL when it does not fit. */
static struct queued *take_event(struct inotify *inotify, size_t room, int *error) {
    struct queued *queued = NULL;
    *error = -EAGAIN;
    spin_lock(&inotify->lock);
    if (!list_is_empty(&inotify->queue)) {
        queued = list_first_entry(&inotify->queue, struct queued, node);
        size_t size = sizeof queued->head + queued->head.name_size;
        if (size <= room) {
            list_remove(&queued->node);
            inotify->length--;
            inotify->bytes -= size;
            if (queued->head.mask & IN_Q_OVERFLOW)
                inotify->overflowed = false;
        } else {
            queued = NULL;
            *error = -EINVAL;
        }
    }
    spin_unlock(&inotify->lock);
    return queued;
}

/* ---- as a file ---- */

static bool give_event(const struct queued *queued, struct io_buffer *buffer) {
    size_t padding = queued->head.name_size - queued->length;
    return io_copy_to(buffer, &queued->head, sizeof queued->head) == sizeof queued->head &&
           io_copy_to(buffer, queued->name, queued->length) == queued->length && io_clear(buffer, padding) == padding;
}

static int64_t inotify_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct inotify *inotify = file->private;
    int64_t done = 0;
    (void)position;
    for (;;) {
        int error;
        struct queued *queued = take_event(inotify, buffer->remaining, &error);
        if (queued) {
            size_t size = sizeof queued->head + queued->head.name_size;
            bool given = give_event(queued, buffer);
            kfree(queued);
            if (!given)
                return -EFAULT;
            done += (int64_t)size;
            continue;
        }
        if (done)
            return done;
        if (error != -EAGAIN || (file->flags & O_NONBLOCK))
            return error;
        if (WAIT_EVENT_INTERRUPTIBLE(&inotify->readers, atomic_load_relaxed(&inotify->length) > 0, WAIT_FOREVER))
            return -ERESTARTSYS;
    }
}

static uint32_t inotify_poll(struct file *file, struct poll_table *table) {
    struct inotify *inotify = file->private;
    poll_wait(table, &inotify->readers);
    return atomic_load_relaxed(&inotify->length) > 0 ? POLLIN | POLLRDNORM : 0;
}

static int64_t inotify_ioctl(struct file *file, unsigned request, uint64_t argument) {
    struct inotify *inotify = file->private;
    if (request != FIONREAD)
        return -ENOTTY;
    int32_t bytes = (int32_t)atomic_load_relaxed(&inotify->bytes);
    return put_user(bytes, (int32_t *)argument);
}

static int inotify_set_async(struct file *file, int descriptor, bool on) {
    struct inotify *inotify = file->private;
    return async_join(&inotify->async, file, descriptor, on);
}

static void inotify_free(struct inotify *inotify) {
    struct list_node *node, *following;
    list_for_each_safe(node, following, &inotify->queue)
        kfree(list_entry(node, struct queued, node));
    atomic_fetch_sub(&inotify->user->instances, 1u);
    user_put(inotify->user);
    kfree(inotify);
}

static void inotify_release(struct file *file) {
    struct inotify *inotify = file->private;
    notify_remove_all(&inotify->group);
    inotify_free(inotify);
}

/* A line for each watch. */
static void inotify_show(struct file *file, struct view_buffer *buffer) {
    struct inotify *inotify = file->private;
    const struct notify_mark *mark;
    notify_lock();
    list_for_each_entry(mark, &inotify->group.marks, group_node)
        view_printf(buffer, "inotify wd:%x ino:%llx sdev:%llx mask:%x ignored_mask:0\n", (unsigned)mark->number,
                    (unsigned long long)mark->inode->number, (unsigned long long)mark->inode->super->device, mark->mask);
    notify_unlock();
}

static const struct file_ops inotify_ops = {
    .release = inotify_release,
    .read = inotify_read,
    .seek = noop_seek,
    .ioctl = inotify_ioctl,
    .poll = inotify_poll,
    .set_async = inotify_set_async,
    .show = inotify_show,
};

struct file *inotify_create(uint32_t flags) {
    struct user *user = current_cred()->user;
    if (!user_charge_one(&user->instances, atomic_load_relaxed(&inotify_limits.user_instances)))
        return ERR_PTR(-EMFILE);
    struct inotify *inotify = kzalloc(sizeof *inotify);
    if (!inotify) {
        atomic_fetch_sub(&user->instances, 1u);
        return ERR_PTR(-ENOMEM);
    }
    user_get(user);
    inotify->user = user;
    notify_group_init(&inotify->group);
    inotify->group.tell = tell;
    inotify->group.removed = removed;
    spin_init(&inotify->lock, queue_class);
    list_init(&inotify->queue);
    wait_queue_init(&inotify->readers);
    struct file *file = file_create_anonymous("anon_inode:inotify", &inotify_ops, flags | O_RDONLY, inotify);
    if (IS_ERR(file))
        inotify_free(inotify);
    return file;
}

bool file_is_inotify(const struct file *file) {
    return file->ops == &inotify_ops;
}

/* ---- watches ---- */

/* Linux's rule: these bits are kept, the rest says how to set them. */
#define WATCH_KEEPS (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)

static int change_watch(struct notify_mark *mark, uint32_t mask) {
    if (mask & IN_MASK_CREATE)
        return -EEXIST;
    mark->mask = (mask & WATCH_KEEPS) | ((mask & IN_MASK_ADD) ? mark->mask : 0u);
    return mark->number;
}

/* Marks held for writing. */
static int add_watch(struct inotify *inotify, struct inode *inode, uint32_t mask) {
    struct notify_mark *mark = kzalloc(sizeof *mark);
    if (!mark)
        return -ENOMEM;
    if (!user_charge_one(&inotify->user->watches, atomic_load_relaxed(&inotify_limits.user_watches))) {
        kfree(mark);
        return -ENOSPC;
    }
    inotify->last_number = inotify->last_number == INT32_MAX ? 1 : inotify->last_number + 1;
    mark->number = inotify->last_number;
    mark->group = &inotify->group;
    mark->mask = mask & WATCH_KEEPS;
    notify_add(mark, inode);
    return mark->number;
}

int inotify_watch(struct file *file, struct inode *inode, uint32_t mask) {
    struct inotify *inotify = file->private;
    notify_lock();
    struct notify_mark *mark = notify_find(&inotify->group, inode);
    int result = mark ? change_watch(mark, mask) : add_watch(inotify, inode, mask);
    notify_unlock();
    return result;
}

int inotify_unwatch(struct file *file, int number) {
    struct inotify *inotify = file->private;
    struct notify_mark *mark;
    struct inode *inode = NULL;
    notify_lock();
    list_for_each_entry(mark, &inotify->group.marks, group_node) {
        if (mark->number == number) {
            inode = notify_remove(mark);
            break;
        }
    }
    notify_unlock();
    if (!inode)
        return -EINVAL;
    inode_put(inode);
    return 0;
}
