/* One-shot timers, per CPU, on the CPU's own hardware timer. Callbacks run in interrupt context. */
#pragma once

#include "lib/bits.h"
#include "lib/rbtree.h"

struct timer {
    struct rb_node node;
    uint64_t deadline_ns; /* monotonic */
    uint32_t cpu;         /* whose queue it is on */
    bool queued;
    void (*expire)(struct timer *timer);
};

struct clock_event;

/* Sets up the running CPU's queue. */
void timer_init_cpu(void);
/* Timers work from here on; `event` NULL while the hardware is not known yet. */
void timer_set_event(const struct clock_event *event);
/* Runs what is due on this CPU and arms the hardware for the next one. Interrupt context. */
void timer_interrupt(void);

struct timer_stats {
    uint64_t queued, next_deadline_ns, last_deadline_ns; /* monotonic; 0: none */
    uint64_t interrupts;
};
void timer_stats_read(uint32_t cpu, struct timer_stats *stats);

void timer_init(struct timer *timer, void (*expire)(struct timer *timer));
/* (Re)starts it on the running CPU. Any context. */
void timer_start(struct timer *timer, uint64_t deadline_ns);
/* True if it was queued. The callback may still be running on another CPU. Any context. */
bool timer_cancel(struct timer *timer);
/* Also waits for a running callback. Not in interrupt context nor under a lock the callback takes. */
bool timer_cancel_sync(struct timer *timer);
