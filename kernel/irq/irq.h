/*
 * Interrupt lines and vectors. A line is a global system interrupt (GSI) of the IO-APIC, or an
 * 8259 line where there is no APIC; the chip behind it is hidden here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/frame.h"
#include "lib/list.h"

struct irq_handler {
    struct list_node node;
    const char *name;
    /* Interrupt context. Returns true if the device had interrupted. */
    bool (*handle)(struct irq_handler *handler);
    uint64_t count;
};

enum irq_trigger { IRQ_EDGE_HIGH, IRQ_LEVEL_LOW };

void irq_init(void); /* PIC masked; local APIC and IO-APIC where the MADT lists them */

/* Legacy ISA line 0..15, MADT overrides applied. Unmasks it. 0, -EBUSY, -EINVAL. */
int irq_request_isa(unsigned isa_line, struct irq_handler *handler);
int irq_request_gsi(unsigned gsi, enum irq_trigger trigger, struct irq_handler *handler);
void irq_release(struct irq_handler *handler);

/* Called by the trap code for vectors 32..255: handles, acknowledges, runs deferred work. */
void irq_dispatch(struct trap_frame *frame);
bool irq_in_progress(void); /* the running CPU is in interrupt context */
