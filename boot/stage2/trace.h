/*
 * The boot trace (struct boot_trace): events from here on go into its ring.
 */
#pragma once

#include "boot/bootinfo.h"
#include "lib/bits.h"

/* Empties the ring; `has_tsc` false: all stamps are 0. Enters what stage1 noted. */
void trace_init(bool has_tsc, uint8_t drive);

void trace_event(enum boot_event id, uint64_t a, uint64_t b);

/* Brackets around a step. */
void trace_step(enum boot_step step);
void trace_step_done(enum boot_step step, uint64_t figure);
