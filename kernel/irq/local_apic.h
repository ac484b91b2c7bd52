/*
 * The running CPU's local APIC (SDM 3A ch. 10), in whichever of its two modes the firmware left it:
 * memory-mapped xAPIC or x2APIC. All functions work on the running CPU, in any context.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/irq/vectors.h"
#include "kernel/mm/layout.h"

/* Maps the registers. 0, -ENODEV when the CPU has no APIC (or it is off for good), -ENOMEM. */
int local_apic_init(phys_addr_t phys);
/* Turns it on, on every CPU: everything masked but NMI, errors and what is sent on purpose. */
void local_apic_init_cpu(void);
bool local_apic_in_use(void);

uint32_t local_apic_id(void);
void local_apic_end(void);
/* Sends a fixed interrupt; any mode. */
void local_apic_send(uint32_t apic_id, unsigned vector);
void local_apic_send_nmi(uint32_t apic_id);
/* The two steps of starting a CPU, SDM 3A §8.4.4: reset it; let it run from a page below 1 MiB. */
void local_apic_send_init(uint32_t apic_id);
void local_apic_send_startup(uint32_t apic_id, phys_addr_t page);
/* Whether the mode this APIC is in can address that one. */
bool local_apic_can_reach(uint32_t apic_id);
/* Reads and clears the error register (SDM 3A §10.5.3). */
uint32_t local_apic_error(void);

/* The timer, SDM 3A §10.5.4: counts down at bus clock / 16; one interrupt at 0. 0 stops it. */
void local_apic_timer_start(uint32_t count);
uint32_t local_apic_timer_count(void);
/* The same in TSC-deadline mode, for CPUs with CPU_TSC_DEADLINE. */
void local_apic_timer_use_deadline(void);
void local_apic_timer_deadline(uint64_t tsc);
