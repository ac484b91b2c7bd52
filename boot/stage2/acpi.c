/*
 * Search for the RSDP. Facts: ACPI 6.4 §5.2.5.
 */
#include "boot/stage2/acpi.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/error.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "lib/bits.h"
#include "lib/string.h"

#define RSDP_SIGNATURE    "RSD PTR "
#define RSDP_ALIGN        16u
#define RSDP_V1_BYTES     20u
#define RSDP_V2_BYTES     36u
#define EBDA_SEARCH_BYTES 1024u
#define EBDA_LOWEST       0x80000u
#define EBDA_HIGHEST      0xa0000u
#define ROM_START         0xe0000u
#define ROM_END           0x100000u

_Static_assert(sizeof(struct acpi_rsdp) == RSDP_V2_BYTES, "RSDP");

static bool sums_to_zero(const uint8_t *bytes, uint32_t count) {
    uint8_t sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

static bool is_rsdp(const struct acpi_rsdp *rsdp) {
    const uint8_t *bytes = (const uint8_t *)rsdp;

    return memcmp(rsdp->signature, RSDP_SIGNATURE, 8) == 0 && sums_to_zero(bytes, RSDP_V1_BYTES) &&
           (rsdp->revision < ACPI_RSDP_REVISION_2 || sums_to_zero(bytes, RSDP_V2_BYTES));
}

static uint32_t search(uint32_t start, uint32_t end) {
    for (uint32_t at = start; at + RSDP_V2_BYTES <= end; at += RSDP_ALIGN) {
        if (is_rsdp((const struct acpi_rsdp *)(uintptr_t)at))
            return at;
    }
    return 0;
}

void acpi_find(void) {
    uint32_t ebda = (uint32_t)bios_word(BDA_EBDA_SEGMENT) << 4, found = 0;

    trace_step(BOOT_STEP_ACPI);
    if (ebda >= EBDA_LOWEST && ebda < EBDA_HIGHEST)
        found = search(ebda, ebda + EBDA_SEARCH_BYTES);
    if (found == 0)
        found = search(ROM_START, ROM_END);
    console_step("acpi");
    if (found == 0)
        error_warn(ERROR_NO_ACPI, 0, "searched the EBDA and %#x to %#x", ROM_START, ROM_END);
    else
        console_printf("root pointer at %#x\n", found);
    boot_info()->rsdp_phys = found;
    trace_step_done(BOOT_STEP_ACPI, found);
}
