/* Flushing translations, and the gather. See tlb.h. */
#include "kernel/vm/tlb.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/cpu_call.h"
#include "kernel/vm/counts.h"
#include "kernel/vm/page_table.h"
#include "lib/assert.h"

/* Above this many pages one reload of CR3 is cheaper than INVLPG for each. */
#define FLUSH_PAGES_MAX 32u

/* User translations are never global: writing CR3 drops them all (SDM 3A §4.10.4.1). */
static void flush_local(uint64_t start, uint64_t end) {
    if ((end - start) >> PAGE_SHIFT > FLUSH_PAGES_MAX) {
        cpu_write_cr3(cpu_read_cr3());
        return;
    }
    for (uint64_t address = start; address < end; address += PAGE_SIZE)
        cpu_flush_page(address);
}

struct flush {
    struct space *space;
    uint64_t start, end;
};

/* On another CPU. One whose thread only borrows the tables gives them up, and is not asked again. */
static void flush_here(void *argument) {
    const struct flush *flush = argument;

    sched_forget_mmu(&flush->space->mmu);
    if (atomic_load(&flush->space->mmu.active_cpus) & BIT(cpu_id()))
        flush_local(flush->start, flush->end);
}

void tlb_flush_range(struct space *space, uint64_t start, uint64_t end) {
    /* A CPU whose bit is not seen after the change of the entries loads the tables after it, too. */
    memory_barrier();
    uint64_t active = atomic_load(&space->mmu.active_cpus);
    uint64_t self = BIT(cpu_id());

    if (active & self)
        flush_local(start, end);
    if (active & ~self) {
        struct flush flush = {space, start, end};
        cpu_call(active, flush_here, &flush);
    }
}

static void forget_here(void *mmu) {
    sched_forget_mmu(mmu);
}

void tlb_forget_space(struct space *space) {
    cpu_call(atomic_load(&space->mmu.active_cpus), forget_here, &space->mmu);
}

void tlb_flush_page(struct space *space, uint64_t address) {
    tlb_flush_range(space, address, address + PAGE_SIZE);
}

static void gather_reset(struct tlb_gather *gather) {
    gather->start = UINT64_MAX;
    gather->end = 0;
    gather->count = 0;
    gather->tables = NULL;
}

void tlb_gather_begin(struct tlb_gather *gather, struct space *space) {
    gather->space = space;
    gather->anon = gather->file = 0;
    gather_reset(gather);
}

static void gather_flush(struct tlb_gather *gather) {
    /* INVLPG of any address also drops the cached upper levels (SDM 3A §4.10.4.1). */
    if (gather->start < gather->end)
        tlb_flush_range(gather->space, gather->start, gather->end);
    for (unsigned i = 0; i < gather->count; i++)
        page_put(gather->pages[i]);
    while (gather->tables) {
        struct page *table = gather->tables;
        gather->tables = (void *)table->u.free.node.next;
        page_table_free(table);
    }
    gather_reset(gather);
}

static void gather_address(struct tlb_gather *gather, uint64_t address) {
    gather->start = MIN(gather->start, address);
    gather->end = MAX(gather->end, address + PAGE_SIZE);
}

void tlb_gather_page(struct tlb_gather *gather, uint64_t address, struct page *page) {
    gather_address(gather, address);
    if (!page)
        return;
    if (page->flags & PAGE_OBJECT)
        gather->file++;
    else
        gather->anon++;
    gather->pages[gather->count++] = page;
    if (gather->count == TLB_GATHER_PAGES)
        gather_flush(gather);
}

void tlb_gather_table(struct tlb_gather *gather, uint64_t address, struct page *table) {
    gather_address(gather, address);
    table->u.free.node.next = (void *)gather->tables;
    gather->tables = table;
}

void tlb_gather_end(struct tlb_gather *gather) {
    struct space *space = gather->space;

    gather_flush(gather);
    if (!(gather->anon | gather->file))
        return;
    space->resident_peak = space_resident_peak(space); /* it shrinks only here */
    if (gather->anon)
        atomic_fetch_sub(&space->resident_anon, gather->anon);
    if (gather->file)
        atomic_fetch_sub(&space->resident_file, gather->file);
    vm_count(file_mappings, -gather->file);
}
