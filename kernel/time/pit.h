/*
 * The 8254 interval timer (Intel data sheet 231164): channel 2 as a free-running reference for
 * calibration, channel 0 as the interrupt source of machines without a local APIC.
 */
#pragma once

#include <stdint.h>

#define PIT_HZ 1193182u /* 14.31818 MHz / 12 */

/* Channel 2 counts down from 65536 for ever, gate on, speaker off. */
void pit_reference_start(void);
/* Ticks since then, modulo 65536. */
uint32_t pit_reference_read(void);

/* One interrupt on ISA line 0 after `ticks` (1..65535). Interrupts off. */
void pit_one_shot(uint32_t ticks);
