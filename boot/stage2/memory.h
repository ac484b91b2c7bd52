/*
 * The memory map: read from the BIOS, cleaned by lib/e820.c, and the loader's own book-keeping of
 * what it has put where.
 */
#pragma once

#include "boot/bootinfo.h"
#include "lib/bits.h"

/* Step: reads the map into boot_info; does not return if there is none or too little memory. */
void memory_detect(void);

/* Marks memory as in use; the sanitised map changes accordingly. */
void memory_claim(uint64_t base, uint64_t length, enum boot_mem_type type);

/* True if all of it is usable and unclaimed. */
bool memory_is_free(uint64_t base, uint64_t length);

/* True if any of it is memory, used or not, rather than a device's or nobody's. */
bool memory_is_touched(uint64_t base, uint64_t length);

/*
 * The highest free page-aligned place for `length` bytes above 1 MiB that 32-bit code can reach
 * and that keeps out of avoid_start..avoid_end; 0 if there is none. Claims nothing.
 */
uint32_t memory_find_top(uint64_t length, uint64_t avoid_start, uint64_t avoid_end);
