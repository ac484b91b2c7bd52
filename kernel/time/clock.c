/*
 * The clocks: TSC ticks scaled to nanoseconds from a base point. The base moves when the rate
 * becomes better known, so time stays continuous.
 *
 * Locks: `scale_lock` (sequence lock, interrupts off) guards the base and the rate. The offset of
 * the time of day is one atomic word.
 * Spec: SDM 3B §18.17 (time-stamp counter).
 */
#include "kernel/time/clock.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/io.h"
#include "kernel/sync/seqlock.h"
#include "lib/assert.h"

#define NS_SHIFT 32  /* nanoseconds a tick, fixed point */
#define TSC_SHIFT 30 /* ticks a nanosecond, fixed point; leaves room for 16 GHz */

DEFINE_LOCK_CLASS(scale_lock_class, "clock_scale");
static struct seqlock scale_lock = SEQLOCK_INIT(scale_lock_class);
static struct {
    uint64_t tsc_hz; /* 0: not calibrated yet, time stands still */
    uint64_t base_tsc, base_ns;
    uint64_t ns_per_tick; /* << NS_SHIFT */
    uint64_t ticks_per_ns; /* << TSC_SHIFT */
} scale;
static uint64_t realtime_offset_ns; /* atomic */

/* Not before the loads that precede it: two reads in a row never go backwards (SDM 2B, RDTSC). */
static inline uint64_t tsc_ordered(void) {
    __asm__ volatile("lfence" ::: "memory");
    return cpu_tsc();
}

static inline uint64_t scaled(uint64_t value, uint64_t factor, unsigned shift) {
    return (uint64_t)((unsigned __int128)value * factor >> shift);
}

/* Another CPU's TSC may lag a little behind the base's. */
static uint64_t ns_at(uint64_t tsc) {
    uint64_t ticks = (int64_t)(tsc - scale.base_tsc) < 0 ? 0 : tsc - scale.base_tsc;
    return scale.base_ns + scaled(ticks, scale.ns_per_tick, NS_SHIFT);
}

uint64_t clock_monotonic_ns(void) {
    uint32_t sequence;
    uint64_t now_ns;

    do {
        sequence = seqlock_read_begin(&scale_lock);
        now_ns = ns_at(tsc_ordered());
    } while (seqlock_read_retry(&scale_lock, sequence));
    return now_ns;
}

uint64_t clock_ns_to_tsc(uint64_t monotonic_ns) {
    uint32_t sequence;
    uint64_t tsc;

    do {
        sequence = seqlock_read_begin(&scale_lock);
        uint64_t ahead_ns = monotonic_ns > scale.base_ns ? monotonic_ns - scale.base_ns : 0;
        tsc = scale.base_tsc + scaled(ahead_ns, scale.ticks_per_ns, TSC_SHIFT);
    } while (seqlock_read_retry(&scale_lock, sequence));
    return tsc;
}

void clock_set_rate(uint64_t tsc_hz) {
    ASSERT(tsc_hz != 0);
    uint64_t flags = irq_save();
    seqlock_write_lock(&scale_lock);
    uint64_t now_tsc = tsc_ordered();
    scale.base_ns = scale.tsc_hz ? ns_at(now_tsc) : 0;
    scale.base_tsc = now_tsc;
    scale.tsc_hz = tsc_hz;
    scale.ns_per_tick = (NS_PER_SEC << NS_SHIFT) / tsc_hz;
    scale.ticks_per_ns = (tsc_hz << TSC_SHIFT) / NS_PER_SEC;
    seqlock_write_unlock(&scale_lock);
    irq_restore(flags);
}

uint64_t clock_tsc_hz(void) {
    return atomic_load_relaxed(&scale.tsc_hz);
}

uint64_t clock_realtime_ns(void) {
    return clock_monotonic_ns() + atomic_load_relaxed(&realtime_offset_ns);
}

void clock_realtime_set(uint64_t realtime_ns) {
    atomic_store_relaxed(&realtime_offset_ns, realtime_ns - clock_monotonic_ns());
}

void clock_delay_us(uint32_t delay_us) {
    if (clock_tsc_hz() == 0) {
        for (; delay_us > 0; delay_us--)
            io_delay();
        return;
    }
    uint64_t end_ns = clock_monotonic_ns() + delay_us * NS_PER_US;
    while (clock_monotonic_ns() < end_ns)
        cpu_pause();
}
