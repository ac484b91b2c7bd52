/*
 * How fast the TSC and the local APIC's timer run. A first figure comes from windows of a quarter
 * of a millisecond, so that booting does not wait; timers refine it later over longer windows.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct calibration {
    uint64_t tsc_hz;
    uint64_t apic_timer_hz; /* 0 without local APIC */
    const char *source;     /* what it was measured against */
    bool exact;             /* told by the CPU: nothing to refine */
};

/* First estimate. Never fails: with nothing to measure against it takes the loader's hint or 1 GHz, and says so. */
void calibrate_start(struct calibration *calibration);
/*
 * The TSC's rate measured from the start until now; 0 when there is no reference, or the figure makes no sense.
 * False if that took more than `longest_ns`, too long to know how often the reference wrapped: the next call measures
 * from now.
 */
bool calibrate_refine(uint64_t known_tsc_hz, uint64_t longest_ns, uint64_t *tsc_hz);
