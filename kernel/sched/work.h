/* Work that sleeps, handed to a kernel worker thread; for work that does not, see irq/deferred.h. */
#pragma once

#include "kernel/sched/thread.h"

struct work {
    struct list_node node;
    bool queued;
    void (*run)(struct work *work);
};
void work_init(struct work *work, void (*run)(struct work *work));
/* Queues once until it starts to run; false if it was queued already. Any context. */
bool work_queue(struct work *work);
/* Starts the worker threads. Once, after sched_init. */
void work_start(void);
