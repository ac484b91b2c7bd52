/* What an interrupt controller does for irq.c. All called with interrupts off. */
#pragma once

#include <stdbool.h>

#include "kernel/irq/irq.h"

struct irq_chip {
    const char *name; /* as /proc/interrupts shows it */
    /* Routes the line to `vector` on the boot CPU and lets it through. */
    void (*enable)(unsigned line, enum irq_trigger trigger, unsigned vector);
    void (*mask)(unsigned line);
    /* The line's interrupt was not real and needs no `end`. NULL: never. */
    bool (*is_spurious)(unsigned line);
    /* Handled: the controller may deliver the next one. */
    void (*end)(unsigned line);
};
