/*
 * The ACPI tables of this machine, found once at boot and mapped for ever. Read-only after
 * acpi_tables_init, so any context may read them.
 */
#pragma once

#include "kernel/mm/layout.h"
#include "lib/acpi.h"

/* Finds and checks the tables from the root pointer; 0 means there is none. Malformed tables are logged and ignored. */
void acpi_tables_init(phys_addr_t rsdp_phys);

/* A checked table by signature and its length, or NULL. */
const void *acpi_table_find(const char *signature, size_t *size);

/* Parsed ones; NULL where the machine has none. */
const struct acpi_madt *acpi_madt(void);
const struct acpi_fadt *acpi_fadt(void);

/* SLP_TYP values of the soft-off state; false when the DSDT does not name them. */
bool acpi_soft_off_type(struct acpi_sleep_type *type);
