/*
 * Limits to waiting. The BIOS' ticks (18.2 a second) are the clock; they stand still where a BIOS
 * keeps interrupts off, so the time stamp counter ends a wait that lasts twice as long as it says.
 * Ticks pass only while BIOS calls run: a loop that waits must make some (keys.h does). Of a pause
 * between two looks - system management, an emulator that its host holds up - little counts: what is
 * waited for may come right after it.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

#define TIMEOUT_MAX_MS 3600000u

struct timeout {
    uint64_t start_tsc;  /* 0: there is none */
    uint32_t limit_ms;   /* at most TIMEOUT_MAX_MS */
    uint32_t seen_ms;    /* from the start to the last look */
    uint32_t counted_ms; /* of these */
    uint16_t start_ticks;
};

void timeout_start(struct timeout *timeout, uint32_t limit_ms);

/* Milliseconds until the limit; 0 when it is reached. */
uint32_t timeout_left_ms(struct timeout *timeout);
