/*
 * Pages: the memory map as the BIOS tells it, and made clean.
 */
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/state.h"
#include "lib/e820.h"

#define ENTRIES_A_PART 15u
#define RAW_TYPES_END  6u /* firmware's types that have a name */

static unsigned parts_of(uint32_t entries) {
    return entries == 0 ? 1 : DIV_ROUND_UP(entries, ENTRIES_A_PART);
}

static void print_range(const struct boot_range *range) {
    explain_print(VALUE "%12llx %12llx  ", (unsigned long long)range->base,
                  (unsigned long long)(range->base + range->length - 1));
}

static void print_raw(uint32_t i) {
    const struct boot_range *range = &boot_info()->raw_ranges[i];
    const struct e820_call *call = &boot_facts.e820[i];

    if (call->nbytes != 0)
        explain_print(VALUE "%10x %10x %5u ", call->ebx_in, call->ebx_out, call->nbytes);
    else
        explain_print("%28s", "");
    print_range(range);
    explain_print(VALUE "%u %s\n", range->type,
                  range->type < RAW_TYPES_END ? e820_type_name(range->type) : "unknown");
}

unsigned explain_raw_map(unsigned part) {
    const struct boot_info *info = boot_info();
    uint32_t end = MIN(info->raw_range_count, (part + 1) * ENTRIES_A_PART);

    explain_text("INT 15h AX=E820h gives one range of addresses a call. EBX is 0 for the "
                 "first; the BIOS returns the EBX of the next call, or 0: that was the last.");
    explain_print("Source       " VALUE "%s: %u entries, %u skipped as empty or too many\n\n"
                  "    EBX in    EBX out bytes        first         last  type\n",
                  boot_facts.map_source, info->raw_range_count, info->e820_skipped);
    for (uint32_t i = part * ENTRIES_A_PART; i < end; i++)
        print_raw(i);
    return parts_of(info->raw_range_count);
}

/* Does the firmware's map hold this very range? */
static bool is_raw(const struct boot_range *range) {
    const struct boot_info *info = boot_info();

    for (uint32_t i = 0; i < info->raw_range_count; i++) {
        const struct boot_range *raw = &info->raw_ranges[i];

        if (raw->base == range->base && raw->length == range->length && raw->type == range->type)
            return true;
    }
    return false;
}

unsigned explain_clean_map(unsigned part) {
    const struct boot_info *info = boot_info();
    uint32_t end = MIN(info->range_count, (part + 1) * ENTRIES_A_PART);

    explain_text("Sorted; where ranges overlap the most restrictive type wins; usable memory "
                 "is rounded inward to pages of 4 KiB, all other outward; neighbours of one "
                 "type are joined; what the loader itself uses is marked. *: not so in the "
                 "BIOS' map.");
    explain_print("       first         last          KiB  type\n");
    for (uint32_t i = part * ENTRIES_A_PART; i < end; i++) {
        const struct boot_range *range = &info->ranges[i];

        print_range(range);
        explain_print(VALUE "%12llu  %s%s\n", (unsigned long long)(range->length >> 10),
                      e820_type_name(range->type), is_raw(range) ? "" : " *");
    }
    return parts_of(info->range_count);
}
