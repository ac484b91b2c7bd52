/* Soft-off and reset through ACPI's fixed registers, and the emulators' own shutdown port. */
#pragma once

/* Offers what the tables say this machine can do. */
void acpi_power_init(void);
