/* Readiness: what poll, select and epoll ask files. Values of asm-generic/poll.h. */
#pragma once

#include "kernel/sched/wait.h"

enum poll_event {
    POLLIN = 0x001, POLLPRI = 0x002, POLLOUT = 0x004, POLLERR = 0x008, POLLHUP = 0x010,
    POLLNVAL = 0x020, POLLRDNORM = 0x040, POLLRDBAND = 0x080, POLLWRNORM = 0x100,
    POLLWRBAND = 0x200, POLLRDHUP = 0x2000,
};

struct poll_table {
    /* Puts an entry of the poller's on `queue`. Called by poll methods through poll_wait. */
    void (*add)(struct poll_table *table, struct wait_queue *queue);
};

static inline void poll_wait(struct poll_table *table, struct wait_queue *queue) {
    if (table)
        table->add(table, queue);
}
