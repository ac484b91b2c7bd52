/*
 * The memory map. Facts: ACPI 6.4 §15.1 (INT 15h E820h); "Ralf Brown's Interrupt List" for
 * E801h and 88h.
 */
#include "boot/stage2/memory.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/error.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "lib/assert.h"
#include "lib/e820.h"
#include "lib/string.h"

#define E820_SIGNATURE      0x534d4150u /* "SMAP" */
#define E820_BYTES_WANTED   24u
#define E820_BYTES_MIN      20u
#define E820_ATTRIBUTE_VALID 1u /* ACPI 3.0: the entry counts */
#define E820_CALLS_MAX      512u

#define KIB              1024u
#define MIB              (1024u * KIB)
#define CLAIMS_MAX       16u
#define BIOS_AREA_START  0x9f000u  /* EBDA of the smallest usual kind, up to the ROMs' end */
#define USABLE_MIN_BYTES (6u * MIB)
#define ADDRESS_LIMIT    0x100000000ull

/* One entry as the BIOS writes it. */
struct e820_entry {
    uint64_t base, length;
    uint32_t type, attributes;
};

static struct boot_range claims[CLAIMS_MAX];
static uint32_t claim_count;

/* Working copy for the sweep: firmware's entries, then claims. */
static struct boot_range input[BOOT_MAX_RANGES + CLAIMS_MAX];

static void rebuild(void) {
    struct boot_info *info = boot_info();
    uint32_t raw = info->raw_range_count;

    memcpy(input, info->raw_ranges, raw * sizeof(*input));
    memcpy(input + raw, claims, claim_count * sizeof(*input));
    struct e820_result result =
        e820_sanitise(input, raw + claim_count, info->ranges, BOOT_MAX_RANGES);

    info->range_count = (uint32_t)result.count;
}

static void add_raw(uint64_t base, uint64_t length, uint32_t type, uint32_t attributes) {
    struct boot_info *info = boot_info();

    if (length == 0 || info->raw_range_count == BOOT_MAX_RANGES) {
        info->e820_skipped++;
        return;
    }
    info->raw_ranges[info->raw_range_count++] =
        (struct boot_range){base, length, type, attributes};
}

/* Notes the call that is about to give the raw map's next entry. */
static void note_call(uint32_t ebx_in, const struct bios_regs *regs) {
    uint32_t index = boot_info()->raw_range_count;

    if (index < BOOT_MAX_RANGES)
        boot_facts.e820[index] = (struct e820_call){ebx_in, regs->ebx, regs->ecx & 0xff};
}

/*
 * Reads the whole E820 chain. False if the call is not there or breaks off in the middle. The
 * buffer stays at one place and keeps its contents: some BIOSes rely on both.
 */
static bool read_e820(void) {
    struct e820_entry *entry = (struct e820_entry *)LAYOUT_BOUNCE;
    uint32_t continuation = 0;

    memset(entry, 0, sizeof(*entry));
    for (unsigned calls = 0; calls < E820_CALLS_MAX; calls++) {
        struct bios_regs regs = {.eax = 0xe820, .ebx = continuation, .ecx = E820_BYTES_WANTED,
                                 .edx = E820_SIGNATURE, .es = bios_segment(LAYOUT_BOUNCE)};

        entry->attributes = E820_ATTRIBUTE_VALID;
        bios_call(BIOS_SYSTEM, &regs);
        if (regs.flags & BIOS_CARRY)
            return calls > 0; /* some end the chain so */
        if (regs.eax != E820_SIGNATURE)
            return false;
        note_call(continuation, &regs);
        if ((regs.ecx & 0xff) >= E820_BYTES_MIN && (entry->attributes & E820_ATTRIBUTE_VALID))
            add_raw(entry->base, entry->length, entry->type, entry->attributes);
        if (regs.ebx == 0 || regs.ebx == continuation)
            return true;
        continuation = regs.ebx;
    }
    return true;
}

/* Memory above 1 MiB by the calls before E820. */
static bool read_e801(void) {
    struct bios_regs regs = {.eax = 0xe801};

    bios_call(BIOS_SYSTEM, &regs);
    if (regs.flags & BIOS_CARRY)
        return false;
    /* Some answer in cx and dx, others in ax and bx. */
    bool in_cx = (regs.ecx & 0xffff) != 0 || (regs.edx & 0xffff) != 0;
    uint32_t below_16m_kib = (in_cx ? regs.ecx : regs.eax) & 0xffff;
    uint32_t above_16m_64kib = (in_cx ? regs.edx : regs.ebx) & 0xffff;

    if (below_16m_kib == 0 || below_16m_kib > 15 * KIB)
        return false;
    add_raw(MIB, (uint64_t)below_16m_kib * KIB, BOOT_MEM_USABLE, E820_ATTRIBUTE_VALID);
    if (above_16m_64kib > 0)
        add_raw(16 * MIB, (uint64_t)above_16m_64kib * 64 * KIB, BOOT_MEM_USABLE,
                E820_ATTRIBUTE_VALID);
    return true;
}

static bool read_88(void) {
    struct bios_regs regs = {.eax = 0x8800};

    bios_call(BIOS_SYSTEM, &regs);
    uint32_t kib = regs.eax & 0xffff;

    if ((regs.flags & BIOS_CARRY) || kib == 0)
        return false;
    add_raw(MIB, (uint64_t)kib * KIB, BOOT_MEM_USABLE, E820_ATTRIBUTE_VALID);
    return true;
}

/* First byte below 1 MiB that is not ours: what INT 12h and the EBDA pointer agree on. */
static uint32_t find_low_end(void) {
    struct bios_regs regs = {0};
    uint32_t ebda = (uint32_t)bios_word(BDA_EBDA_SEGMENT) << 4;

    bios_call(BIOS_MEMORY_SIZE, &regs);
    uint32_t end = (regs.eax & 0xffff) * KIB;

    if (ebda >= LAYOUT_LOW_END / 2 && ebda < end)
        end = ebda;
    return MIN(end, BIOS_AREA_START);
}

static const char *read_firmware_map(void) {
    struct boot_info *info = boot_info();

    if (read_e820() && info->raw_range_count > 0)
        return "E820";
    info->raw_range_count = 0;
    info->flags |= BOOT_INFO_MAP_FROM_E801;
    add_raw(0, info->low_memory_end, BOOT_MEM_USABLE, E820_ATTRIBUTE_VALID);
    if (read_e801())
        return "E801";
    if (read_88())
        return "88h";
    error_fatal(ERROR_MEMORY_MAP, "INT 15h E820, E801 and 88 all fail");
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
    ASSERT(claim_count < CLAIMS_MAX);
    claims[claim_count++] = (struct boot_range){base, length, type, 0};
    rebuild();
}

bool memory_is_free(uint64_t base, uint64_t length) {
    const struct boot_info *info = boot_info();

    return e820_covers(info->ranges, info->range_count, base, length, BOOT_MEM_USABLE);
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
    info->low_memory_end = find_low_end();
    if (info->low_memory_end < LAYOUT_LOW_END)
        error_fatal(ERROR_MEMORY_LOW, "%u KiB free, %u KiB needed", info->low_memory_end / KIB,
                    LAYOUT_LOW_END / KIB);
    const char *source = read_firmware_map();

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
