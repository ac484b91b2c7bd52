/*
 * Memory before the page allocator: the firmware's map as ranges, and an allocator that only takes.
 * What it has not taken goes to the page allocator. Boot only, one CPU, no locks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/mm/layout.h"

struct phys_range {
    phys_addr_t start, end; /* bytes, page-aligned, end exclusive */
};

/* Reads boot_info's sanitised map. Panics when it holds no usable memory. */
void boot_memory_init(void);

/*
 * Takes `size` bytes (rounded up to pages) at an address that is `remainder` modulo `modulus` (a power
 * of two of at least a page), as high as possible below `limit`. Not cleared. Panics when there is none.
 */
phys_addr_t boot_memory_take(uint64_t size, uint64_t modulus, uint64_t remainder, phys_addr_t limit);

/* RAM of every kind - free, loader, kernel, ramfs, ACPI tables - as sorted disjoint ranges. */
extern struct phys_range ram_ranges[];
extern size_t ram_range_count;

/* Calls `visit` for each range that is still free, and then for the loader's, which are free by then. */
void boot_memory_release(void (*visit)(phys_addr_t start, phys_addr_t end));
/* True if all of [start, end) is free and was never taken. */
bool boot_memory_is_free(phys_addr_t start, phys_addr_t end);
