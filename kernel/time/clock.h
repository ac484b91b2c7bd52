/* Time since boot and time of day. All in nanoseconds; any context. */
#pragma once

#include "kernel/mm/layout.h"
#include "lib/bits.h"

struct clock_zone;

#define NS_PER_SEC 1000000000ull
#define NS_PER_MS 1000000ull
#define NS_PER_US 1000ull
#define US_PER_SEC 1000000ull

uint64_t clock_monotonic_ns(void); /* CLOCK_MONOTONIC = CLOCK_BOOTTIME: no suspend */
uint64_t clock_realtime_ns(void);  /* since 1970-01-01 UTC */
void clock_realtime_set(uint64_t realtime_ns);
/* Moves the time of day, which loses no time by it. -EINVAL: it would be before 1970, or before the machine's start. */
int clock_realtime_step(int64_t delta_ns) must_check;
/* When the time of day is so much, in monotonic time: exactly, as no two readings can tell. 0: before the start. */
uint64_t clock_realtime_moment_ns(uint64_t realtime_ns);
/* The time of day at the start: what it is ahead of monotonic time. */
uint64_t clock_realtime_at_start_ns(void);
/* What settimeofday said of the time zone (clock_page.h). */
struct clock_zone clock_zone(void);
void clock_zone_set(struct clock_zone zone);
/* The frame of struct clock_page (clock_page.h), which programs may read. */
phys_addr_t clock_page_phys(void);
/* Busy-waits. For device set-up only. */
void clock_delay_us(uint32_t delay_us);

/* Calibrates the TSC, starts the clocks and this CPU's timer. After irq_init. */
void time_init(void);

/* The running clock's parameters. */
uint64_t clock_tsc_hz(void);
uint64_t clock_ns_to_tsc(uint64_t monotonic_ns); /* the TSC when that moment comes */
/* Goes on from now at a better known rate: time neither jumps nor runs backwards. */
void clock_set_rate(uint64_t tsc_hz);
/* The same at another speed: seconds shown a second that passes, fixed point (adjust.h sets it). */
#define CLOCK_SPEED_ONE (1ull << 32)
void clock_set_speed(uint64_t speed);
