/* Running a function on other CPUs: what an inter-processor interrupt carries. */
#pragma once

#include <stdint.h>

/*
 * Runs run(argument) on each CPU of the mask but the running one, in its interrupt context with
 * interrupts off, and returns when all have done so. Does not sleep. Interrupts must be on and no
 * lock may be held that is taken with interrupts off: a CPU that waits for it could not answer.
 */
void cpu_call(uint64_t cpus, void (*run)(void *argument), void *argument);
/* The mask of all CPUs that run. */
uint64_t cpu_mask_all(void);

/* The interrupt has arrived at this CPU. */
void cpu_call_handle(void);
/* `send` interrupts a CPU so that it calls cpu_call_handle. Set once, before the second CPU starts. */
void cpu_call_set_send(void (*send)(uint32_t cpu));
