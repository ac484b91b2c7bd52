/*
 * Page walks. Facts: SDM 3A §4.5.4, tables 4-15 to 4-20.
 */
#include "boot/stage2/page_walk.h"

#define ADDRESS_MASK 0x000ffffffffff000ull
#define INDEX_BITS   9u
#define PAGE_SHIFT   12u

/* Large pages end a walk at the levels of the PDPT (1 GiB) and the PD (2 MiB) only. */
static bool names_page(uint64_t entry, unsigned level) {
    bool can_be_large = level == 1 || level == 2;

    return level == PAGE_WALK_LEVELS - 1 || (can_be_large && (entry & PAGE_WALK_LARGE));
}

struct page_walk page_walk(uint64_t cr3, uint64_t virt, page_walk_read_fn *read) {
    struct page_walk walk = {0};
    uint64_t table = cr3 & ADDRESS_MASK;

    for (unsigned level = 0; level < PAGE_WALK_LEVELS && !walk.mapped; level++) {
        unsigned shift = PAGE_SHIFT + INDEX_BITS * (PAGE_WALK_LEVELS - 1 - level);
        struct page_walk_step *step = &walk.steps[level];

        step->index = (uint32_t)(virt >> shift) & ((1u << INDEX_BITS) - 1);
        step->entry_phys = table + step->index * 8u;
        step->entry = read(step->entry_phys);
        walk.count = level + 1;
        if (!(step->entry & PAGE_WALK_PRESENT))
            break;
        walk.mapped = names_page(step->entry, level);
        walk.page_bytes = BIT(shift);
        table = step->entry & ADDRESS_MASK;
        if (walk.mapped) /* a large page's PAT bit is none of its address */
            table = ALIGN_DOWN(table, walk.page_bytes);
        step->target_phys = table;
    }
    if (walk.mapped)
        walk.phys = table | (virt & (walk.page_bytes - 1));
    return walk;
}
