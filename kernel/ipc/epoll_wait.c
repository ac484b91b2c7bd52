/*
 * How watched files become ready, and how an epoll tells of them: hooks on the files' wait queues put items on the
 * ready list; who waits takes them off, asks the file again, and puts back what stays ready. Locks: epoll.c.
 */
#include "kernel/ipc/epoll_internal.h"

#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

#define WAKE_WAITERS EPOLLET /* a key that is no event: epolls that watch this one are not meant */

/* ---- the ready list ---- */

bool epoll_make_ready(struct epoll_item *item) {
    struct epoll *epoll = item->epoll;
    uint64_t flags = spin_lock_irqsave(&epoll->ready_lock);
    bool added = list_is_empty(&item->ready_node);
    if (added)
        list_add_tail(&item->ready_node, &epoll->ready);
    spin_unlock_irqrestore(&epoll->ready_lock, flags);
    return added;
}

void epoll_make_unready(struct epoll_item *item) {
    uint64_t flags = spin_lock_irqsave(&item->epoll->ready_lock);
    list_remove(&item->ready_node);
    spin_unlock_irqrestore(&item->epoll->ready_lock, flags);
}

static struct epoll_item *take_ready(struct epoll *epoll) {
    struct epoll_item *item = NULL;
    uint64_t flags = spin_lock_irqsave(&epoll->ready_lock);
    if (!list_is_empty(&epoll->ready)) {
        item = list_first_entry(&epoll->ready, struct epoll_item, ready_node);
        list_remove(&item->ready_node);
    }
    spin_unlock_irqrestore(&epoll->ready_lock, flags);
    return item;
}

static size_t count_ready(struct epoll *epoll) {
    size_t count = 0;
    struct list_node *node;
    uint64_t flags = spin_lock_irqsave(&epoll->ready_lock);
    list_for_each(node, &epoll->ready)
        count++;
    spin_unlock_irqrestore(&epoll->ready_lock, flags);
    return count;
}

bool epoll_hook_wake(struct wait_entry *wait, uint32_t key, bool sync) {
    struct epoll_item *item = container_of(wait, struct epoll_hook, wait)->item;
    uint32_t wanted = item->event.events & ~EPOLL_MODE_BITS;
    if (wanted == 0 || (key != 0 && !(key & (wanted | POLLERR | POLLHUP))))
        return false;
    epoll_make_ready(item);
    wait_wake_nested(&item->epoll->waiters, 1, POLLIN, sync);
    return true;
}

uint32_t epoll_item_events(const struct epoll_item *item, struct poll_table *table) {
    uint32_t wanted = item->event.events & ~EPOLL_MODE_BITS;
    if (wanted == 0 && !table) /* a one-shot that has fired */
        return 0;
    return item->file->ops->poll(item->file, table) & (wanted | POLLERR | POLLHUP);
}

/* ---- waiting ---- */

/* Back to where take_ready took it from: its event could not be told. */
static void untake_ready(struct epoll_item *item) {
    struct epoll *epoll = item->epoll;
    uint64_t flags = spin_lock_irqsave(&epoll->ready_lock);
    if (list_is_empty(&item->ready_node))
        list_add(&item->ready_node, &epoll->ready);
    spin_unlock_irqrestore(&epoll->ready_lock, flags);
}

/* An item's event has been told. Level-triggered ones stay on the list. */
static void told(struct epoll_item *item) {
    if (item->event.events & EPOLLONESHOT) {
        item->event.events &= EPOLL_MODE_BITS;
        item->epoll->recent = item;
    } else if (!(item->event.events & EPOLLET)) {
        epoll_make_ready(item);
    }
}

/* An item taken from the ready list: 1 once its event is told, 0 when there is none any more, -EFAULT. */
static int tell(struct epoll_item *item, struct epoll_event *user) {
    struct epoll_event event = {epoll_item_events(item, NULL), item->event.data};
    if (!event.events)
        return 0;
    if (copy_to_user(user, &event, sizeof event)) {
        untake_ready(item);
        return -EFAULT;
    }
    told(item);
    return 1;
}

/* Up to `max` events of items that are ready now: how many, or -EFAULT when the first could not be told. */
static int collect(struct epoll *epoll, struct epoll_event *user, int max) {
    int count = 0, result = 0;

    mutex_lock(&epoll->mutex);
    for (size_t looks = count_ready(epoll); looks > 0 && count < max && result >= 0; looks--) {
        struct epoll_item *item = take_ready(epoll);
        result = item ? tell(item, user + count) : 0;
        count += result > 0;
    }
    mutex_unlock(&epoll->mutex);
    if (!list_is_empty(&epoll->ready)) /* others may have looked while items were off the list */
        wait_wake(&epoll->waiters, 1, WAKE_WAITERS, false);
    return count == 0 && result < 0 ? result : count;
}

int epoll_wait_events(struct file *epoll_file, void *user, int max, uint64_t deadline_ns) {
    struct epoll *epoll = epoll_file->private;
    for (;;) {
        int count = collect(epoll, user, max);
        if (count != 0 || deadline_ns == 0)
            return count;
        int error = WAIT_EVENT_INTERRUPTIBLE(&epoll->waiters, !list_is_empty(&epoll->ready), deadline_ns);
        if (error == -EINTR)
            return error;
        if (error == -ETIMEDOUT)
            deadline_ns = 0; /* one last look */
    }
}

uint32_t epoll_poll(struct file *file, struct poll_table *table) {
    struct epoll *epoll = file->private;
    uint32_t events = 0;
    poll_wait(table, &epoll->waiters);
    mutex_lock_nested(&epoll->mutex); /* perhaps under that of an epoll which watches this one: outer first */
    for (size_t looks = count_ready(epoll); looks > 0 && !events; looks--) {
        struct epoll_item *item = take_ready(epoll);
        if (!item || !epoll_item_events(item, NULL))
            continue;
        epoll_make_ready(item);
        events = POLLIN | POLLRDNORM;
    }
    mutex_unlock(&epoll->mutex);
    return events;
}
