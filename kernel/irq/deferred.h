/* The second half of an interrupt: runs on the same CPU at interrupt exit, interrupts on, not sleeping. */
#pragma once

#include "lib/list.h"
#include <stdbool.h>

struct deferred {
    struct list_node node;
    bool queued; /* atomic */
    void (*run)(struct deferred *deferred);
};
void deferred_init(struct deferred *deferred, void (*run)(struct deferred *deferred));
/*
 * Runs it once, soon; does nothing while it is queued already. Any context. Outside interrupts the
 * CPU interrupts itself for it; without a local APIC and with interrupts off it waits for the next
 * interrupt or call of deferred_run_pending (the idle loop makes one).
 */
void deferred_queue(struct deferred *deferred);
void deferred_run_pending(void);
bool deferred_is_running(void); /* on the running CPU */
