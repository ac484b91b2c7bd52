/*
 * Interrupt lines and vectors. A line is a global system interrupt (GSI) of the IO-APIC, or an
 * 8259 line where there is no APIC; the chip behind it is hidden here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/frame.h"
#include "kernel/irq/vectors.h"
#include "lib/list.h"

struct irq_handler {
    struct list_node node;
    const char *name;
    /* Interrupt context. Returns true if the device had interrupted. */
    bool (*handle)(struct irq_handler *handler);
    uint64_t count; /* interrupts that were this device's */
    unsigned line;  /* set by irq_request_* */
};

enum irq_trigger { IRQ_EDGE_HIGH, IRQ_LEVEL_LOW, IRQ_EDGE_LOW, IRQ_LEVEL_HIGH };

void irq_init(void); /* PIC masked; local APIC and IO-APIC where the MADT lists them */

/* The running CPU's own interrupts, on each further CPU. Needs the local APIC. */
void irq_init_cpu(void);

/* Legacy ISA line 0..15, MADT overrides applied. Unmasks it; lines may be shared. 0, or -EINVAL: no such line. */
int irq_request_isa(unsigned isa_line, struct irq_handler *handler);
int irq_request_gsi(unsigned gsi, enum irq_trigger trigger, struct irq_handler *handler);
/* The handler has run for the last time when this returns. May sleep. */
void irq_release(struct irq_handler *handler);

/* The CPU's own interrupts: one function each, set at boot. Called in interrupt context. */
void irq_set_local(enum irq_local which, void (*handle)(void));
/* Raises one on another CPU, or on this one. Needs the local APIC: false without. Any context. */
bool irq_send(uint32_t cpu, enum irq_local which);
/* Interrupts every other CPU by NMI: for panics. */
void irq_stop_others(void);

/* Called by the trap code for vectors 32..255: handles, acknowledges, runs deferred work. */
void irq_dispatch(struct trap_frame *frame);
bool irq_in_progress(void); /* the running CPU is in interrupt context, deferred work included */
