/*
 * The kernel's own page tables, built once from the memory map; they replace the loader's.
 *
 * Invariants
 *  1. Nothing in the kernel's half is both writable and executable (where the CPU has NX), and no
 *     alias in the direct map makes the kernel's text or constants writable.
 *  2. Only RAM is in the direct map, so no device memory is ever cached by accident.
 */
#pragma once

#include "kernel/mm/layout.h"

/* Builds them and switches to them: from here on the loader's memory is unused. */
void kernel_space_init(void);

/* All CPUs forget all translations. The conditions of cpu_call (kernel/sync/cpu_call.h). */
void kernel_flush_everywhere(void);

/* Physical address of a symbol of the kernel image. */
phys_addr_t kernel_image_to_phys(const void *symbol);

/* A page of zeros, never written: for reading untouched memory of programs. */
extern const uint8_t zero_page[PAGE_SIZE];
