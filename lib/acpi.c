/* Bounds-checked readers of ACPI's static tables. Section numbers are those of ACPI 6.4. */
#include "lib/acpi.h"

#include "lib/errno.h"
#include "lib/string.h"

/* A window on bytes; reads outside it give 0, so fields missing from short (older) tables are 0. */
struct view_bytes {
    const uint8_t *data;
    size_t size;
};

static uint64_t field(struct view_bytes bytes, size_t offset, unsigned width) {
    uint64_t value = 0;

    if (offset > bytes.size || width > bytes.size - offset)
        return 0;
    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)bytes.data[offset + i] << (8 * i);
    return value;
}

static bool checksum_ok(const uint8_t *data, size_t size) {
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + data[i]);
    return sum == 0;
}

/* §5.2.5.3: 20 bytes for revision 0, 36 with a second checksum from revision 2 on. */
int acpi_parse_rsdp(const void *data, size_t size, struct acpi_rsdp *rsdp) {
    enum { SIZE_V1 = 20, REVISION = 15, RSDT = 16, LENGTH = 20, XSDT = 24 };
    struct view_bytes bytes = {data, size};

    if (size < SIZE_V1 || memcmp(data, "RSD PTR ", 8) != 0 || !checksum_ok(data, SIZE_V1))
        return -EINVAL;
    rsdp->revision = (uint8_t)field(bytes, REVISION, 1);
    rsdp->root_phys = field(bytes, RSDT, 4);
    rsdp->root_is_xsdt = false;
    if (rsdp->revision >= 2) {
        uint64_t length = field(bytes, LENGTH, 4), xsdt = field(bytes, XSDT, 8);
        if (length >= ACPI_RSDP_SIZE_MAX && length <= size && checksum_ok(data, length) && xsdt) {
            rsdp->root_phys = xsdt;
            rsdp->root_is_xsdt = true;
        }
    }
    return rsdp->root_phys ? 0 : -ENOENT;
}

size_t acpi_table_length(const void *header, size_t size) {
    uint64_t length = field((struct view_bytes){header, size}, 4, 4);

    return length >= ACPI_HEADER_SIZE && length <= ACPI_TABLE_SIZE_MAX ? length : 0;
}

int acpi_check_table(const void *table, size_t size, const char *signature) {
    size_t length = acpi_table_length(table, size);

    if (length == 0 || length > size)
        return -EINVAL;
    if (signature && memcmp(table, signature, 4) != 0)
        return -ENOENT;
    return checksum_ok(table, length) ? 0 : -EINVAL;
}

/* The checked table's own bytes. */
static struct view_bytes table_bytes(const void *table, size_t size) {
    return (struct view_bytes){table, MIN(acpi_table_length(table, size), size)};
}

size_t acpi_root_count(const void *root, size_t size, bool is_xsdt) {
    struct view_bytes bytes = table_bytes(root, size);

    return bytes.size < ACPI_HEADER_SIZE ? 0 : (bytes.size - ACPI_HEADER_SIZE) / (is_xsdt ? 8 : 4);
}

uint64_t acpi_root_entry(const void *root, size_t size, bool is_xsdt, size_t index) {
    unsigned width = is_xsdt ? 8 : 4;

    if (index >= acpi_root_count(root, size, is_xsdt))
        return 0;
    return field(table_bytes(root, size), ACPI_HEADER_SIZE + index * width, width);
}

/* ---- MADT, §5.2.12 ---- */

enum madt_entry { /* table 5-45 */
    MADT_LOCAL_APIC = 0,
    MADT_IO_APIC = 1,
    MADT_SOURCE_OVERRIDE = 2,
    MADT_LOCAL_APIC_ADDRESS = 5,
    MADT_LOCAL_X2APIC = 9,
};
#define MADT_PCAT_COMPAT BIT(0)    /* table 5-44 */
#define MADT_CPU_ENABLED BIT(0)    /* table 5-47 */
#define MADT_CPU_ONLINE_CAPABLE BIT(1)

static void madt_add_cpu(struct acpi_madt *madt, uint32_t apic_id, uint32_t uid, uint64_t flags) {
    if (!(flags & (MADT_CPU_ENABLED | MADT_CPU_ONLINE_CAPABLE)))
        return;
    if (madt->cpu_count == ACPI_CPU_MAX) {
        madt->cpus_ignored++;
        return;
    }
    madt->cpus[madt->cpu_count].apic_id = apic_id;
    madt->cpus[madt->cpu_count++].uid = uid;
}

static void madt_add_io_apic(struct acpi_madt *madt, struct view_bytes entry) {
    if (madt->io_apic_count == ACPI_IO_APIC_MAX || field(entry, 4, 4) == 0)
        return;
    madt->io_apics[madt->io_apic_count].id = (uint8_t)field(entry, 2, 1);
    madt->io_apics[madt->io_apic_count].phys = field(entry, 4, 4);
    madt->io_apics[madt->io_apic_count++].gsi_base = (uint32_t)field(entry, 8, 4);
}

/* §5.2.12.5; the flags are MPS INTI flags, table 5-50: two bits of polarity, two of trigger. */
static void madt_add_override(struct acpi_madt *madt, struct view_bytes entry) {
    uint64_t bus = field(entry, 2, 1), line = field(entry, 3, 1), flags = field(entry, 8, 2);

    if (bus != 0 || line >= ACPI_ISA_LINES)
        return;
    madt->isa[line].gsi = (uint32_t)field(entry, 4, 4);
    madt->isa[line].polarity = flags & 3;
    madt->isa[line].trigger = flags >> 2 & 3;
}

static void madt_add_entry(struct acpi_madt *madt, struct view_bytes entry) {
    switch ((enum madt_entry)entry.data[0]) {
    case MADT_LOCAL_APIC:
        if (field(entry, 3, 1) != UINT8_MAX)
            madt_add_cpu(madt, (uint32_t)field(entry, 3, 1), (uint32_t)field(entry, 2, 1),
                         field(entry, 4, 4));
        break;
    case MADT_LOCAL_X2APIC:
        madt_add_cpu(madt, (uint32_t)field(entry, 4, 4), (uint32_t)field(entry, 12, 4),
                     field(entry, 8, 4));
        break;
    case MADT_IO_APIC:
        madt_add_io_apic(madt, entry);
        break;
    case MADT_SOURCE_OVERRIDE:
        madt_add_override(madt, entry);
        break;
    case MADT_LOCAL_APIC_ADDRESS:
        if (field(entry, 4, 8))
            madt->local_apic_phys = field(entry, 4, 8);
        break;
    }
}

int acpi_parse_madt(const void *table, size_t size, struct acpi_madt *madt) {
    enum { ADDRESS = 36, FLAGS = 40, ENTRIES = 44, ENTRY_HEADER = 2 };
    int error = acpi_check_table(table, size, "APIC");
    struct view_bytes bytes = table_bytes(table, size);

    if (error)
        return error;
    memset(madt, 0, sizeof *madt);
    madt->local_apic_phys = field(bytes, ADDRESS, 4);
    madt->has_8259 = field(bytes, FLAGS, 4) & MADT_PCAT_COMPAT;
    for (unsigned line = 0; line < ACPI_ISA_LINES; line++)
        madt->isa[line].gsi = line;
    for (size_t at = ENTRIES; at + ENTRY_HEADER <= bytes.size;) {
        size_t length = bytes.data[at + 1];
        if (length < ENTRY_HEADER || length > bytes.size - at)
            break; /* the rest cannot be read; what came before stands */
        madt_add_entry(madt, (struct view_bytes){bytes.data + at, length});
        at += length;
    }
    return 0;
}

/* ---- FADT, §5.2.9 table 5-33 ---- */

#define FADT_TIMER_32BIT BIT(8)
#define FADT_RESET_SUPPORTED BIT(10)
#define FADT_HARDWARE_REDUCED BIT(20)
/* IA-PC boot architecture flags, table 5-34; valid from revision 2 on */
#define FADT_BOOT_8042 BIT(1)
#define FADT_BOOT_NO_VGA BIT(2)
#define FADT_BOOT_NO_RTC BIT(5)

static struct acpi_address generic_address(struct view_bytes bytes, size_t offset) {
    return (struct acpi_address){
        .space = (uint8_t)field(bytes, offset, 1),
        .bit_width = (uint8_t)field(bytes, offset + 1, 1),
        .bit_offset = (uint8_t)field(bytes, offset + 2, 1),
        .access_size = (uint8_t)field(bytes, offset + 3, 1),
        .address = field(bytes, offset + 4, 8),
    };
}

/* A register block: the extended field where it is filled in, else the old one, an I/O port. */
static struct acpi_address fadt_block(struct view_bytes bytes, size_t extended, size_t old,
                                      uint8_t bit_width) {
    struct acpi_address address = generic_address(bytes, extended);

    if (address.address == 0)
        address = (struct acpi_address){ACPI_SPACE_IO, bit_width, 0, 0, field(bytes, old, 4)};
    return address;
}

static void fadt_parse_flags(struct view_bytes bytes, struct acpi_fadt *fadt) {
    enum { BOOT_FLAGS = 109, FLAGS = 112 };
    uint64_t flags = field(bytes, FLAGS, 4), boot = field(bytes, BOOT_FLAGS, 2);

    fadt->pm_timer_32bit = flags & FADT_TIMER_32BIT;
    fadt->reset_supported = flags & FADT_RESET_SUPPORTED;
    fadt->hardware_reduced = fadt->revision >= 5 && (flags & FADT_HARDWARE_REDUCED);
    fadt->has_8042 = fadt->revision < 3 || (boot & FADT_BOOT_8042);
    fadt->has_vga = fadt->revision < 4 || !(boot & FADT_BOOT_NO_VGA);
    fadt->has_rtc = fadt->revision < 5 || !(boot & FADT_BOOT_NO_RTC);
}

int acpi_parse_fadt(const void *table, size_t size, struct acpi_fadt *fadt) {
    enum {
        REVISION = 8, DSDT = 40, SCI = 46, SMI_COMMAND = 48, ENABLE = 52, DISABLE = 53,
        PM1A_EVENT = 56, PM1A_CONTROL = 64, PM1B_CONTROL = 68, PM_TIMER = 76, CENTURY = 108,
        RESET = 116, RESET_VALUE = 128, X_DSDT = 140, X_PM1A_EVENT = 148, X_PM1A_CONTROL = 172,
        X_PM1B_CONTROL = 184, X_PM_TIMER = 208,
    };
    int error = acpi_check_table(table, size, "FACP");
    struct view_bytes bytes = table_bytes(table, size);

    if (error)
        return error;
    memset(fadt, 0, sizeof *fadt);
    fadt->revision = (uint8_t)field(bytes, REVISION, 1);
    fadt->dsdt_phys = field(bytes, X_DSDT, 8) ? field(bytes, X_DSDT, 8) : field(bytes, DSDT, 4);
    fadt->sci_gsi = (uint16_t)field(bytes, SCI, 2);
    fadt->smi_command_port = (uint32_t)field(bytes, SMI_COMMAND, 4);
    fadt->acpi_enable = (uint8_t)field(bytes, ENABLE, 1);
    fadt->acpi_disable = (uint8_t)field(bytes, DISABLE, 1);
    fadt->pm1a_event = fadt_block(bytes, X_PM1A_EVENT, PM1A_EVENT, 32);
    fadt->pm1a_control = fadt_block(bytes, X_PM1A_CONTROL, PM1A_CONTROL, 16);
    fadt->pm1b_control = fadt_block(bytes, X_PM1B_CONTROL, PM1B_CONTROL, 16);
    fadt->pm_timer = fadt_block(bytes, X_PM_TIMER, PM_TIMER, 32);
    fadt->reset = generic_address(bytes, RESET);
    fadt->reset_value = (uint8_t)field(bytes, RESET_VALUE, 1);
    fadt->century_index = (uint8_t)field(bytes, CENTURY, 1);
    fadt_parse_flags(bytes, fadt);
    return 0;
}

/* ---- \_S5, §7.4.2 and the grammar of §20.2 ---- */

enum aml {
    AML_ZERO = 0x00, AML_ONE = 0x01, AML_NAME = 0x08, AML_BYTE = 0x0a, AML_WORD = 0x0b,
    AML_DWORD = 0x0c, AML_PACKAGE = 0x12, AML_ROOT = '\\', AML_ONES = 0xff,
};

/* Reads one integer constant at *at and moves past it; false for anything else. */
static bool aml_integer(struct view_bytes aml, size_t *at, uint8_t *value) {
    unsigned width = 0;

    if (*at >= aml.size)
        return false;
    uint8_t opcode = aml.data[(*at)++];
    switch (opcode) {
    case AML_ZERO:
    case AML_ONE:
    case AML_ONES:
        *value = opcode;
        return true;
    case AML_BYTE:
        width = 1;
        break;
    case AML_WORD:
        width = 2;
        break;
    case AML_DWORD:
        width = 4;
        break;
    default:
        return false;
    }
    if (width > aml.size - *at)
        return false;
    *value = aml.data[*at];
    *at += width;
    return true;
}

/* The package that follows the name: PackageOp PkgLength NumElements integer integer ... */
static bool aml_s5_package(struct view_bytes aml, size_t at, struct acpi_sleep_type *type) {
    if (at + 2 > aml.size || aml.data[at] != AML_PACKAGE)
        return false;
    at += 2 + (aml.data[at + 1] >> 6); /* §20.2.4: the lead byte's top bits count further bytes */
    if (at >= aml.size)
        return false;
    unsigned elements = aml.data[at++];
    if (elements < 1 || !aml_integer(aml, &at, &type->a))
        return false;
    if (elements < 2 || !aml_integer(aml, &at, &type->b))
        type->b = type->a;
    type->a &= 7; /* SLP_TYP is three bits, §4.8.3.2.1 */
    type->b &= 7;
    return true;
}

int acpi_find_s5(const void *aml_table, size_t size, struct acpi_sleep_type *type) {
    struct view_bytes aml = table_bytes(aml_table, size);

    for (size_t at = ACPI_HEADER_SIZE + 1; at + 4 <= aml.size; at++) {
        if (memcmp(aml.data + at, "_S5_", 4) != 0)
            continue;
        bool named = aml.data[at - 1] == AML_NAME ||
                     (aml.data[at - 1] == AML_ROOT && aml.data[at - 2] == AML_NAME);
        if (named && aml_s5_package(aml, at + 4, type))
            return 0;
    }
    return -ENOENT;
}
