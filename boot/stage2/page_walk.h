/*
 * The way from a virtual address through four levels of tables to physical memory, as the
 * processor takes it (SDM 3A §4.5). Pure: tables are read through a callback.
 */
#pragma once

#include "lib/bits.h"

#define PAGE_WALK_LEVELS 4u /* PML4, PDPT, PD, PT */

enum page_walk_flag { PAGE_WALK_PRESENT = 1u << 0, PAGE_WALK_LARGE = 1u << 7 };

struct page_walk_step {
    uint32_t index;       /* of the entry in its table, 0 to 511 */
    uint64_t entry_phys;  /* where the entry lies */
    uint64_t entry;
    uint64_t target_phys; /* the next table or the page that it names */
};

struct page_walk {
    struct page_walk_step steps[PAGE_WALK_LEVELS];
    unsigned count;  /* entries read: fewer than four where a large page or nothing was met */
    bool mapped;     /* the last entry names a page */
    uint64_t page_bytes;
    uint64_t phys;   /* where the address leads, if mapped */
};

/* Reads the eight bytes at a physical address. */
typedef uint64_t page_walk_read_fn(uint64_t phys);

/* Walks from the top-level table that `cr3` names. */
struct page_walk page_walk(uint64_t cr3, uint64_t virt, page_walk_read_fn *read);
