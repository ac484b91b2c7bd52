/*
 * The firmware's memory map. Facts: ACPI 6.4 §15.1 (INT 15h E820h); "Ralf Brown's Interrupt List"
 * for E801h and 88h, and for what E820 is like on old machines.
 */
#include "boot/stage2/firmware_map.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/state.h"
#include "lib/bits.h"
#include "lib/string.h"

#define E820_SIGNATURE       0x534d4150u /* "SMAP" */
#define E820_BYTES           24u         /* with the attributes of ACPI 3.0 */
#define E820_BYTES_OLD       20u
#define E820_ATTRIBUTE_VALID 1u          /* ACPI 3.0: the entry counts */

#define KIB             1024u
#define MIB             (1024u * KIB)
#define BIOS_AREA_START 0x9f000u /* EBDA of the smallest usual kind, up to the ROMs' end */
#define LOW_KIB_MAX     640u

/* One entry as the BIOS writes it. */
struct e820_entry {
    uint64_t base, length;
    uint32_t type, attributes;
};

static struct boot_range *entries;
static size_t entry_count;

static void forget_all(void) {
    entry_count = 0;
    boot_info()->raw_range_count = 0;
    boot_info()->e820_skipped = 0;
}

static bool is_known(const struct boot_range *entry) {
    for (size_t i = 0; i < entry_count; i++) {
        if (entries[i].base == entry->base && entries[i].length == entry->length &&
            entries[i].type == entry->type)
            return true;
    }
    return false;
}

static void add(const struct boot_range *entry) {
    struct boot_info *info = boot_info();

    if (entry->length == 0 || entry_count == FIRMWARE_MAP_MAX || is_known(entry)) {
        info->e820_skipped++;
        return;
    }
    entries[entry_count++] = *entry;
    if (info->raw_range_count < BOOT_MAX_RANGES)
        info->raw_ranges[info->raw_range_count++] = *entry;
}

static void add_usable(uint64_t base, uint64_t length) {
    const struct boot_range entry = {base, length, BOOT_MEM_USABLE, E820_ATTRIBUTE_VALID};

    add(&entry);
}

/* Notes the call that is about to give the raw map's next entry. */
static void note_call(uint32_t ebx_in, const struct bios_regs *regs) {
    uint32_t index = boot_info()->raw_range_count;

    if (index < BOOT_MAX_RANGES)
        boot_facts.e820[index] = (struct e820_call){ebx_in, regs->ebx, regs->ecx & 0xff};
}

enum e820_outcome { E820_MORE, E820_END, E820_BROKEN };

/*
 * One call for `nbytes`; *continuation is what the BIOS gave and is to get back. The buffer stays
 * at one place and keeps its contents: some BIOSes rely on both.
 */
static enum e820_outcome e820_call(uint32_t nbytes, uint32_t *continuation) {
    struct e820_entry *entry = (struct e820_entry *)LAYOUT_BOUNCE;
    struct bios_regs regs = {.eax = 0xe820, .ebx = *continuation, .ecx = nbytes,
                             .edx = E820_SIGNATURE, .es = bios_segment(LAYOUT_BOUNCE)};

    entry->attributes = E820_ATTRIBUTE_VALID;
    bios_call(BIOS_SYSTEM, &regs);
    if (regs.flags & BIOS_CARRY)
        return *continuation == 0 ? E820_BROKEN : E820_END; /* some end the chain so */
    if (regs.eax != E820_SIGNATURE)
        return E820_BROKEN;
    note_call(*continuation, &regs);
    if ((regs.ecx & 0xff) >= E820_BYTES_OLD && (entry->attributes & E820_ATTRIBUTE_VALID))
        add(&(struct boot_range){entry->base, entry->length, entry->type, entry->attributes});
    bool moves = regs.ebx != 0 && regs.ebx != *continuation;

    *continuation = regs.ebx;
    return moves ? E820_MORE : E820_END;
}

static bool knows_high_memory(void) {
    for (size_t i = 0; i < entry_count; i++) {
        if (entries[i].type == BOOT_MEM_USABLE && entries[i].base >= MIB)
            return true;
    }
    return false;
}

/*
 * The whole chain, asked for `nbytes` an entry. False if the call is not there, breaks off in the
 * middle, or ends (or stands still) before it has come to memory above 1 MiB.
 */
static bool read_e820(uint32_t nbytes) {
    enum e820_outcome outcome = E820_MORE;
    uint32_t continuation = 0;

    forget_all();
    memset((void *)LAYOUT_BOUNCE, 0, sizeof(struct e820_entry));
    for (unsigned calls = 0; calls < FIRMWARE_MAP_MAX && outcome == E820_MORE; calls++)
        outcome = e820_call(nbytes, &continuation);
    return outcome != E820_BROKEN && knows_high_memory();
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
    add_usable(MIB, (uint64_t)below_16m_kib * KIB);
    add_usable(16 * MIB, (uint64_t)above_16m_64kib * 64 * KIB);
    return true;
}

static bool read_88(void) {
    struct bios_regs regs = {.eax = 0x8800};

    bios_call(BIOS_SYSTEM, &regs);
    uint32_t kib = regs.eax & 0xffff;

    if ((regs.flags & BIOS_CARRY) || kib == 0)
        return false;
    add_usable(MIB, (uint64_t)kib * KIB);
    return true;
}

static const char *read_any(void) {
    struct boot_info *info = boot_info();

    if (read_e820(E820_BYTES) || read_e820(E820_BYTES_OLD))
        return "E820";
    forget_all();
    info->flags |= BOOT_INFO_MAP_FROM_E801;
    add_usable(0, info->low_memory_end);
    if (read_e801())
        return "E801";
    return read_88() ? "88h" : NULL;
}

const char *firmware_map_read(struct boot_range *out, size_t *count) {
    entries = out;
    const char *source = read_any();

    *count = entry_count;
    return source;
}

uint32_t firmware_low_memory_end(void) {
    struct bios_regs regs = {0};
    uint32_t ebda = (uint32_t)bios_word(BDA_EBDA_SEGMENT) << 4;

    bios_call(BIOS_MEMORY_SIZE, &regs);
    uint32_t kib = regs.eax & 0xffff;
    uint32_t end = kib == 0 || kib > LOW_KIB_MAX ? BIOS_AREA_START : kib * KIB;

    if (ebda >= LAYOUT_LOW_END / 2 && ebda < end)
        end = ebda;
    return MIN(end, BIOS_AREA_START);
}
