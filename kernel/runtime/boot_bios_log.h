/* The loader's log of BIOS calls, kept beyond the loader's memory. */
#pragma once

#include "boot/bootinfo.h"

/* Set once by boot_bios_log_keep, read-only after that. NULL and 0 if there is no log. */
extern const struct boot_bios_call *boot_bios_calls;
extern uint32_t boot_bios_call_count;

/*
 * Copies the log into memory of the kernel's. After kernel_space_init, whose direct map it uses;
 * before page_init, which gives the loader's memory away. A log that does not lie in the loader's
 * memory, or contradicts itself, is dropped with a warning.
 */
void boot_bios_log_keep(void);
