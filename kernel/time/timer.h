/* One-shot timers, per CPU, on the CPU's own hardware timer. Callbacks run in interrupt context. */
#pragma once

#include "kernel/time/clock.h"

#include "lib/bits.h"
#include "lib/rbtree.h"

struct timer {
    struct rb_node node;
    uint64_t deadline_ns; /* monotonic */
    uint64_t realtime_ns; /* the time of day it goes off at, which deadline_ns follows; 0: none */
    uint32_t cpu;         /* whose queue it is on */
    bool queued;
    void (*expire)(struct timer *timer);
};

struct clock_event;

/*
 * A deadline: a moment of the monotonic clock; or, from DEADLINE_REALTIME up, of the time of day, which comes earlier
 * or later when that clock is set; or DEADLINE_NEVER. Either clock needs 292 years to get to its half.
 */
#define DEADLINE_REALTIME (1ull << 63)
#define DEADLINE_NEVER UINT64_MAX

static inline uint64_t deadline_monotonic(uint64_t monotonic_ns) {
    return monotonic_ns < DEADLINE_REALTIME ? monotonic_ns : DEADLINE_NEVER;
}
static inline uint64_t deadline_realtime(uint64_t realtime_ns) {
    return realtime_ns < DEADLINE_REALTIME ? realtime_ns | DEADLINE_REALTIME : DEADLINE_NEVER;
}
static inline bool deadline_is_realtime(uint64_t deadline) {
    return deadline >= DEADLINE_REALTIME && deadline != DEADLINE_NEVER;
}
/* `delay_ns` from now, whatever the time of day does. */
static inline uint64_t deadline_after(uint64_t delay_ns) {
    uint64_t deadline_ns;
    return __builtin_add_overflow(clock_monotonic_ns(), delay_ns, &deadline_ns) ? DEADLINE_NEVER
                                                                               : deadline_monotonic(deadline_ns);
}
static inline bool deadline_passed(uint64_t deadline) {
    return deadline_is_realtime(deadline) ? clock_realtime_ns() >= (deadline & ~DEADLINE_REALTIME)
                                          : clock_monotonic_ns() >= deadline;
}

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
void timer_start(struct timer *timer, uint64_t deadline);
/* The time of day was set: timers that wait for one follow, on every CPU. As cpu_call: interrupts on, no lock held. */
void timers_follow_realtime(void);
/* True if it was queued. The callback may still be running on another CPU. Any context. */
bool timer_cancel(struct timer *timer);
/* Also waits for a running callback. Not in interrupt context nor under a lock the callback takes. */
bool timer_cancel_sync(struct timer *timer);
