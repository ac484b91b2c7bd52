/*
 * Invariant: a pooled table is all zero. Whoever frees a table has just emptied it, so zeroing it
 * again would be wasted.
 */
#include "kernel/mm/page_table.h"

#include "boot/bootinfo.h"
#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/log/panic.h"
#include "kernel/mm/boot_memory.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/kernel_space.h"
#include "lib/errno.h"
#include "lib/string.h"

#define POOL_SIZE 32u

struct table_pool {
    uint32_t count;
    struct page *tables[POOL_SIZE];
};
static DEFINE_PER_CPU(struct table_pool, table_pool); /* interrupts off */
static uint64_t table_count;                          /* atomic; pooled ones included */

struct page *page_table_alloc(unsigned alloc_flags) {
    uint64_t flags = irq_save();
    struct table_pool *pool = this_cpu_ptr(table_pool);
    struct page *table = pool->count > 0 ? pool->tables[--pool->count] : NULL;
    irq_restore(flags);
    if (table)
        return table;
    table = page_alloc(0, PAGE_ALLOC_ZERO | alloc_flags);
    if (!table)
        return NULL;
    table->flags = PAGE_TABLE;
    atomic_fetch_add(&table_count, 1ull);
    return table;
}

void page_table_free(struct page *table) {
    ASSERT(table->flags & PAGE_TABLE);
    uint64_t flags = irq_save();
    struct table_pool *pool = this_cpu_ptr(table_pool);
    bool pooled = pool->count < POOL_SIZE;
    if (pooled)
        pool->tables[pool->count++] = table;
    irq_restore(flags);
    if (!pooled)
        page_table_discard(table);
}

void page_table_discard(struct page *table) {
    atomic_fetch_sub(&table_count, 1ull);
    table->flags = 0;
    page_free(table, 0);
}

uint64_t page_table_pages(void) {
    return atomic_load_relaxed(&table_count);
}

uint64_t page_table_kept_pages(void) {
    uint64_t kept = 0;
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        kept += atomic_load_relaxed(&per_cpu_ptr(table_pool, cpu)->count);
    return kept;
}

void page_table_copy_kernel(pte_t *root) {
    const pte_t *kernel_root = phys_to_virt(kernel_page_table());
    memcpy(root + PTE_KERNEL_FIRST, kernel_root + PTE_KERNEL_FIRST,
           (PTE_COUNT - PTE_KERNEL_FIRST) * sizeof(pte_t));
}

bool page_table_walk(phys_addr_t root_phys, uint64_t virt, struct page_walk *walk, phys_addr_t *phys) {
    phys_addr_t table = root_phys & PTE_ADDRESS_MASK;
    *walk = (struct page_walk){0};
    for (unsigned level = PTE_LEVELS; level > 0; level--) {
        walk->level = level;
        if (!phys_has_page(table))
            return false;
        pte_t entry = ((const pte_t *)phys_to_virt(table))[pte_index(virt, level)];
        walk->entry = walk->entries[level] = entry;
        if (!(entry & PTE_PRESENT))
            return false;
        if (pte_is_leaf(entry, level)) {
            if (phys)
                *phys = pte_large_phys(entry, level) | (virt & (pte_span(level) - 1));
            return true;
        }
        table = pte_phys(entry);
    }
    return false;
}

/* Until the page allocator works, tables come from where the loader's map reaches. 0: no memory. */
static phys_addr_t kernel_table_alloc(void) {
    if (page_allocator_ready()) {
        struct page *page = page_table_alloc(0);
        return page ? page_to_phys(page) : 0;
    }
    phys_addr_t phys = boot_memory_take(PAGE_SIZE, PAGE_SIZE, 0, BOOT_OFFSET_MAP_SIZE);
    memset(phys_to_virt(phys), 0, PAGE_SIZE);
    return phys;
}

/* The entry for `virt` at `level` of the kernel's tables, making tables on the way; NULL: no memory. */
static pte_t *kernel_entry_at(uint64_t virt, unsigned level) {
    pte_t *table = phys_to_virt(kernel_page_table());
    for (unsigned l = PTE_LEVELS; l > level; l--) {
        pte_t *entry = &table[pte_index(virt, l)];
        if (!(*entry & PTE_PRESENT)) {
            phys_addr_t phys = kernel_table_alloc();
            if (phys == 0)
                return NULL;
            *entry = phys | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
        }
        ASSERT(!(*entry & PTE_LARGE));
        table = phys_to_virt(pte_phys(*entry));
    }
    return &table[pte_index(virt, level)];
}

static unsigned largest_level(uint64_t virt, phys_addr_t phys, uint64_t size) {
    for (unsigned level = cpu_has(CPU_PAGES_1G) ? 3 : 2; level > 1; level--)
        if (IS_ALIGNED(virt | phys, pte_span(level)) && size >= pte_span(level))
            return level;
    return 1;
}

int kernel_map_range(uint64_t virt, phys_addr_t phys, uint64_t size, pte_t flags, bool large) {
    ASSERT(IS_ALIGNED(virt | phys | size, PAGE_SIZE));
    while (size > 0) {
        unsigned level = large ? largest_level(virt, phys, size) : 1;
        pte_t *entry = kernel_entry_at(virt, level);
        if (!entry)
            return -ENOMEM;
        /* One run of entries within this table. */
        do {
            ASSERT(*entry == 0);
            *entry++ = phys | flags | PTE_PRESENT | (level > 1 ? PTE_LARGE : 0);
            virt += pte_span(level);
            phys += pte_span(level);
            size -= pte_span(level);
        } while (size >= pte_span(level) && pte_index(virt, level) != 0);
    }
    return 0;
}

void kernel_unmap_range(uint64_t virt, uint64_t size, void (*visit)(phys_addr_t phys)) {
    for (; size > 0; virt += PAGE_SIZE, size -= PAGE_SIZE) {
        pte_t *entry = kernel_entry_at(virt, 1);
        ASSERT(entry && (*entry & PTE_PRESENT));
        phys_addr_t phys = pte_phys(*entry);
        *entry = 0;
        cpu_flush_page(virt);
        if (visit)
            visit(phys);
    }
}
