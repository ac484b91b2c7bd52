#include "kernel/mm/kernel_map.h"

#include "kernel/arch/image.h"
#include "kernel/debug/selftest.h"
#include "kernel/mm/kernel_space.h"
#include "kernel/mm/page.h"
#include "kernel/mm/page_table.h"
#include "lib/string.h"

#define STACKS 100
#define VGA_TEXT 0xb8000ull

static bool is_mapped(uint64_t address, pte_t *entry) {
    struct page_walk walk;
    bool mapped = page_table_walk(kernel_page_table(), address, &walk, NULL);
    *entry = walk.entry;
    return mapped;
}

SELFTEST(map_image_rights, "map.image-rights") {
    pte_t entry;
    CHECK(is_mapped((uintptr_t)kernel_text_start, &entry) && !(entry & (PTE_WRITE | PTE_NX)));
    CHECK(is_mapped((uintptr_t)kernel_rodata_start, &entry) && !(entry & PTE_WRITE) && (entry & pte_nx) == pte_nx);
    CHECK(is_mapped((uintptr_t)kernel_data_start, &entry) && (entry & PTE_WRITE) && (entry & pte_nx) == pte_nx);
    CHECK(!is_mapped((uintptr_t)boot_stack_guard, &entry));
    /* The alias in the direct map. */
    uint64_t alias = (uintptr_t)phys_to_virt(kernel_image_to_phys(kernel_text_start));
    CHECK(is_mapped(alias, &entry) && !(entry & PTE_WRITE) && (entry & pte_nx) == pte_nx);
}

SELFTEST(map_loader_gone, "map.loader-maps-gone") {
    pte_t entry;
    CHECK(!is_mapped(0, &entry));
    CHECK(!is_mapped(0x7c00, &entry));
    CHECK(!is_mapped((uintptr_t)phys_to_virt(VGA_TEXT), &entry));
}

SELFTEST(map_device, "map.device") {
    pte_t entry;
    uint16_t *cells = kernel_map_device(VGA_TEXT + 2, 4000, MAP_UNCACHED);
    CHECK(cells && ((uintptr_t)cells & ~PAGE_MASK) == 2);
    CHECK(is_mapped((uintptr_t)cells, &entry) && (entry & PTE_UNCACHED) == PTE_UNCACHED);
    CHECK(pte_phys(entry) == VGA_TEXT && (entry & pte_nx) == pte_nx);
    kernel_unmap_device(cells, 4000);
    CHECK(!is_mapped((uintptr_t)cells, &entry));
    uint16_t *again = kernel_map_device(VGA_TEXT + 2, 4000, MAP_UNCACHED);
    CHECK(again == cells);
    kernel_unmap_device(again, 4000);
}

SELFTEST(map_stacks, "map.kernel-stacks") {
    static char *stacks[STACKS];
    pte_t entry;
    for (int i = 0; i < STACKS; i++) {
        stacks[i] = kernel_stack_alloc();
        CHECK(stacks[i]);
        memset(stacks[i], i, KERNEL_STACK_SIZE);
        CHECK(kernel_stack_is_guard((uintptr_t)stacks[i] - 1));
        CHECK(!kernel_stack_is_guard((uintptr_t)stacks[i]));
        CHECK(!is_mapped((uintptr_t)stacks[i] - 1, &entry));
    }
    for (int i = 0; i < STACKS; i++)
        kernel_stack_free(stacks[i]);
}

SELFTEST(map_tables, "map.table-pool") {
    struct page *table = page_table_alloc(0);
    CHECK(table && (table->flags & PAGE_TABLE));
    const pte_t *entries = page_to_virt(table);
    for (unsigned i = 0; i < PTE_COUNT; i++)
        CHECK(entries[i] == 0);
    page_table_free(table);
}
