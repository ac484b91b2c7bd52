/* The kernel's own copy of what the loader handed over; valid for ever, read-only after boot. */
#pragma once

#include "boot/bootinfo.h"

extern struct boot_info boot_info;
extern struct boot_trace boot_trace;

/* Checks and copies both out of the loader's memory. Returns NULL, or what is wrong with them. */
const char *boot_info_adopt(const struct boot_info *from);

/* Goes on with the loader's trace. In any context; a reader at the same time may see half an event. */
void boot_trace_add(uint32_t id, uint64_t a, uint64_t b);
/* When an event was first noted, in TSC ticks; 0: not kept. */
uint64_t boot_trace_tsc(uint32_t id);
