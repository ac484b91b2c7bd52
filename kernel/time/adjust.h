/*
 * How fast time passes, as adjtimex(2) sets it: by a frequency and a length of the tick for good, and a little faster
 * or slower until an offset is worked off. Real and monotonic time keep step, so neither jumps nor runs backwards.
 */
#pragma once

#include <stdint.h>

#define ADJUST_TICK_US 10000u        /* the tick of an unchanged clock: 1/USER_HZ */
#define ADJUST_PPM_SHIFT 16          /* frequencies are parts per million, fixed point */
#define ADJUST_SLEW_PPM 500          /* how much faster or slower while an offset is left */
#define ADJUST_FREQUENCY_MAX ((int64_t)500 << ADJUST_PPM_SHIFT)

struct clock_adjustment {
    int64_t frequency; /* -ADJUST_FREQUENCY_MAX .. ADJUST_FREQUENCY_MAX */
    uint32_t tick_us;  /* what real time gains in 1/USER_HZ s */
};

/* Any context but under a lock of this layer. */
struct clock_adjustment clock_adjustment_read(void);
void clock_adjustment_set(struct clock_adjustment adjustment);
/* Replaces what is left of the last one. */
void clock_offset_set(int64_t offset_ns);
int64_t clock_offset_left_ns(void);
