/*
 * Keeping the CPUs' translation caches true to the page tables (SDM 3A §4.10). A space's
 * mmu.active_cpus says which CPUs may hold its translations.
 *
 * The gather holds back pages and tables taken out of a space until no CPU can reach them any more.
 */
#pragma once

#include "kernel/mm/page.h"
#include "kernel/vm/space.h"

/* Interrupts on; no lock held that is taken with interrupts off: other CPUs are waited for. */
void tlb_flush_page(struct space *space, uint64_t address);
void tlb_flush_range(struct space *space, uint64_t start, uint64_t end);

/* No CPU keeps the tables of a space that has no user any more. The same conditions. */
void tlb_forget_space(struct space *space);

#define TLB_GATHER_PAGES 48u

struct tlb_gather {
    struct space *space;
    uint64_t start, end;     /* addresses changed since the last flush */
    struct page *tables;     /* linked through u.free.node.next */
    int64_t anon, file;      /* pages taken out, for the resident counters */
    unsigned count;
    struct page *pages[TLB_GATHER_PAGES];
};

void tlb_gather_begin(struct tlb_gather *gather, struct space *space);
/* The entry of `address` was cleared; `page` (NULL: not counted) loses that reference later. */
void tlb_gather_page(struct tlb_gather *gather, uint64_t address, struct page *page);
/* A table that served `address` was unhooked; its entries are all zero. */
void tlb_gather_table(struct tlb_gather *gather, uint64_t address, struct page *table);
void tlb_gather_end(struct tlb_gather *gather);
