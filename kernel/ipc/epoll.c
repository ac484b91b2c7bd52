/*
 * epoll. An item watches one (file, descriptor); its wait entries hang on the file's wait queues and
 * put the item on the ready list. Items hold no reference on their file: the last close takes them away.
 *
 * Lock order: watch_mutex (all items' links to files, nesting of epolls), epoll->mutex (items; the watching
 * epoll's before that of one it watches), a watched queue's lock, epoll->waiters (the watched epoll's before that
 * of one that watches it), epoll->ready_lock. Within a class that is an order because links form no circle and
 * chains of them are short: nests_badly refuses those, under watch_mutex.
 */
#include "kernel/ipc/epoll.h"

#include "fs/vfs/mount.h"
#include "kernel/mm/slab.h"
#include "kernel/view/view.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/rbtree.h"

#define MODE_BITS (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

#define EXCLUSIVE_BITS (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE) /* with it, these */

#define EVENTS_PER_COPY 16
#define WAKE_WAITERS EPOLLET /* a key that is no event: epolls that watch this one are not meant */
#define NESTING_MAX 5u /* links from an epoll to one that it watches, in a row */

struct epoll {
    struct mutex mutex;          /* guards `items` and what they say */
    struct rb_root items;        /* by (descriptor, file) */
    struct spinlock ready_lock;  /* irqsave: wake-ups come from interrupts; guards `ready` */
    struct list_node ready;
    struct wait_queue waiters;
    struct file *file;    /* that it is behind; no reference */
    uint64_t measured_by; /* the look that found `links`; watch_mutex */
    unsigned links;
};

struct epoll_hook { /* an item's entry on one wait queue */
    struct wait_entry wait;
    struct wait_queue *queue;
    struct epoll_item *item;
    struct epoll_hook *next;
};

struct epoll_item {
    struct rb_node node;
    struct epoll *epoll;
    struct file *file;
    int descriptor;
    struct epoll_event event;
    struct list_node ready_node; /* empty: not ready */
    struct list_node watch_node; /* in file->watchers; watch_mutex */
    struct epoll_hook *hooks;
};

struct hook_table { /* collects an item's hooks while its file is first polled */
    struct poll_table table;
    struct epoll_item *item;
    bool failed;
};

DEFINE_LOCK_CLASS(watch_class, "epoll watches");
DEFINE_LOCK_CLASS(epoll_class, "epoll items");
DEFINE_LOCK_CLASS(ready_class, "epoll ready");
DEFINE_LOCK_CLASS(waiters_class, "epoll waiters");

static struct mutex watch_mutex;
static const struct file_ops epoll_ops;

bool file_is_epoll(const struct file *file) {
    return file->ops == &epoll_ops;
}

/* ---- the ready list ---- */

/* True if it was not on the list. */
static bool make_ready(struct epoll_item *item) {
    struct epoll *epoll = item->epoll;
    uint64_t flags = spin_lock_irqsave(&epoll->ready_lock);
    bool added = list_is_empty(&item->ready_node);
    if (added)
        list_add_tail(&item->ready_node, &epoll->ready);
    spin_unlock_irqrestore(&epoll->ready_lock, flags);
    return added;
}

static void make_unready(struct epoll_item *item) {
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

/* In the waker's context, under the watched queue's lock. */
static bool hook_wake(struct wait_entry *wait, uint32_t key, bool sync) {
    struct epoll_item *item = container_of(wait, struct epoll_hook, wait)->item;
    uint32_t wanted = item->event.events & ~MODE_BITS;
    if (wanted == 0 || (key != 0 && !(key & (wanted | POLLERR | POLLHUP))))
        return false;
    make_ready(item);
    wait_wake_nested(&item->epoll->waiters, 1, POLLIN, sync);
    return true;
}

/* ---- items ---- */

static void hook_add(struct poll_table *table, struct wait_queue *queue) {
    struct hook_table *hooks = container_of(table, struct hook_table, table);
    struct epoll_hook *hook = kzalloc(sizeof *hook);
    if (!hook) {
        hooks->failed = true;
        return;
    }
    hook->wait.wake = hook_wake;
    hook->queue = queue;
    hook->item = hooks->item;
    hook->next = hooks->item->hooks;
    hooks->item->hooks = hook;
    wait_add(queue, &hook->wait);
}

static uint32_t item_events(const struct epoll_item *item, struct poll_table *table) {
    uint32_t wanted = item->event.events & ~MODE_BITS;
    if (wanted == 0 && !table) /* a one-shot that has fired */
        return 0;
    return item->file->ops->poll(item->file, table) & (wanted | POLLERR | POLLHUP);
}

static struct epoll_item *item_find(const struct epoll *epoll, const struct file *file, int descriptor,
                                    struct rb_node ***link, struct rb_node **parent) {
    struct rb_node **at = (struct rb_node **)(uintptr_t)&epoll->items.top, *above = NULL;
    while (*at) {
        struct epoll_item *item = container_of(*at, struct epoll_item, node);
        bool left = descriptor < item->descriptor;
        if (descriptor == item->descriptor) {
            if (file == item->file)
                return item;
            left = file < item->file;
        }
        above = *at;
        at = &above->child[left ? RB_LEFT : RB_RIGHT];
    }
    *link = at;
    *parent = above;
    return NULL;
}

/* watch_mutex and epoll->mutex held. */
static void item_remove(struct epoll_item *item) {
    for (struct epoll_hook *hook = item->hooks, *next; hook; hook = next) {
        next = hook->next;
        wait_remove(hook->queue, &hook->wait);
        kfree(hook);
    }
    make_unready(item);
    list_remove(&item->watch_node);
    rb_erase(&item->epoll->items, &item->node);
    kfree(item);
}

/*
 * Wake-ups climb from a file to all that watch it, polls go down: both recurse, so the longest chain of
 * epolls through a new link is bounded. Each look numbers the epolls it has measured: many may share a part.
 */
static uint64_t look; /* watch_mutex */

/* Links in the longest chain below; more than NESTING_MAX if `target` is in one. watch_mutex held. */
static unsigned links_below(struct epoll *epoll, const struct epoll *target) {
    if (epoll == target)
        return NESTING_MAX + 1;
    if (epoll->measured_by == look)
        return epoll->links;
    unsigned links = 0;
    for (struct rb_node *node = rb_first(&epoll->items); node; node = rb_next(node)) {
        const struct file *file = container_of(node, struct epoll_item, node)->file;
        if (file_is_epoll(file))
            links = MAX(links, 1 + links_below(file->private, target));
    }
    epoll->measured_by = look;
    return epoll->links = links;
}

/* Links in the longest chain of epolls that watch this one. watch_mutex held. */
static unsigned links_above(struct epoll *epoll) {
    struct epoll_item *item;
    unsigned links = 0;
    if (epoll->measured_by == look)
        return epoll->links;
    list_for_each_entry(item, &epoll->file->watchers, watch_node)
        links = MAX(links, 1 + links_above(item->epoll));
    epoll->measured_by = look;
    return epoll->links = links;
}

/* Whether watching `file` from `target` would close a circle or nest too deep. watch_mutex held. */
static bool nests_badly(const struct file *file, struct epoll *target) {
    if (!file_is_epoll(file))
        return false;
    look++;
    unsigned below = links_below(file->private, target);
    look++;
    return below + 1 + links_above(target) > NESTING_MAX;
}

/* Both mutexes held. */
static int item_add(struct epoll *epoll, struct file *file, int descriptor, const struct epoll_event *event) {
    struct rb_node **link, *parent;
    if (item_find(epoll, file, descriptor, &link, &parent))
        return -EEXIST;
    struct epoll_item *item = kzalloc(sizeof *item);
    if (!item)
        return -ENOMEM;
    item->epoll = epoll;
    item->file = file;
    item->descriptor = descriptor;
    item->event = *event;
    list_init(&item->ready_node);
    rb_link_node(&item->node, parent, link);
    rb_insert_fixup(&epoll->items, &item->node);
    list_add_tail(&item->watch_node, &file->watchers);

    struct hook_table hooks = {.table.add = hook_add, .item = item};
    uint32_t ready = item_events(item, &hooks.table);
    if (hooks.failed) {
        item_remove(item);
        return -ENOMEM;
    }
    if (ready && make_ready(item))
        wait_wake(&epoll->waiters, 1, POLLIN, false);
    return 0;
}

static int item_modify(struct epoll *epoll, struct file *file, int descriptor, const struct epoll_event *event) {
    struct rb_node **link, *parent;
    struct epoll_item *item = item_find(epoll, file, descriptor, &link, &parent);
    if (!item || item->event.events & EPOLLEXCLUSIVE)
        return item ? -EINVAL : -ENOENT;
    item->event = *event;
    memory_barrier(); /* hook_wake sees the new events, or the poll sees what it is called for */
    if (item_events(item, NULL) && make_ready(item))
        wait_wake(&epoll->waiters, 1, POLLIN, false);
    return 0;
}

static int item_delete(struct epoll *epoll, struct file *file, int descriptor) {
    struct rb_node **link, *parent;
    struct epoll_item *item = item_find(epoll, file, descriptor, &link, &parent);
    if (item)
        item_remove(item);
    return item ? 0 : -ENOENT;
}

static int control_locked(struct epoll *epoll, enum epoll_operation operation, struct file *file,
                          int descriptor, const struct epoll_event *event) {
    switch (operation) {
    case EPOLL_CTL_ADD:
        return nests_badly(file, epoll) ? -ELOOP : item_add(epoll, file, descriptor, event);
    case EPOLL_CTL_MOD:
        return item_modify(epoll, file, descriptor, event);
    case EPOLL_CTL_DEL:
        return item_delete(epoll, file, descriptor);
    }
    return -EINVAL;
}

/* EPOLLEXCLUSIVE is for good, not for epolls, and few other bits go with it. */
static bool asks_badly(enum epoll_operation operation, const struct file *file, const struct epoll_event *event) {
    if (operation == EPOLL_CTL_DEL || !(event->events & EPOLLEXCLUSIVE))
        return false;
    return operation == EPOLL_CTL_MOD || file_is_epoll(file) || event->events & ~EXCLUSIVE_BITS;
}

int epoll_control(struct file *epoll_file, enum epoll_operation operation, struct file *file,
                  int descriptor, const struct epoll_event *event) {
    struct epoll *epoll = epoll_file->private;
    if (!file->ops->poll)
        return -EPERM;
    if (file == epoll_file || asks_badly(operation, file, event))
        return -EINVAL;
    mutex_lock(&watch_mutex);
    mutex_lock(&epoll->mutex);
    int error = control_locked(epoll, operation, file, descriptor, event);
    mutex_unlock(&epoll->mutex);
    mutex_unlock(&watch_mutex);
    return error;
}

/* The last reference to a watched file is gone; its methods still work. */
static void file_gone(struct file *file) {
    mutex_lock(&watch_mutex);
    while (!list_is_empty(&file->watchers)) {
        struct epoll_item *item = list_first_entry(&file->watchers, struct epoll_item, watch_node);
        struct epoll *epoll = item->epoll;
        mutex_lock(&epoll->mutex);
        item_remove(item);
        mutex_unlock(&epoll->mutex);
    }
    mutex_unlock(&watch_mutex);
}

/* ---- waiting ---- */

/* Events on their way to the program, some at a time. */
struct event_batch {
    struct epoll_event events[EVENTS_PER_COPY];
    int held;
    struct epoll_event *user; /* where the next go */
};

static int copy_out(struct event_batch *batch) {
    int count = batch->held;
    batch->held = 0;
    if (count > 0 && copy_to_user(batch->user, batch->events, (size_t)count * sizeof batch->events[0]))
        return -EFAULT;
    batch->user += count;
    return 0;
}

/* An item taken from the ready list: its event is told, if there still is one. Level-triggered ones stay on the list. */
static bool tell(struct epoll_item *item, struct epoll_event *event) {
    uint32_t ready = item_events(item, NULL);
    if (!ready)
        return false;
    *event = (struct epoll_event){ready, item->event.data};
    if (item->event.events & EPOLLONESHOT)
        item->event.events &= MODE_BITS;
    else if (!(item->event.events & EPOLLET))
        make_ready(item);
    return true;
}

/* Up to `max` events of items that are ready now: how many, or -EFAULT. */
static int collect(struct epoll *epoll, void *user, int max) {
    struct event_batch batch;
    int count = 0, error = 0;

    batch.held = 0;
    batch.user = user;
    mutex_lock(&epoll->mutex);
    for (size_t looks = count_ready(epoll); looks > 0 && count < max && !error; looks--) {
        struct epoll_item *item = take_ready(epoll);
        if (!item || !tell(item, &batch.events[batch.held]))
            continue;
        count++;
        if (++batch.held == EVENTS_PER_COPY)
            error = copy_out(&batch);
    }
    if (!error)
        error = copy_out(&batch);
    mutex_unlock(&epoll->mutex);
    if (!list_is_empty(&epoll->ready)) /* others may have looked while items were off the list */
        wait_wake(&epoll->waiters, 1, WAKE_WAITERS, false);
    return error ? error : count;
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

/* ---- as a file ---- */

static uint32_t epoll_poll(struct file *file, struct poll_table *table) {
    struct epoll *epoll = file->private;
    uint32_t events = 0;
    poll_wait(table, &epoll->waiters);
    mutex_lock_nested(&epoll->mutex); /* perhaps under that of an epoll which watches this one: outer first */
    for (size_t looks = count_ready(epoll); looks > 0 && !events; looks--) {
        struct epoll_item *item = take_ready(epoll);
        if (!item || !item_events(item, NULL))
            continue;
        make_ready(item);
        events = POLLIN | POLLRDNORM;
    }
    mutex_unlock(&epoll->mutex);
    return events;
}

static void epoll_show(struct file *file, struct view_buffer *buffer) {
    struct epoll *epoll = file->private;
    mutex_lock(&epoll->mutex);
    for (struct rb_node *node = rb_first(&epoll->items); node; node = rb_next(node)) {
        const struct epoll_item *item = container_of(node, struct epoll_item, node);
        const struct file *watched = item->file;
        uint64_t position = (watched->abilities & FILE_IS_STREAM) ? 0 : watched->position;
        view_printf(buffer, "tfd: %8d events: %8x data: %16llx  pos:%llu ino:%llx sdev:%llx\n", item->descriptor,
                    item->event.events | POLLERR | POLLHUP, (unsigned long long)item->event.data, (unsigned long long)position,
                    (unsigned long long)watched->inode->number, (unsigned long long)watched->inode->super->device);
    }
    mutex_unlock(&epoll->mutex);
}

static void epoll_release(struct file *file) {
    struct epoll *epoll = file->private;
    mutex_lock(&watch_mutex);
    mutex_lock(&epoll->mutex);
    for (struct rb_node *node; (node = rb_first(&epoll->items)) != NULL;)
        item_remove(container_of(node, struct epoll_item, node));
    mutex_unlock(&epoll->mutex);
    mutex_unlock(&watch_mutex);
    kfree(epoll);
}

static const struct file_ops epoll_ops = {
    .show = epoll_show,
    .release = epoll_release,
    .seek = noop_seek,
    .poll = epoll_poll,
};

struct file *epoll_create(void) {
    struct epoll *epoll = kzalloc(sizeof *epoll);
    if (!epoll)
        return ERR_PTR(-ENOMEM);
    mutex_init(&epoll->mutex, epoll_class);
    spin_init(&epoll->ready_lock, ready_class);
    list_init(&epoll->ready);
    wait_queue_init(&epoll->waiters);
    spin_init(&epoll->waiters.lock, waiters_class); /* taken under other queues' locks */
    struct file *file = file_create_anonymous("anon_inode:[eventpoll]", &epoll_ops, O_RDWR, epoll);
    if (IS_ERR(file))
        kfree(epoll);
    else
        epoll->file = file;
    return file;
}

void epoll_init(void) {
    mutex_init(&watch_mutex, watch_class);
    file_set_watcher_hook(file_gone);
}
