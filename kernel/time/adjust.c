/*
 * The speed of the clocks. Locks: `adjust_lock` (interrupts off) guards all that stands here; the clock's own and the
 * timer queue's are inside it.
 */
#include "kernel/time/adjust.h"

#include "kernel/sync/spinlock.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"

#define PPM ((int64_t)1000000)

DEFINE_LOCK_CLASS(adjust_class, "clock adjustment");

static struct spinlock adjust_lock = SPINLOCK_INIT(adjust_class);
static struct clock_adjustment adjustment = {.tick_us = ADJUST_TICK_US};
static int64_t offset_ns;        /* to be worked off, as of offset_since_ns; 0: none */
static uint64_t offset_since_ns;
static struct timer offset_timer;

/* CLOCK_SPEED_ONE times tick, frequency and slew. */
static void apply(void) {
    int64_t slew_ppm = offset_ns > 0 ? ADJUST_SLEW_PPM : offset_ns < 0 ? -ADJUST_SLEW_PPM : 0;
    int64_t scaled_ppm = adjustment.frequency + slew_ppm * (1 << ADJUST_PPM_SHIFT);
    int64_t nominal = (int64_t)(CLOCK_SPEED_ONE / ADJUST_TICK_US * adjustment.tick_us +
                                CLOCK_SPEED_ONE % ADJUST_TICK_US * adjustment.tick_us / ADJUST_TICK_US);
    clock_set_speed((uint64_t)(nominal + (nominal >> ADJUST_PPM_SHIFT) * scaled_ppm / PPM));
}

static uint64_t magnitude(int64_t value) {
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

/* Takes what has been worked off until now from the offset. */
static void settle(uint64_t now_ns) {
    uint64_t done_ns = (now_ns - offset_since_ns) / (uint64_t)(PPM / ADJUST_SLEW_PPM);
    uint64_t left_ns = magnitude(offset_ns) - MIN(done_ns, magnitude(offset_ns));
    offset_ns = offset_ns < 0 ? -(int64_t)left_ns : (int64_t)left_ns;
    offset_since_ns += done_ns * (uint64_t)(PPM / ADJUST_SLEW_PPM);
}

static void start_slew(uint64_t now_ns) {
    uint64_t slew_ns, deadline_ns;
    if (offset_ns == 0)
        return;
    if (__builtin_mul_overflow(magnitude(offset_ns), (uint64_t)(PPM / ADJUST_SLEW_PPM), &slew_ns) ||
        __builtin_add_overflow(now_ns, slew_ns, &deadline_ns))
        return; /* it will never be worked off */
    timer_start(&offset_timer, deadline_ns);
}

/* Interrupt context. */
static void slew_ends(struct timer *timer) {
    (void)timer;
    uint64_t flags = spin_lock_irqsave(&adjust_lock);
    uint64_t now_ns = clock_monotonic_ns();
    settle(now_ns);
    start_slew(now_ns); /* a new offset was set meanwhile */
    apply();
    spin_unlock_irqrestore(&adjust_lock, flags);
}

struct clock_adjustment clock_adjustment_read(void) {
    uint64_t flags = spin_lock_irqsave(&adjust_lock);
    struct clock_adjustment copy = adjustment;
    spin_unlock_irqrestore(&adjust_lock, flags);
    return copy;
}

void clock_adjustment_set(struct clock_adjustment wanted) {
    uint64_t flags = spin_lock_irqsave(&adjust_lock);
    adjustment = wanted;
    apply();
    spin_unlock_irqrestore(&adjust_lock, flags);
}

void clock_offset_set(int64_t wanted_ns) {
    uint64_t flags = spin_lock_irqsave(&adjust_lock);
    uint64_t now_ns = clock_monotonic_ns();
    if (!offset_timer.expire)
        timer_init(&offset_timer, slew_ends);
    (void)timer_cancel(&offset_timer);
    offset_ns = wanted_ns;
    offset_since_ns = now_ns;
    start_slew(now_ns);
    apply();
    spin_unlock_irqrestore(&adjust_lock, flags);
}

int64_t clock_offset_left_ns(void) {
    uint64_t flags = spin_lock_irqsave(&adjust_lock);
    settle(clock_monotonic_ns());
    int64_t left_ns = offset_ns;
    spin_unlock_irqrestore(&adjust_lock, flags);
    return left_ns;
}
