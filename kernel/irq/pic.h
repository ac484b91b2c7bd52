/* The pair of 8259A interrupt controllers (Intel 8259A data sheet, 231468). Interrupts off. */
#pragma once

#include "kernel/irq/chip.h"

/* Moves the lines to vectors IRQ_VECTOR_PIC.. and masks all of them. */
void pic_init(void);
extern const struct irq_chip pic_chip;
