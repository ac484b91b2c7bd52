/*
 * What turns the TSC into time. It lies on a page of its own that every program sees read-only: the
 * kernel and the vDSO (kernel/vdso/) compute time from the same words by the same function, so that
 * neither is ever ahead of the other.
 *
 * Invariant: the rest of the page is zero; programs read all of it.
 * Locks: `count` tells readers of a change; its writers are serialised in clock.c.
 * Spec: SDM 3B §18.17 (time-stamp counter).
 */
#pragma once

#include "kernel/arch/cpu.h"
#include "kernel/sync/seqlock.h"

#define CLOCK_NS_SHIFT 32 /* fixed point of ns_per_tick */

/* What settimeofday was told; the clocks do not look at it. */
struct clock_zone {
    int32_t minutes_west, dst;
};

struct clock_page {
    struct seqcount count;
    uint64_t base_tsc, base_ns;   /* the monotonic clock showed base_ns at base_tsc */
    uint64_t ns_per_tick;         /* << CLOCK_NS_SHIFT; 0: not calibrated yet, time stands still */
    uint64_t realtime_offset_ns;  /* real time = monotonic time + this */
    struct clock_zone zone;       /* each word by itself: not under `count` */
};

/* Not before the loads that precede it: two reads in a row never go backwards (SDM 2B, RDTSC). */
static inline uint64_t clock_tsc_ordered(void) {
    __asm__ volatile("lfence" ::: "memory");
    return cpu_tsc();
}

/* Monotonic time then, whether or not a writer is at work. Another CPU's TSC may lag a little behind the base's. */
static inline uint64_t clock_page_ns_at(const struct clock_page *page, uint64_t tsc) {
    uint64_t ticks = (int64_t)(tsc - page->base_tsc) < 0 ? 0 : tsc - page->base_tsc;
    return page->base_ns + (uint64_t)((unsigned __int128)ticks * page->ns_per_tick >> CLOCK_NS_SHIFT);
}

static inline uint64_t clock_page_monotonic_ns(const struct clock_page *page) {
    uint32_t sequence;
    uint64_t now_ns;

    do {
        sequence = seqcount_read_begin(&page->count);
        now_ns = clock_page_ns_at(page, clock_tsc_ordered());
    } while (seqcount_read_retry(&page->count, sequence));
    return now_ns;
}

/* Since 1970. */
static inline uint64_t clock_page_realtime_ns(const struct clock_page *page) {
    uint32_t sequence;
    uint64_t now_ns;

    do {
        sequence = seqcount_read_begin(&page->count);
        now_ns = clock_page_ns_at(page, clock_tsc_ordered()) + page->realtime_offset_ns;
    } while (seqcount_read_retry(&page->count, sequence));
    return now_ns;
}
