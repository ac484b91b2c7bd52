/*
 * ACPI's static tables, read from bytes that firmware wrote and nobody checked: pure functions on a
 * buffer and its size, which never read outside it and believe no length in it.
 * Errors are -EINVAL (malformed, wrong checksum) and -ENOENT (well-formed, but not there).
 * Spec: ACPI 6.4 §5.2, §7.4.2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bits.h"

#define ACPI_RSDP_SIZE_MAX 36u /* §5.2.5.3 */
#define ACPI_HEADER_SIZE 36u   /* §5.2.6 */
#define ACPI_TABLE_SIZE_MAX (4u << 20) /* more than any DSDT in the field; a bound on damage */

struct acpi_rsdp {
    uint8_t revision;
    uint64_t root_phys; /* XSDT where there is one, else RSDT */
    bool root_is_xsdt;
};
int acpi_parse_rsdp(const void *data, size_t size, struct acpi_rsdp *rsdp) must_check;

/* The length field of a table's header (`size` >= ACPI_HEADER_SIZE bytes are readable); 0 if absurd. */
size_t acpi_table_length(const void *header, size_t size);
/* 0 when the table lies in the buffer, has this signature (NULL: any) and its checksum holds. */
int acpi_check_table(const void *table, size_t size, const char *signature) must_check;

/* Addresses in a checked RSDT or XSDT: how many, and one of them (0 when out of range). */
size_t acpi_root_count(const void *root, size_t size, bool is_xsdt);
uint64_t acpi_root_entry(const void *root, size_t size, bool is_xsdt, size_t index);

/* §5.2.12: Multiple APIC Description Table. */
#define ACPI_CPU_MAX 64u
#define ACPI_IO_APIC_MAX 16u
#define ACPI_ISA_LINES 16u

enum acpi_polarity { ACPI_POLARITY_BUS = 0, ACPI_POLARITY_HIGH = 1, ACPI_POLARITY_LOW = 3 };
enum acpi_trigger { ACPI_TRIGGER_BUS = 0, ACPI_TRIGGER_EDGE = 1, ACPI_TRIGGER_LEVEL = 3 };

struct acpi_madt {
    uint64_t local_apic_phys;
    bool has_8259;
    unsigned cpu_count; /* usable ones: enabled, or startable later */
    struct { uint32_t apic_id, uid; } cpus[ACPI_CPU_MAX];
    unsigned io_apic_count;
    struct { uint64_t phys; uint32_t gsi_base; uint8_t id; } io_apics[ACPI_IO_APIC_MAX];
    /* ISA line -> global system interrupt; the identity, edge, high where nothing is said */
    struct { uint32_t gsi; uint8_t polarity, trigger; } isa[ACPI_ISA_LINES];
    unsigned cpus_ignored; /* beyond ACPI_CPU_MAX */
};
int acpi_parse_madt(const void *table, size_t size, struct acpi_madt *madt) must_check;

/* §5.2.3.2: generic address, and §5.2.9: Fixed ACPI Description Table. */
enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };
struct acpi_address {
    uint8_t space; /* enum acpi_space */
    uint8_t bit_width, bit_offset, access_size;
    uint64_t address; /* 0: not there */
};

struct acpi_fadt {
    uint8_t revision;
    uint64_t dsdt_phys;
    uint16_t sci_gsi;
    uint32_t smi_command_port; /* 0: ACPI mode is fixed */
    uint8_t acpi_enable, acpi_disable;
    struct acpi_address pm1a_event, pm1a_control, pm1b_control, pm_timer, reset;
    uint8_t reset_value, century_index;
    bool has_8042, has_vga, has_rtc; /* true where the table does not deny it */
    bool pm_timer_32bit, reset_supported, hardware_reduced;
};
int acpi_parse_fadt(const void *table, size_t size, struct acpi_fadt *fadt) must_check;

/* §7.4.2: the two values for SLP_TYP that switch the machine off, found by scanning AML for \_S5. */
struct acpi_sleep_type {
    uint8_t a, b;
};
int acpi_find_s5(const void *aml_table, size_t size, struct acpi_sleep_type *type) must_check;
