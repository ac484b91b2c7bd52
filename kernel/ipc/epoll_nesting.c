/*
 * Epolls that watch epolls. Wake-ups climb from a file to all that watch it, polls go down: both recurse, so the
 * longest chain of epolls through a new link is bounded. Each look numbers the epolls it has measured: many may
 * share a part. All of it under the mutex of all watches.
 */
#include "kernel/ipc/epoll_internal.h"

#define NESTING_MAX 5u /* links from an epoll to one that it watches, in a row */

static uint64_t look;

/* Links in the longest chain below; more than NESTING_MAX if `target` is in one. */
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

/* Links in the longest chain of epolls that watch this one. */
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

bool epoll_nests_badly(const struct file *file, struct epoll *target) {
    if (!file_is_epoll(file))
        return false;
    look++;
    unsigned below = links_below(file->private, target);
    look++;
    return below + 1 + links_above(target) > NESTING_MAX;
}
