/*
 * The user half of a space's page tables (SDM 3A §4.5; entry bits in arch/pte.h).
 *
 * Invariants
 *  1. An entry that is not zero owns one reference to its page, unless PTE_UNCOUNTED is set (the
 *     zero page, device memory).
 *  2. An entry that is not zero but not present (PTE_BARRED) keeps its page while the mapping
 *     allows no access.
 *  3. An entry is writable only if nobody else can see the page as private memory, or the mapping
 *     is shared (and the page is marked dirty if that matters).
 *  4. A freed table has only zero entries.
 *
 * Locks: space->table_lock guards the entries of leaf tables and the removal of tables; tables are
 * added without it, by compare-and-exchange. Freeing tables also needs space->lock for writing.
 */
#pragma once

#include "kernel/arch/pte.h"
#include "kernel/mm/page.h"
#include "kernel/mm/page_table.h"
#include "kernel/vm/space.h"

#define PTE_UNCOUNTED PTE_SOFT_0
#define PTE_BARRED PTE_SOFT_1

#define LEAF_SPAN (1ull << 21) /* bytes that one leaf table maps */

/* Top-level tables come with the kernel's half filled in. 0 when memory is short. */
phys_addr_t table_root_alloc(void);
void table_root_free(phys_addr_t root_phys);
/* How many are kept at hand, as of about now. */
uint64_t table_root_kept(void);

/* The entry of `address`, or NULL if no table serves it. */
pte_t *table_find(struct space *space, uint64_t address);
/* The same, making tables that are missing; NULL when memory is short. */
pte_t *table_make(struct space *space, uint64_t address);

/* The bits that a mapping gives its entries; write permission is granted page by page. */
pte_t table_bits(uint32_t vma_flags);

/* Drops the pages of [start, end) that are not the space's own: those of objects, and zeros. */
void table_unmap_shown(struct space *space, uint64_t start, uint64_t end);
/* Drops all pages of [start, end). */
void table_unmap(struct space *space, uint64_t start, uint64_t end);
/* Drops all pages of [start, end) and the tables that served only [floor, ceiling). Lock held for writing. */
void table_release(struct space *space, uint64_t start, uint64_t end, uint64_t floor, uint64_t ceiling);
/* All pages and tables of a space that nobody uses any more. */
void table_release_all(struct space *space);
/* Applies the flags of a mapping whose access rights changed. */
void table_protect(struct space *space, uint64_t start, uint64_t end, uint32_t vma_flags);
/* Takes write permission away, keeping the rest. */
void table_write_protect(struct space *space, uint64_t start, uint64_t end);
/* Shares the parent's private pages of a mapping with a child, copy-on-write in both: 0 or -ENOMEM. */
int table_copy(struct space *child, struct space *parent, const struct vma *vma);
/* Moves entries to another address of the same space: 0 or -ENOMEM (some moved: call again to move back). */
int table_move(struct space *space, uint64_t from, uint64_t to, uint64_t length);
