/*
 * The boot trace (struct boot_trace): events from here on go into its ring. Every bios_call goes
 * into the log of BIOS calls (struct boot_bios_log).
 */
#pragma once

#include "boot/bootinfo.h"
#include "lib/bits.h"

/*
 * Empties the ring; `has_tsc` false: all stamps are 0. Enters what stage1 noted; stage2 was entered
 * at `stage2_tsc`.
 */
void trace_init(bool has_tsc, uint64_t stage2_tsc, uint8_t drive);

void trace_event(enum boot_event id, uint64_t a, uint64_t b);

/* Brackets around a step. */
void trace_step(enum boot_step step);
void trace_step_done(enum boot_step step, uint64_t figure);

/* The next BIOS call reads `count` sectors of the disk from `lba`. */
void trace_disk_read(uint64_t lba, uint32_t count);
