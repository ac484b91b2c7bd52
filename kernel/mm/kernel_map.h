/*
 * Mappings in the kernel's half: device memory and guarded kernel stacks. The top-level entries of
 * the kernel's half are all allocated at boot, so every address space shares them by copying.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/mm/layout.h"

enum map_cache { MAP_CACHED, MAP_UNCACHED, MAP_WRITE_COMBINING };

/* Maps `size` bytes of physical (device) memory read-write, no execute; NULL when out of memory.
 * `phys` need not be page aligned. Not in interrupt context. */
void *kernel_map_device(phys_addr_t phys, size_t size, enum map_cache cache);
/* Waits for other CPUs to forget it: interrupts on, no lock held that is taken with interrupts off. */
void kernel_unmap_device(void *virt, size_t size);

#define KERNEL_STACK_SIZE (4 * PAGE_SIZE) /* with an unmapped guard page below */

/* Returns the stack's lowest address (from a per-CPU pool of mapped stacks), or NULL. */
void *kernel_stack_alloc(void);
void kernel_stack_free(void *stack);

/* Pages of all mapped stacks, those in pools included. */
uint64_t kernel_stack_pages(void);
/* Those in pools, as of about now. */
uint64_t kernel_stack_kept_pages(void);
/* Does `address` lie in the unmapped part below a kernel stack? */
bool kernel_stack_is_guard(uint64_t address);

/* Physical address of the kernel's own top-level page table. */
phys_addr_t kernel_page_table(void);
