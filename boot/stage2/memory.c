/*
 * The memory map: the firmware's entries and the loader's own claims, made one.
 */
#include "boot/stage2/memory.h"

#include "boot/stage2/console.h"
#include "boot/stage2/error.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/firmware_map.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "lib/assert.h"
#include "lib/e820.h"
#include "lib/string.h"

#define KIB              1024u
#define MIB              (1024u * KIB)
#define CLAIMS_MAX       16u
#define USABLE_MIN_BYTES (6u * MIB)
#define ADDRESS_LIMIT    0x100000000ull

/*
 * The firmware's entries, then the loader's claims. They lie where the kernel's stack will be:
 * nothing else needs that memory before the jump, and the last claim is made before it.
 */
#define ENTRIES_MAX (FIRMWARE_MAP_MAX + CLAIMS_MAX)
static struct boot_range *const entries = (struct boot_range *)LAYOUT_KERNEL_STACK;
static size_t entry_count;

_Static_assert(ENTRIES_MAX * sizeof(struct boot_range) <= BOOT_STACK_SIZE, "overlap");

static void rebuild(void) {
    struct boot_info *info = boot_info();

    info->range_count =
        (uint32_t)e820_sanitise(entries, entry_count, info->ranges, BOOT_MAX_RANGES).count;
}

/* What the loader itself uses, and what must never count as memory. */
static void claim_low_memory(void) {
    uint32_t low_end = boot_info()->low_memory_end;

    memory_claim(0, 0x1000, BOOT_MEM_RESERVED); /* interrupt vectors, BIOS data area */
    memory_claim(low_end, MIB - low_end, BOOT_MEM_RESERVED);
    memory_claim(LAYOUT_AP_PAGE, E820_PAGE, BOOT_MEM_LOADER);
    memory_claim(LAYOUT_BOOT_INFO, LAYOUT_BOUNCE - LAYOUT_BOOT_INFO, BOOT_MEM_LOADER);
    memory_claim(LAYOUT_STAGE2, LAYOUT_BIOS_LOG_END - LAYOUT_STAGE2, BOOT_MEM_LOADER);
}

void memory_claim(uint64_t base, uint64_t length, enum boot_mem_type type) {
    ASSERT(entry_count < ENTRIES_MAX);
    entries[entry_count++] = (struct boot_range){base, length, type, 0};
    rebuild();
}

bool memory_is_free(uint64_t base, uint64_t length) {
    const struct boot_info *info = boot_info();

    return e820_covers(info->ranges, info->range_count, base, length, BOOT_MEM_USABLE);
}

bool memory_is_touched(uint64_t base, uint64_t length) {
    const struct boot_info *info = boot_info();

    return e820_touches_memory(info->ranges, info->range_count, base, length);
}

uint32_t memory_find_top(uint64_t length, uint64_t avoid_start, uint64_t avoid_end) {
    const struct boot_info *info = boot_info();
    uint64_t above = MAX(avoid_end, (uint64_t)MIB);
    uint64_t found = e820_find_top(info->ranges, info->range_count, length, above, ADDRESS_LIMIT);

    if (found == 0 && avoid_start > MIB)
        found = e820_find_top(info->ranges, info->range_count, length, MIB, avoid_start);
    return (uint32_t)found;
}

void memory_detect(void) {
    struct boot_info *info = boot_info();

    trace_step(BOOT_STEP_MEMORY);
    console_step("memory");
    info->low_memory_end = firmware_low_memory_end();
    if (info->low_memory_end < LAYOUT_LOW_END)
        error_fatal(ERROR_MEMORY_LOW, "%u KiB free, %u KiB needed", info->low_memory_end / KIB,
                    LAYOUT_LOW_END / KIB);
    const char *source = firmware_map_read(entries, &entry_count);

    if (!source)
        error_fatal(ERROR_MEMORY_MAP, "INT 15h E820, E801 and 88 all fail");
    boot_facts.map_source = source;
    claim_low_memory();
    uint64_t usable = e820_total(info->ranges, info->range_count, BOOT_MEM_USABLE);
    uint32_t usable_kib = (uint32_t)(usable >> 10);

    if (usable < USABLE_MIN_BYTES)
        error_fatal(ERROR_MEMORY_TOO_LITTLE, "%u KiB usable by %s", usable_kib, source);
    console_printf("%u MiB usable, %u ranges by %s\n", usable_kib / KIB, info->raw_range_count,
                   source);
    trace_step_done(BOOT_STEP_MEMORY, usable_kib);
}
