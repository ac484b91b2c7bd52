/*
 * Device memory, mapped at addresses that are handed out upward and reused by first fit. map_lock
 * guards the free list and the page tables of the region.
 */
#include "kernel/mm/kernel_map.h"

#include "kernel/arch/pte.h"
#include "kernel/log/panic.h"
#include "kernel/mm/kernel_space.h"
#include "kernel/mm/page.h"
#include "kernel/mm/page_table.h"
#include "kernel/mm/vmap.h"
#include "kernel/sync/spinlock.h"

#define HOLES_MAX 64u /* when there are more, addresses are lost, not memory */

DEFINE_LOCK_CLASS(map_class, "device mappings");
static struct spinlock map_lock = SPINLOCK_INIT(map_class);

static struct {
    uint64_t start, size;
} holes[HOLES_MAX]; /* [map_lock] */
static size_t hole_count;
static uint64_t next_address = VMAP_DEVICES_BASE; /* [map_lock] */

/* An unmapped page follows each mapping, so that overruns fault. 0: the region is full. */
static uint64_t address_take(uint64_t size) {
    size += PAGE_SIZE;
    for (size_t i = 0; i < hole_count; i++) {
        if (holes[i].size < size)
            continue;
        uint64_t address = holes[i].start;
        holes[i].start += size;
        holes[i].size -= size;
        if (holes[i].size == 0)
            holes[i] = holes[--hole_count];
        return address;
    }
    if (size > VMAP_DEVICES_BASE + VMAP_DEVICES_SIZE - next_address)
        return 0;
    next_address += size;
    return next_address - size;
}

static void address_give(uint64_t address, uint64_t size) {
    if (hole_count == HOLES_MAX)
        return;
    holes[hole_count].start = address;
    holes[hole_count++].size = size + PAGE_SIZE;
}

static pte_t cache_bits(enum map_cache cache) {
    switch (cache) {
    case MAP_CACHED:
        return 0;
    case MAP_WRITE_COMBINING:
        return cpu_has(CPU_PAT) ? PTE_WRITE_COMBINING : PTE_UNCACHED;
    default:
        return PTE_UNCACHED;
    }
}

static bool in_direct_map(uint64_t address) {
    return address - DIRECT_MAP_BASE < DIRECT_MAP_SIZE;
}

void *kernel_map_device(phys_addr_t phys, size_t size, enum map_cache cache) {
    phys_addr_t start = ALIGN_DOWN(phys, PAGE_SIZE);
    uint64_t length = ALIGN_UP(phys + size, PAGE_SIZE) - start;
    if (cache == MAP_CACHED && phys_has_page(start) && phys_has_page(start + length - 1))
        return phys_to_virt(phys); /* RAM is mapped already */

    uint64_t flags = spin_lock_irqsave(&map_lock);
    uint64_t address = address_take(length);
    int error = address == 0 ? -1 : kernel_map_range(address, start, length,
                                                     PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | pte_global | pte_nx |
                                                         cache_bits(cache), false);
    spin_unlock_irqrestore(&map_lock, flags);
    return error ? NULL : (void *)(address + (phys - start));
}

void kernel_unmap_device(void *virt, size_t size) {
    uint64_t start = ALIGN_DOWN((uintptr_t)virt, PAGE_SIZE);
    uint64_t length = ALIGN_UP((uintptr_t)virt + size, PAGE_SIZE) - start;
    if (in_direct_map(start))
        return;
    ASSERT(start >= VMAP_DEVICES_BASE);
    uint64_t flags = spin_lock_irqsave(&map_lock);
    kernel_unmap_range(start, length, NULL);
    spin_unlock_irqrestore(&map_lock, flags);
    kernel_flush_everywhere();
    flags = spin_lock_irqsave(&map_lock);
    address_give(start, length);
    spin_unlock_irqrestore(&map_lock, flags);
}
