/* The clocks programs may name: linux/time.h. The machine never sleeps, so those that would wake it are as the others. */
#pragma once

#include <stdbool.h>

enum clock_id {
    CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2, CLOCK_THREAD_CPUTIME_ID = 3,
    CLOCK_MONOTONIC_RAW = 4, CLOCK_REALTIME_COARSE = 5, CLOCK_MONOTONIC_COARSE = 6, CLOCK_BOOTTIME = 7,
    CLOCK_REALTIME_ALARM = 8, CLOCK_BOOTTIME_ALARM = 9, CLOCK_TAI = 11, /* 10 was never there */
};

#define TIMER_ABSTIME 1

static inline bool clock_is_known(int clock) {
    return clock >= CLOCK_REALTIME && clock <= CLOCK_TAI && clock != 10;
}
static inline bool clock_is_alarm(int clock) {
    return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}
/* Leap seconds are not known: CLOCK_TAI is UTC. */
static inline bool clock_is_realtime(int clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}
/* Of the clocks that tell the time: can one sleep on it, and start timers? */
static inline bool clock_has_timers(int clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock >= CLOCK_BOOTTIME;
}
