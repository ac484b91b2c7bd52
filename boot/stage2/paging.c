/*
 * Page tables. Facts: SDM 3A §4.5 (4-level paging).
 */
#include "boot/stage2/paging.h"

#include "boot/stage2/console.h"
#include "boot/stage2/error.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "lib/assert.h"
#include "lib/string.h"

#define PAGE_PRESENT  BIT(0)
#define PAGE_WRITE    BIT(1)
#define PAGE_LARGE    BIT(7)
#define PAGE_NX       BIT(63)
#define PAGE_ADDRESS  0x000ffffffffff000ull

#define PAGE_BYTES    4096u
#define ENTRIES       512u
#define SHIFT_4K      12u
#define SHIFT_2M      21u
#define SHIFT_1G      30u
#define SHIFT_TOP     39u

static uint32_t next_table; /* address of the first free page for tables */

static uint64_t *allocate_table(void) {
    if (next_table == LAYOUT_PAGE_TABLES_END)
        error_fatal(ERROR_PAGE_TABLES, "%u pages of tables are not enough",
                    (LAYOUT_PAGE_TABLES_END - LAYOUT_PAGE_TABLES) / PAGE_BYTES);
    uint64_t *table = (uint64_t *)(uintptr_t)next_table;

    memset(table, 0, PAGE_BYTES);
    next_table += PAGE_BYTES;
    return table;
}

static uint64_t *entry_of(uint64_t *table, uint64_t address, unsigned shift) {
    return &table[(uint32_t)(address >> shift) % ENTRIES];
}

/* The table that `entry` points to, a new one if it points to none. */
static uint64_t *table_below(uint64_t *entry) {
    if (!(*entry & PAGE_PRESENT))
        *entry = (uintptr_t)allocate_table() | PAGE_PRESENT | PAGE_WRITE;
    return (uint64_t *)(uintptr_t)(uint32_t)(*entry & PAGE_ADDRESS);
}

static void fill_with_2m_pages(uint64_t *table, uint64_t base) {
    for (uint32_t i = 0; i < ENTRIES; i++)
        table[i] = (base + ((uint64_t)i << SHIFT_2M)) | PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE;
}

/* The first 4 GiB twice, through one shared table of the second level. */
static void map_low_memory(uint64_t *top) {
    uint64_t *gigabytes = table_below(entry_of(top, 0, SHIFT_TOP));
    bool large = boot_info()->cpu.features & BOOT_CPU_1G_PAGES;

    for (uint64_t base = 0; base < BOOT_OFFSET_MAP_SIZE; base += 1ull << SHIFT_1G) {
        uint64_t *entry = entry_of(gigabytes, base, SHIFT_1G);

        if (large)
            *entry = base | PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE;
        else
            fill_with_2m_pages(table_below(entry), base);
    }
    *entry_of(top, BOOT_OFFSET_MAP, SHIFT_TOP) = *entry_of(top, 0, SHIFT_TOP);
}

/*
 * One segment in 4 KiB pages with its rights. Where two segments share a page, it gets the rights
 * of both.
 */
static void map_segment(uint64_t *top, const struct elf_segment *s) {
    bool nx = boot_info()->cpu.features & BOOT_CPU_NX;
    uint64_t rights = PAGE_PRESENT | (s->flags & ELF_FLAG_WRITE ? PAGE_WRITE : 0);
    uint64_t no_execute = nx && !(s->flags & ELF_FLAG_EXECUTE) ? PAGE_NX : 0;
    uint64_t end = s->vaddr + s->memory_size;

    for (uint64_t v = ALIGN_DOWN(s->vaddr, PAGE_BYTES); v < end; v += PAGE_BYTES) {
        uint64_t *gigabytes = table_below(entry_of(top, v, SHIFT_TOP));
        uint64_t *megabytes = table_below(entry_of(gigabytes, v, SHIFT_1G));
        uint64_t *entry = entry_of(table_below(entry_of(megabytes, v, SHIFT_2M)), v, SHIFT_4K);
        uint64_t keep_nx = *entry & PAGE_PRESENT ? *entry & no_execute : no_execute;

        ASSERT(IS_ALIGNED(v - s->vaddr + s->paddr, PAGE_BYTES));
        *entry = (v - s->vaddr + s->paddr) | (*entry & PAGE_WRITE) | rights | keep_nx;
    }
}

void paging_build(const struct loaded_kernel *kernel) {
    trace_step(BOOT_STEP_PAGING);
    next_table = LAYOUT_PAGE_TABLES;
    uint64_t *top = allocate_table();

    map_low_memory(top);
    for (unsigned i = 0; i < kernel->header.segment_count; i++) {
        if (kernel->segments[i].type == ELF_SEGMENT_LOAD)
            map_segment(top, &kernel->segments[i]);
    }
    boot_info()->page_table_phys = (uintptr_t)top;
    boot_facts.table_pages = (next_table - LAYOUT_PAGE_TABLES) / PAGE_BYTES;
    trace_step_done(BOOT_STEP_PAGING, boot_facts.table_pages);
}
