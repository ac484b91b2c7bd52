/*
 * The processor: is it one the kernel can run on, what does it offer, how fast does it tick.
 */
#pragma once

#include "lib/bits.h"

/* True if the processor has CPUID and a time stamp counter. Safe on every 386. */
bool cpu_has_tsc(void);

/* Step: fills boot_info's cpu; does not return on a processor without long mode. */
void cpu_check(void);

/* Milliseconds since `tsc`; 0 where the rate is not known. */
uint32_t cpu_elapsed_ms(uint64_t tsc);
