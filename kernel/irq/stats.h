/* Counts of interrupts, and what /proc/interrupts and /kernel/hw/irq show of them. */
#pragma once

#include "kernel/arch/percpu.h"
#include "kernel/irq/irq.h"

struct irq_counts { /* per CPU; written in its interrupt context only */
    uint64_t local[IRQ_LOCAL_COUNT];
    uint64_t spurious;
    uint32_t lines[IRQ_LINES_MAX];
};
DECLARE_PER_CPU(struct irq_counts, irq_counts);

void irq_stats_init(void); /* registers the views */

/* All interrupts of all CPUs since boot, for /proc/stat. */
uint64_t irq_total(void);

/* For the views: visits a line's handlers; false when the line is not in use. */
bool irq_line_show(unsigned number, void (*show)(void *context, const struct irq_handler *handler), void *context);
bool irq_line_is_level(unsigned number);
const char *irq_chip_name(void);
