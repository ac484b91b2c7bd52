#include "kernel/mm/kernel_space.h"

#include "kernel/arch/boot.h"
#include "kernel/arch/image.h"
#include "kernel/log/panic.h"
#include "kernel/mm/boot_memory.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page_table.h"
#include "kernel/sync/cpu_call.h"
#include "lib/string.h"

#define LARGE_PAGE 0x200000ull /* level 2, SDM 3A table 4-17 */

const uint8_t zero_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static phys_addr_t kernel_root_phys;

phys_addr_t kernel_page_table(void) {
    return kernel_root_phys;
}

phys_addr_t kernel_image_to_phys(const void *symbol) {
    return (uintptr_t)symbol - boot_info.kernel_virt_start + boot_info.kernel_phys_start;
}

static void map(uint64_t virt, phys_addr_t phys, uint64_t size, pte_t flags) {
    /* Cannot fail: while booting, running out of memory panics. */
    int error = kernel_map_range(virt, phys, size, flags | PTE_ACCESSED | PTE_DIRTY | pte_global, true);
    ASSERT(error == 0);
}

static void map_image(const char *start, const char *end, pte_t flags) {
    /* Through 4 KiB pages only: the sections are not aligned to more. */
    int error = kernel_map_range((uintptr_t)start, kernel_image_to_phys(start), (uint64_t)(end - start),
                                 flags | PTE_ACCESSED | PTE_DIRTY | pte_global, false);
    ASSERT(error == 0);
}

static void map_kernel_image(void) {
    const char *text_end = (const char *)ALIGN_UP((uintptr_t)kernel_text_end, PAGE_SIZE);
    const char *rodata_end = (const char *)ALIGN_UP((uintptr_t)kernel_rodata_end, PAGE_SIZE);
    map_image(kernel_text_start, text_end, 0);
    map_image(text_end, rodata_end, pte_nx);
    /* The page below the boot stack stays unmapped: overflow faults. */
    map_image(kernel_data_start, boot_stack_guard, PTE_WRITE | pte_nx);
    map_image(boot_stack_guard + PAGE_SIZE, kernel_end, PTE_WRITE | pte_nx);
}

static void map_direct(phys_addr_t start, phys_addr_t end, pte_t flags) {
    if (start < end)
        map(DIRECT_MAP_BASE + start, start, end - start, flags | pte_nx);
}

static void map_all_ram(void) {
    phys_addr_t read_only_start = kernel_image_to_phys(kernel_text_start);
    phys_addr_t read_only_end = kernel_image_to_phys(kernel_data_start);
    for (size_t i = 0; i < ram_range_count; i++) {
        phys_addr_t start = ram_ranges[i].start, end = ram_ranges[i].end;
        map_direct(start, MIN(end, read_only_start), PTE_WRITE);
        map_direct(MAX(start, read_only_start), MIN(end, read_only_end), 0);
        map_direct(MAX(start, read_only_end), end, PTE_WRITE);
    }
}

/* struct page for each frame of the blocks [first, end); uninitialised, page_init does that. */
static void map_page_array(uint64_t first_block, uint64_t end_block) {
    const uint64_t block_bytes = sizeof(struct page) << PAGE_ORDER_MAX;
    uint64_t virt = PAGE_ARRAY_BASE + first_block * block_bytes;
    uint64_t size = (end_block - first_block) * block_bytes;
    /* At the same place modulo 2 MiB, so that large pages fit. */
    uint64_t modulus = size >= LARGE_PAGE ? LARGE_PAGE : PAGE_SIZE;
    phys_addr_t phys = boot_memory_take(size, modulus, virt & (modulus - 1), DIRECT_MAP_SIZE);
    map(virt, phys, size, PTE_WRITE | pte_nx);
}

static void map_page_arrays(void) {
    uint64_t done = 0; /* blocks below have their array */
    for (size_t i = 0; i < ram_range_count; i++) {
        uint64_t first = MAX(ram_ranges[i].start / PAGE_BLOCK_SIZE, done);
        uint64_t end = DIV_ROUND_UP(ram_ranges[i].end, PAGE_BLOCK_SIZE);
        if (first >= end)
            continue;
        map_page_array(first, end);
        done = end;
    }
}

/* Top-level entries that later mappings will need: they must exist before address spaces copy them. */
static void reserve_top_level(void) {
    pte_t *root = phys_to_virt(kernel_root_phys);
    pte_t *entry = &root[pte_index(VMAP_BASE, PTE_LEVELS)];
    phys_addr_t table = boot_memory_take(PAGE_SIZE, PAGE_SIZE, 0, BOOT_OFFSET_MAP_SIZE);
    memset(phys_to_virt(table), 0, PAGE_SIZE);
    ASSERT(*entry == 0);
    *entry = table | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
}

static void flush_here(void *unused) {
    (void)unused;
    cpu_flush_all();
}

void kernel_flush_everywhere(void) {
    cpu_call(cpu_mask_all(), flush_here, NULL);
    cpu_flush_all();
}

void kernel_space_init(void) {
    pte_init();
    kernel_root_phys = boot_memory_take(PAGE_SIZE, PAGE_SIZE, 0, BOOT_OFFSET_MAP_SIZE);
    memset(phys_to_virt(kernel_root_phys), 0, PAGE_SIZE);
    map_kernel_image();
    map_all_ram();
    map_page_arrays();
    reserve_top_level();
    cpu_write_cr3(kernel_root_phys);
    cpu_flush_all();
}
