/* lib/acpi.c on tables as QEMU's firmware makes them, and on damaged ones. */
#include "lib/acpi.h"

#include "lib/errno.h"
#include "tests/unit/unit.h"

struct table {
    uint8_t bytes[512];
    size_t size;
};

static void put(struct table *table, size_t offset, uint64_t value, unsigned width) {
    for (unsigned i = 0; i < width; i++)
        table->bytes[offset + i] = (uint8_t)(value >> (8 * i));
    if (offset + width > table->size)
        table->size = offset + width;
}

static void append(struct table *table, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        table->bytes[table->size++] = bytes[i];
}

static struct table begin(const char *signature, size_t size) {
    struct table table = {.size = size};
    memcpy(table.bytes, signature, 4);
    return table;
}

static void seal(struct table *table) {
    uint8_t sum = 0;
    put(table, 4, table->size, 4);
    table->bytes[9] = 0;
    for (size_t i = 0; i < table->size; i++)
        sum = (uint8_t)(sum + table->bytes[i]);
    table->bytes[9] = (uint8_t)-sum;
}

/* The MADT of QEMU's i440fx with one CPU. */
static struct table qemu_madt(void) {
    static const uint8_t entries[] = {
        0, 8, 0, 0, 1, 0, 0, 0,                         /* local APIC 0, enabled */
        1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,      /* IO-APIC at 0xfec00000 */
        2, 10, 0, 0, 2, 0, 0, 0, 0, 0,                  /* line 0 -> GSI 2 */
        2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0,               /* line 9: level, high */
        4, 6, 0xff, 0, 0, 1,
    };
    struct table table = begin("APIC", 44);
    put(&table, 36, 0xfee00000, 4);
    put(&table, 40, 1, 4);
    append(&table, entries, sizeof entries);
    seal(&table);
    return table;
}

TEST(madt_of_qemu) {
    struct table table = qemu_madt();
    struct acpi_madt madt;

    CHECK_EQ(acpi_parse_madt(table.bytes, table.size, &madt), 0);
    CHECK_EQ(madt.local_apic_phys, 0xfee00000);
    CHECK(madt.has_8259);
    CHECK_EQ(madt.cpu_count, 1);
    CHECK_EQ(madt.io_apic_count, 1);
    CHECK_EQ(madt.io_apics[0].phys, 0xfec00000);
    CHECK_EQ(madt.isa[0].gsi, 2);
    CHECK_EQ(madt.isa[1].gsi, 1);
    CHECK_EQ(madt.isa[9].trigger, ACPI_TRIGGER_LEVEL);
    CHECK_EQ(madt.isa[9].polarity, ACPI_POLARITY_HIGH);
}

TEST(madt_damaged) {
    struct table table = qemu_madt();
    struct acpi_madt madt;

    table.bytes[50] ^= 1;
    CHECK_EQ(acpi_parse_madt(table.bytes, table.size, &madt), -EINVAL);
    table = qemu_madt();
    CHECK_EQ(acpi_parse_madt(table.bytes, table.size - 1, &madt), -EINVAL);
    table.bytes[44 + 1] = 0; /* an entry of length 0: would never end */
    seal(&table);
    CHECK_EQ(acpi_parse_madt(table.bytes, table.size, &madt), 0);
    CHECK_EQ(madt.cpu_count, 0);
}

TEST(madt_ignores_cpus_beyond_the_limit) {
    struct table table = begin("APIC", 44);
    struct acpi_madt madt;

    for (unsigned i = 0; i < 58; i++) {
        uint8_t entry[8] = {0, 8, (uint8_t)i, (uint8_t)i, (uint8_t)(i % 2)};
        append(&table, entry, sizeof entry);
    }
    seal(&table);
    CHECK_EQ(acpi_parse_madt(table.bytes, table.size, &madt), 0);
    CHECK_EQ(madt.cpu_count, 29);
}

TEST(rsdp_revisions) {
    struct table table = {.size = 36};
    struct acpi_rsdp rsdp;
    uint8_t sum = 0;

    memcpy(table.bytes, "RSD PTR ", 8);
    put(&table, 16, 0x7fe1000, 4);
    for (unsigned i = 0; i < 20; i++)
        sum = (uint8_t)(sum + table.bytes[i]);
    table.bytes[8] = (uint8_t)-sum;
    CHECK_EQ(acpi_parse_rsdp(table.bytes, 20, &rsdp), 0);
    CHECK_EQ(rsdp.root_phys, 0x7fe1000);
    CHECK(!rsdp.root_is_xsdt);
    CHECK_EQ(acpi_parse_rsdp(table.bytes, 19, &rsdp), -EINVAL);
    table.bytes[0] = 'X';
    CHECK_EQ(acpi_parse_rsdp(table.bytes, 36, &rsdp), -EINVAL);
}

TEST(fadt_old_and_new_fields) {
    struct table table = begin("FACP", 116); /* revision 1, as i440fx has it */
    struct acpi_fadt fadt;

    table.bytes[8] = 1;
    put(&table, 40, 0x7fe0040, 4);
    put(&table, 64, 0x604, 4);
    put(&table, 76, 0x608, 4);
    seal(&table);
    CHECK_EQ(acpi_parse_fadt(table.bytes, table.size, &fadt), 0);
    CHECK_EQ(fadt.dsdt_phys, 0x7fe0040);
    CHECK_EQ(fadt.pm1a_control.space, ACPI_SPACE_IO);
    CHECK_EQ(fadt.pm1a_control.address, 0x604);
    CHECK_EQ(fadt.pm_timer.address, 0x608);
    CHECK_EQ(fadt.pm1b_control.address, 0);
    CHECK(fadt.has_8042 && fadt.has_vga && fadt.has_rtc && !fadt.reset_supported);

    table.bytes[8] = 6;
    put(&table, 112, 1 << 10, 4);
    put(&table, 116, ACPI_SPACE_IO, 1);
    put(&table, 120, 0xcf9, 8);
    put(&table, 128, 0x0f, 1);
    put(&table, 140, 0x123456789, 8);
    seal(&table);
    CHECK_EQ(acpi_parse_fadt(table.bytes, table.size, &fadt), 0);
    CHECK_EQ(fadt.dsdt_phys, 0x123456789);
    CHECK(fadt.reset_supported && fadt.reset.address == 0xcf9 && fadt.reset_value == 0x0f);
    CHECK(!fadt.has_8042);
}

TEST(s5_forms) {
    static const uint8_t forms[][16] = {
        {0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00},             /* QEMU: all zero */
        {0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, 0x05, 0x0a, 0x03, 0x00, 0x00}, /* bytes */
        {0x08, '\\', '_', 'S', '5', '_', 0x12, 0x40, 0x07, 0x02, 0x01, 0x0b, 0x07, 0x00}, /* root, long length, word */
    };
    static const uint8_t expected[][2] = {{0, 0}, {5, 3}, {1, 7}};
    struct acpi_sleep_type type;

    for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
        struct table table = begin("DSDT", ACPI_HEADER_SIZE);
        append(&table, (const uint8_t *)"_S5_", 4); /* a reference, not the definition */
        append(&table, forms[i], sizeof forms[i]);
        seal(&table);
        CHECK_EQ(acpi_find_s5(table.bytes, table.size, &type), 0);
        CHECK_EQ(type.a, expected[i][0]);
        CHECK_EQ(type.b, expected[i][1]);
    }
    struct table none = begin("DSDT", ACPI_HEADER_SIZE);
    append(&none, (const uint8_t *)"\x08_S5_\x12", 6); /* cut off */
    seal(&none);
    CHECK_EQ(acpi_find_s5(none.bytes, none.size, &type), -ENOENT);
}
