/* lib/acpi.c: any bytes as any table; length and checksum are put right so that the parsers see them. */
#include "lib/acpi.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static void repair(uint8_t *table, size_t size) {
    uint32_t length = (uint32_t)size;
    uint8_t sum = 0;

    memcpy(table + 4, &length, sizeof length);
    table[9] = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + table[i]);
    table[9] = (uint8_t)-sum;
}

static void parse_root(const uint8_t *table, size_t size, bool is_xsdt) {
    size_t count = acpi_root_count(table, size, is_xsdt);

    ASSERT(count * (is_xsdt ? 8 : 4) <= size);
    for (size_t i = 0; i < count; i++)
        (void)acpi_root_entry(table, size, is_xsdt, i);
    ASSERT(acpi_root_entry(table, size, is_xsdt, count) == 0);
}

static void parse_table(const uint8_t *table, size_t size) {
    struct acpi_madt madt;
    struct acpi_fadt fadt;
    struct acpi_sleep_type type;

    parse_root(table, size, false);
    parse_root(table, size, true);
    if (acpi_parse_madt(table, size, &madt) == 0) {
        ASSERT(madt.cpu_count <= ACPI_CPU_MAX);
        ASSERT(madt.io_apic_count <= ACPI_IO_APIC_MAX);
    }
    (void)!acpi_parse_fadt(table, size, &fadt);
    if (acpi_find_s5(table, size, &type) == 0)
        ASSERT(type.a <= 7 && type.b <= 7);
}

int fuzz_one(const uint8_t *data, size_t size) {
    struct acpi_rsdp rsdp;

    (void)!acpi_parse_rsdp(data, size, &rsdp);
    parse_table(data, size);
    if (size < ACPI_HEADER_SIZE)
        return 0;
    uint8_t *repaired = malloc(size);
    memcpy(repaired, data, size);
    repair(repaired, size);
    parse_table(repaired, size);
    free(repaired);
    return 0;
}
