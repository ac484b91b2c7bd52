/*
 * Time is computed from the running CPU's time-stamp counter, in programs too: all CPUs' must show the same. A CPU
 * that starts is compared with the boot CPU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * On the boot CPU while `cpu` is in tsc_sync_answer: whether its counter agrees, or could be made to. If not, a message
 * says so, and the CPU must not be used. Busy-waits for some milliseconds.
 */
bool tsc_sync_admit(uint32_t cpu);
/* On the CPU that starts, interrupts off: answers until it is told whether it may go on. */
bool tsc_sync_answer(void);
