/*
 * The memory map as a page of the menu.
 */
#include "boot/stage2/facts.h"
#include "boot/stage2/menu_pages.h"
#include "boot/stage2/pager.h"
#include "boot/stage2/state.h"
#include "lib/e820.h"

static void add_ranges(const struct boot_range *ranges, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const struct boot_range *r = &ranges[i];
        uint64_t kib = r->length >> 10;
        bool large = kib > UINT16_MAX;

        pager_add(" %012llx-%012llx %-8s %5u %s", (unsigned long long)r->base,
                  (unsigned long long)(r->base + r->length - 1), e820_type_name(r->type),
                  (uint32_t)(large ? kib >> 10 : kib), large ? "MiB" : "KiB");
    }
    pager_add(" ");
}

void menu_show_memory(void) {
    const struct boot_info *info = boot_info();
    uint64_t usable = e820_total(info->ranges, info->range_count, BOOT_MEM_USABLE);

    pager_clear();
    pager_add("From the BIOS by %s: %u ranges", boot_facts.map_source, info->raw_range_count);
    add_ranges(info->raw_ranges, info->raw_range_count);
    pager_add("Sorted, overlaps resolved: %u ranges", info->range_count);
    add_ranges(info->ranges, info->range_count);
    pager_add(" %u MiB free; the BIOS's own begins at %u KiB", (uint32_t)(usable >> 20),
              info->low_memory_end >> 10);
    pager_show("Memory map");
}
