/* The counter behind an eventfd. `lock` guards it; readers wait for > 0, writers for room. */
#include "kernel/ipc/eventfd.h"

#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "kernel/task/signal.h"
#include "kernel/view/view.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
    struct spinlock lock;
    uint64_t count;
    bool semaphore; /* reads take 1 at a time */
    uint32_t id;    /* tells it from others in /proc/PID/fdinfo */
    struct wait_queue readers, writers;
};

DEFINE_LOCK_CLASS(eventfd_class, "eventfd");

static uint32_t last_id; /* atomic */

/* What a read gives now: 0 when it must wait. */
static uint64_t take(struct eventfd *eventfd) {
    spin_lock(&eventfd->lock);
    uint64_t taken = eventfd->semaphore && eventfd->count > 0 ? 1 : eventfd->count;
    eventfd->count -= taken;
    spin_unlock(&eventfd->lock);
    return taken;
}

static int64_t eventfd_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct eventfd *eventfd = file->private;
    uint64_t value;
    (void)position;
    if (buffer->remaining < sizeof value)
        return -EINVAL;
    while ((value = take(eventfd)) == 0) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&eventfd->readers, atomic_load_relaxed(&eventfd->count) > 0, WAIT_FOREVER))
            return -ERESTARTSYS;
    }
    wait_wake(&eventfd->writers, 1, POLLOUT, false);
    return io_copy_to(buffer, &value, sizeof value) == sizeof value ? (int64_t)sizeof value : -EFAULT;
}

static bool has_room(const struct eventfd *eventfd, uint64_t value) {
    return COUNT_MAX - atomic_load_relaxed(&eventfd->count) >= value;
}

static bool add(struct eventfd *eventfd, uint64_t value) {
    spin_lock(&eventfd->lock);
    bool fits = has_room(eventfd, value);
    if (fits)
        eventfd->count += value;
    spin_unlock(&eventfd->lock);
    return fits;
}

static int64_t eventfd_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct eventfd *eventfd = file->private;
    uint64_t value;
    (void)position;
    if (buffer->remaining < sizeof value)
        return -EINVAL;
    if (io_copy_from(buffer, &value, sizeof value) != sizeof value)
        return -EFAULT;
    if (value > COUNT_MAX)
        return -EINVAL;
    while (!add(eventfd, value)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&eventfd->writers, has_room(eventfd, value), WAIT_FOREVER))
            return -ERESTARTSYS;
    }
    wait_wake(&eventfd->readers, 1, POLLIN, false);
    return sizeof value;
}

static uint32_t eventfd_poll(struct file *file, struct poll_table *table) {
    struct eventfd *eventfd = file->private;
    poll_wait(table, &eventfd->readers);
    poll_wait(table, &eventfd->writers);
    uint64_t count = atomic_load_relaxed(&eventfd->count);
    return (count > 0 ? (uint32_t)POLLIN : 0) | (count < COUNT_MAX ? (uint32_t)POLLOUT : 0);
}

static void eventfd_show(struct file *file, struct view_buffer *buffer) {
    const struct eventfd *eventfd = file->private;
    view_printf(buffer, "eventfd-count: %16llx\neventfd-id: %u\n", (unsigned long long)atomic_load_relaxed(&eventfd->count),
                eventfd->id);
}

static void eventfd_release(struct file *file) {
    kfree(file->private);
}

static const struct file_ops eventfd_ops = {
    .release = eventfd_release,
    .read = eventfd_read,
    .write = eventfd_write,
    .seek = noop_seek,
    .poll = eventfd_poll,
    .show = eventfd_show,
};

struct file *eventfd_create(uint32_t value, bool semaphore, uint32_t flags) {
    struct eventfd *eventfd = kzalloc(sizeof *eventfd);
    if (!eventfd)
        return ERR_PTR(-ENOMEM);
    spin_init(&eventfd->lock, eventfd_class);
    eventfd->count = value;
    eventfd->semaphore = semaphore;
    eventfd->id = atomic_fetch_add(&last_id, 1u);
    wait_queue_init(&eventfd->readers);
    wait_queue_init(&eventfd->writers);
    struct file *file = file_create_anonymous("anon_inode:[eventfd]", &eventfd_ops, flags | O_RDWR, eventfd);
    if (IS_ERR(file))
        kfree(eventfd);
    return file;
}
