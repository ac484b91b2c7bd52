/* The second half of an interrupt: runs on the same CPU at interrupt exit, interrupts on, not sleeping. */
#pragma once

#include "lib/list.h"
#include <stdbool.h>

struct deferred {
    struct list_node node;
    bool queued;
    void (*run)(struct deferred *deferred);
};
void deferred_init(struct deferred *deferred, void (*run)(struct deferred *deferred));
void deferred_queue(struct deferred *deferred); /* any context */
void deferred_run_pending(void);
