/*
 * epoll: items. An item watches one (file, descriptor); its wait entries hang on the file's wait queues and
 * put the item on the ready list. Items hold no reference on their file: the last close takes them away.
 *
 * Lock order: watch_mutex (all items' links to files, nesting of epolls), epoll->mutex (items; the watching
 * epoll's before that of one it watches), a watched queue's lock, epoll->waiters (the watched epoll's before that
 * of one that watches it), epoll->ready_lock. Within a class that is an order because links form no circle and
 * chains of them are short: epoll_nests_badly refuses others.
 */
#include "kernel/ipc/epoll_internal.h"

#include "fs/vfs/mount.h"
#include "kernel/mm/slab.h"
#include "kernel/view/view.h"
#include "lib/errno.h"
#include "lib/errptr.h"

#define EXCLUSIVE_BITS (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE) /* with it, these */

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

/* ---- items ---- */

static void hook_add(struct poll_table *table, struct wait_queue *queue) {
    struct hook_table *hooks = container_of(table, struct hook_table, table);
    struct epoll_hook *hook = kzalloc(sizeof *hook);
    if (!hook) {
        hooks->failed = true;
        return;
    }
    hook->wait.wake = epoll_hook_wake;
    hook->queue = queue;
    hook->item = hooks->item;
    hook->next = hooks->item->hooks;
    hooks->item->hooks = hook;
    wait_add(queue, &hook->wait);
}

static struct epoll_item *item_search(const struct epoll *epoll, const struct file *file, int descriptor) {
    for (struct rb_node *node = epoll->items.top; node;) {
        struct epoll_item *item = container_of(node, struct epoll_item, node);
        if (item->descriptor < descriptor) /* first: descriptors mostly come in ascending order */
            node = node->child[RB_RIGHT];
        else if (item->descriptor > descriptor)
            node = node->child[RB_LEFT];
        else if (item->file == file)
            return item;
        else
            node = node->child[item->file < file ? RB_RIGHT : RB_LEFT];
    }
    return NULL;
}

static struct epoll_item *item_find(struct epoll *epoll, const struct file *file, int descriptor) {
    struct epoll_item *recent = epoll->recent;
    if (recent && recent->descriptor == descriptor && recent->file == file)
        return recent;
    return epoll->recent = item_search(epoll, file, descriptor);
}

static bool item_before(const struct epoll_item *a, const struct epoll_item *b) {
    return a->descriptor == b->descriptor ? a->file < b->file : a->descriptor < b->descriptor;
}

static void item_insert(struct epoll *epoll, struct epoll_item *item) {
    struct rb_node **link = &epoll->items.top, *parent = NULL;
    while (*link) {
        parent = *link;
        link = &parent->child[item_before(item, container_of(parent, struct epoll_item, node)) ? RB_LEFT : RB_RIGHT];
    }
    rb_link_node(&item->node, parent, link);
    rb_insert_fixup(&epoll->items, &item->node);
}

/* The first item of a descriptor, or NULL. */
static struct epoll_item *item_first(const struct epoll *epoll, int descriptor) {
    struct epoll_item *first = NULL;

    for (struct rb_node *node = epoll->items.top; node;) {
        struct epoll_item *item = container_of(node, struct epoll_item, node);
        if (item->descriptor == descriptor)
            first = item;
        node = node->child[item->descriptor < descriptor ? RB_RIGHT : RB_LEFT];
    }
    return first;
}

int epoll_find_watched(struct file *epoll_file, int descriptor, uint64_t skip, const struct file **watched) {
    if (!file_is_epoll(epoll_file))
        return -EINVAL;
    struct epoll *epoll = epoll_file->private;
    mutex_lock(&epoll->mutex);
    struct epoll_item *item = item_first(epoll, descriptor);
    for (; item && skip > 0; skip--) {
        struct rb_node *next = rb_next(&item->node);
        item = next ? container_of(next, struct epoll_item, node) : NULL;
    }
    bool found = item && item->descriptor == descriptor;
    if (found)
        *watched = item->file;
    mutex_unlock(&epoll->mutex);
    return found ? 0 : -ENOENT;
}

/* watch_mutex and epoll->mutex held. */
static void item_remove(struct epoll_item *item) {
    for (struct epoll_hook *hook = item->hooks, *next; hook; hook = next) {
        next = hook->next;
        wait_remove(hook->queue, &hook->wait);
        kfree(hook);
    }
    epoll_make_unready(item);
    list_remove(&item->watch_node);
    rb_erase(&item->epoll->items, &item->node);
    if (item->epoll->recent == item)
        item->epoll->recent = NULL;
    kfree(item);
}

/* Both mutexes held. */
static int item_add(struct epoll *epoll, struct file *file, int descriptor, const struct epoll_event *event) {
    if (item_find(epoll, file, descriptor))
        return -EEXIST;
    struct epoll_item *item = kzalloc(sizeof *item);
    if (!item)
        return -ENOMEM;
    item->epoll = epoll;
    item->file = file;
    item->descriptor = descriptor;
    item->event = *event;
    list_init(&item->ready_node);
    item_insert(epoll, item);
    list_add_tail(&item->watch_node, &file->watchers);

    struct hook_table hooks = {.table.add = hook_add, .item = item};
    uint32_t ready = epoll_item_events(item, &hooks.table);
    if (hooks.failed) {
        item_remove(item);
        return -ENOMEM;
    }
    if (ready && epoll_make_ready(item))
        wait_wake(&epoll->waiters, 1, POLLIN, false);
    return 0;
}

static int item_modify(struct epoll *epoll, struct file *file, int descriptor, const struct epoll_event *event) {
    struct epoll_item *item = item_find(epoll, file, descriptor);
    if (!item || item->event.events & EPOLLEXCLUSIVE)
        return item ? -EINVAL : -ENOENT;
    item->event = *event;
    memory_barrier(); /* epoll_hook_wake sees the new events, or the poll sees what it is called for */
    if (epoll_item_events(item, NULL) && epoll_make_ready(item))
        wait_wake(&epoll->waiters, 1, POLLIN, false);
    return 0;
}

static int item_delete(struct epoll *epoll, struct file *file, int descriptor) {
    struct epoll_item *item = item_find(epoll, file, descriptor);
    if (item)
        item_remove(item);
    return item ? 0 : -ENOENT;
}

static int control_locked(struct epoll *epoll, enum epoll_operation operation, struct file *file,
                          int descriptor, const struct epoll_event *event) {
    switch (operation) {
    case EPOLL_CTL_ADD:
        return epoll_nests_badly(file, epoll) ? -ELOOP : item_add(epoll, file, descriptor, event);
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
