/*
 * Page tables as memory: allocating tables, walking and filling the kernel's half. Entry bits are in
 * kernel/arch/pte.h. The kernel's half is changed only by kernel/mm; its top-level entries are all
 * filled in at boot, so copying them once is enough for every address space.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/arch/pte.h"
#include "kernel/mm/page.h"

/*
 * A zeroed table with reference 1 and PAGE_TABLE set, from a per-CPU pool of already zero ones; NULL when
 * memory is short. `alloc_flags`: enum page_alloc_flag, PAGE_ALLOC_USER for a program's. Any context.
 */
struct page *page_table_alloc(unsigned alloc_flags);
/* Takes back a table whose entries are all zero again. Any context. */
void page_table_free(struct page *table);
/* Gives a table back to the page allocator, whatever is in it. Any context. */
void page_table_discard(struct page *table);
/* Pages that are tables or kept to become some; those of the kernel's half that booting made are not counted. */
uint64_t page_table_pages(void);
/* Those kept by page_table_free, as of about now. */
uint64_t page_table_kept_pages(void);

/* Copies the kernel's half into a new top-level table. */
void page_table_copy_kernel(pte_t *root);

/* Where a walk ended. */
struct page_walk {
    unsigned level; /* of the last entry read: 4 .. 1 */
    pte_t entry;    /* it is a leaf, or not present */
    pte_t entries[PTE_LEVELS + 1]; /* all that were read, by level */
};

/*
 * Follows the tables at `root_phys`, reading nothing outside RAM. True if `virt` is mapped; then
 * *phys (may be NULL) is its physical address. Takes no locks: for diagnosis. Any context.
 */
bool page_table_walk(phys_addr_t root_phys, uint64_t virt, struct page_walk *walk, phys_addr_t *phys);

/*
 * Maps [virt, virt + size) of the kernel's half to `phys` with the entry bits `flags`, using the largest
 * pages that fit if `large`. 0 or -ENOMEM (part may be mapped). The caller owns the range.
 */
int kernel_map_range(uint64_t virt, phys_addr_t phys, uint64_t size, pte_t flags, bool large);
/*
 * Unmaps 4 KiB pages and flushes this CPU's TLB. `visit` (may be NULL) gets each frame afterwards. Before the
 * addresses are mapped again, the other CPUs must be flushed (kernel_flush_everywhere).
 */
void kernel_unmap_range(uint64_t virt, uint64_t size, void (*visit)(phys_addr_t phys));
