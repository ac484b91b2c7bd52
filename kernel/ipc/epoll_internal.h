/* Shared by the files of epoll: an epoll, what it watches, and how that becomes ready. Lock order: epoll.c. */
#pragma once

#include "kernel/ipc/epoll.h"
#include "kernel/sched/mutex.h"
#include "lib/rbtree.h"

#define EPOLL_MODE_BITS (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

struct epoll {
    struct mutex mutex;          /* guards `items` and what they say */
    struct rb_root items;        /* by (descriptor, file) */
    struct epoll_item *recent;   /* asked for last, or fired once: mostly the next one to be changed */
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

/* epoll_wait.c: the ready list, waiting */

/* True if it was not on the list. Any context. */
bool epoll_make_ready(struct epoll_item *item);
void epoll_make_unready(struct epoll_item *item);
/* For hooks: in the waker's context, under the watched queue's lock. */
bool epoll_hook_wake(struct wait_entry *wait, uint32_t key, bool sync);
/* What of the wanted events there is now; with `table`, the file says where it wakes. epoll->mutex held. */
uint32_t epoll_item_events(const struct epoll_item *item, struct poll_table *table);
/* The epoll itself as a file that is polled. */
uint32_t epoll_poll(struct file *file, struct poll_table *table);

/* epoll_nesting.c */

/* Whether watching `file` from `target` would close a circle or nest too deep. The mutex of all watches held. */
bool epoll_nests_badly(const struct file *file, struct epoll *target);
