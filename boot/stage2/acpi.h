/*
 * The ACPI root pointer.
 */
#pragma once

/* Step: finds it and puts its address into boot_info; finding none is a warning. */
void acpi_find(void);
