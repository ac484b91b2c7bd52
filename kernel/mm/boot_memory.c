#define LOG_TAG "mm"
#include "kernel/mm/boot_memory.h"

#include "kernel/arch/boot.h"
#include "kernel/log/panic.h"
#include "kernel/mm/layout.h"
#include "lib/bits.h"
#include "lib/string.h"

/* Taking from the middle of a range splits it, so there can be more than the firmware listed. */
#define FREE_RANGES_MAX (BOOT_MAX_RANGES + 64u)

/* Below it a BIOS keeps its data and runs code of expansion cards. */
#define LOW_MEMORY_END 0x100000ull

static struct phys_range free_ranges[FREE_RANGES_MAX]; /* unsorted */
static size_t free_range_count;

struct phys_range ram_ranges[BOOT_MAX_RANGES];
size_t ram_range_count;

static bool type_is_ram(uint32_t type) {
    return type == BOOT_MEM_USABLE || type == BOOT_MEM_ACPI || type == BOOT_MEM_LOADER ||
           type == BOOT_MEM_KERNEL || type == BOOT_MEM_RAMFS;
}

static void free_range_add(phys_addr_t start, phys_addr_t end) {
    if (start >= end)
        return;
    ASSERT(free_range_count < FREE_RANGES_MAX);
    free_ranges[free_range_count++] = (struct phys_range){start, end};
}

static void ram_range_add(phys_addr_t start, phys_addr_t end) {
    if (ram_range_count > 0 && ram_ranges[ram_range_count - 1].end == start)
        ram_ranges[ram_range_count - 1].end = end;
    else
        ram_ranges[ram_range_count++] = (struct phys_range){start, end};
}

void boot_memory_init(void) {
    for (uint32_t i = 0; i < boot_info.range_count; i++) {
        const struct boot_range *range = &boot_info.ranges[i];
        /* Page 0 stays out: a NULL physical address must never be valid. */
        phys_addr_t start = MAX(ALIGN_UP(range->base, PAGE_SIZE), PAGE_SIZE);
        phys_addr_t end = MIN(ALIGN_DOWN(range->base + range->length, PAGE_SIZE), DIRECT_MAP_SIZE);
        if (start >= end || !type_is_ram(range->type))
            continue;
        ram_range_add(start, end);
        if (range->type == BOOT_MEM_USABLE)
            free_range_add(start, end);
    }
    if (free_range_count == 0)
        panic("the memory map has no usable memory");
}

/* Highest fitting start in `range`, or 0. */
static phys_addr_t place(const struct phys_range *range, uint64_t size, uint64_t modulus, uint64_t remainder,
                         phys_addr_t limit) {
    phys_addr_t end = MIN(range->end, limit);
    if (end < size + remainder)
        return 0;
    phys_addr_t start = ALIGN_DOWN(end - size - remainder, modulus) + remainder;
    return start >= range->start ? start : 0;
}

phys_addr_t boot_memory_take(uint64_t size, uint64_t modulus, uint64_t remainder, phys_addr_t limit) {
    struct phys_range *best = NULL;
    phys_addr_t best_start = 0;
    size = ALIGN_UP(size, PAGE_SIZE);
    for (size_t i = 0; i < free_range_count; i++) {
        phys_addr_t start = place(&free_ranges[i], size, modulus, remainder, limit);
        if (start > best_start) {
            best = &free_ranges[i];
            best_start = start;
        }
    }
    if (!best)
        panic("out of memory while booting: no %lu bytes", (unsigned long)size);
    phys_addr_t old_end = best->end;
    best->end = best_start;
    free_range_add(best_start + size, old_end);
    return best_start;
}

/*
 * Memory that firmware and loader ran in is cleared: nothing of them stays, and an emulator forgets what it translated
 * of their code. It would go on watching these pages for changes, so that every write to them was slow, whatever
 * they are used for by then.
 */
static void release_used(phys_addr_t start, phys_addr_t end, void (*visit)(phys_addr_t start, phys_addr_t end)) {
    memset(phys_to_virt(start), 0, end - start);
    visit(start, end);
}

void boot_memory_release(void (*visit)(phys_addr_t start, phys_addr_t end)) {
    for (size_t i = 0; i < free_range_count; i++) {
        phys_addr_t high = MAX(free_ranges[i].start, MIN(free_ranges[i].end, LOW_MEMORY_END));
        if (free_ranges[i].start < high)
            release_used(free_ranges[i].start, high, visit);
        if (high < free_ranges[i].end)
            visit(high, free_ranges[i].end);
    }
    for (uint32_t i = 0; i < boot_info.range_count; i++) {
        const struct boot_range *range = &boot_info.ranges[i];
        if (range->type != BOOT_MEM_LOADER)
            continue;
        for (phys_addr_t page = range->base; page < range->base + range->length; page += PAGE_SIZE)
            if (page != 0 && page != BOOT_AP_PAGE)
                release_used(page, page + PAGE_SIZE, visit);
    }
}

bool boot_memory_is_free(phys_addr_t start, phys_addr_t end) {
    for (size_t i = 0; i < free_range_count; i++)
        if (free_ranges[i].start <= start && end <= free_ranges[i].end)
            return true;
    return false;
}
