/* The IO-APICs that the MADT lists (Intel 82093AA data sheet, 290566). Interrupts off. */
#pragma once

#include "kernel/irq/chip.h"
#include "lib/acpi.h"

/* Maps all of them and masks every pin. 0, or -ENODEV when none could be used. */
int io_apic_init(const struct acpi_madt *madt);
/* Lines of this chip are global system interrupts. */
bool io_apic_has_line(unsigned gsi);
extern const struct irq_chip io_apic_chip;
