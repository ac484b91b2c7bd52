/*
 * The ACPI root pointer.
 */
#pragma once

#include <stdint.h>

#define ACPI_RSDP_REVISION_2 2u

/* RSDP (ACPI 6.4 §5.2.5.3). */
struct acpi_rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision; /* ACPI_RSDP_REVISION_2 and above: the part behind rsdt is there */
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} __attribute__((packed));

/* Step: finds it and puts its address into boot_info; finding none is a warning. */
void acpi_find(void);
