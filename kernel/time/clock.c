/*
 * The clocks: TSC ticks scaled to nanoseconds from a base point. The base moves when the rate
 * becomes better known, so time stays continuous.
 *
 * Locks: `scale_lock` (interrupts off) serialises changes of the base, the rate and the time of day;
 * readers go by the sequence count of the page that programs see too (clock_page.h).
 * Spec: SDM 3B §18.17 (time-stamp counter).
 */
#include "kernel/time/clock.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/io.h"
#include "kernel/mm/kernel_space.h"
#include "kernel/time/clock_page.h"
#include "lib/assert.h"
#include "lib/errno.h"

#define TSC_SHIFT 30 /* ticks a nanosecond, fixed point; leaves room for 16 GHz */

DEFINE_LOCK_CLASS(scale_lock_class, "clock_scale");
static struct spinlock scale_lock = SPINLOCK_INIT(scale_lock_class);
static uint64_t current_tsc_hz; /* 0: not calibrated yet */
static uint64_t ticks_per_ns;   /* << TSC_SHIFT */
static uint64_t clock_speed = CLOCK_SPEED_ONE; /* scale_lock */
static union {
    struct clock_page clock;
    uint8_t bytes[PAGE_SIZE];
} shared __attribute__((aligned(PAGE_SIZE)));

static uint64_t change_begin(void) {
    uint64_t flags = spin_lock_irqsave(&scale_lock);
    seqcount_write_begin(&shared.clock.count);
    return flags;
}

static void change_end(uint64_t flags) {
    seqcount_write_end(&shared.clock.count);
    spin_unlock_irqrestore(&scale_lock, flags);
}

uint64_t clock_monotonic_ns(void) {
    return clock_page_monotonic_ns(&shared.clock);
}

phys_addr_t clock_page_phys(void) {
    return kernel_image_to_phys(&shared);
}

uint64_t clock_ns_to_tsc(uint64_t monotonic_ns) {
    const struct clock_page *page = &shared.clock;
    uint32_t sequence;
    uint64_t tsc;

    do {
        sequence = seqcount_read_begin(&page->count);
        uint64_t ahead_ns = monotonic_ns > page->base_ns ? monotonic_ns - page->base_ns : 0;
        tsc = page->base_tsc + (uint64_t)((unsigned __int128)ahead_ns * ticks_per_ns >> TSC_SHIFT);
    } while (seqcount_read_retry(&page->count, sequence));
    return tsc;
}

/* Between change_begin and change_end. */
static void change_scale(uint64_t tsc_hz, uint64_t speed) {
    struct clock_page *page = &shared.clock;
    uint64_t now_tsc = clock_tsc_ordered();
    page->base_ns = clock_page_ns_at(page, now_tsc);
    page->base_tsc = now_tsc;
    page->ns_per_tick = (uint64_t)((unsigned __int128)((NS_PER_SEC << CLOCK_NS_SHIFT) / tsc_hz) * speed / CLOCK_SPEED_ONE);
    ticks_per_ns = (1ull << (TSC_SHIFT + CLOCK_NS_SHIFT)) / page->ns_per_tick;
    clock_speed = speed;
    atomic_store_relaxed(&current_tsc_hz, tsc_hz);
}

void clock_set_rate(uint64_t tsc_hz) {
    ASSERT(tsc_hz != 0);
    uint64_t flags = change_begin();
    change_scale(tsc_hz, clock_speed);
    change_end(flags);
}

void clock_set_speed(uint64_t speed) {
    ASSERT(speed > CLOCK_SPEED_ONE / 2 && speed < CLOCK_SPEED_ONE * 2);
    uint64_t flags = change_begin();
    change_scale(current_tsc_hz, speed);
    change_end(flags);
}

uint64_t clock_tsc_hz(void) {
    return atomic_load_relaxed(&current_tsc_hz);
}

uint64_t clock_realtime_ns(void) {
    return clock_page_realtime_ns(&shared.clock);
}

void clock_realtime_set(uint64_t realtime_ns) {
    uint64_t flags = change_begin();
    shared.clock.realtime_offset_ns = realtime_ns - clock_page_ns_at(&shared.clock, clock_tsc_ordered());
    change_end(flags);
}

struct clock_zone clock_zone(void) {
    return (struct clock_zone){atomic_load_relaxed(&shared.clock.zone.minutes_west), atomic_load_relaxed(&shared.clock.zone.dst)};
}

void clock_zone_set(struct clock_zone zone) {
    atomic_store_relaxed(&shared.clock.zone.minutes_west, zone.minutes_west);
    atomic_store_relaxed(&shared.clock.zone.dst, zone.dst);
}

int clock_realtime_step(int64_t delta_ns) {
    int64_t offset_ns;
    uint64_t flags = change_begin();
    bool fits = !__builtin_add_overflow((int64_t)shared.clock.realtime_offset_ns, delta_ns, &offset_ns) && offset_ns >= 0;
    if (fits)
        shared.clock.realtime_offset_ns = (uint64_t)offset_ns;
    change_end(flags);
    return fits ? 0 : -EINVAL;
}

uint64_t clock_realtime_at_start_ns(void) {
    return atomic_load_relaxed(&shared.clock.realtime_offset_ns);
}

uint64_t clock_realtime_moment_ns(uint64_t realtime_ns) {
    return realtime_ns - MIN(realtime_ns, clock_realtime_at_start_ns());
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
