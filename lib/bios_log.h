/*
 * The log of the loader's BIOS calls (boot/bootinfo.h): what gets a record of its own. Pure; usable
 * in any context.
 */
#pragma once

#include "boot/bootinfo.h"
#include "lib/bits.h"

/*
 * Enters `call` (count 1) in `log`, whose records have room for `capacity`: into a record of the
 * same kind and step if there is one among the last few and neither is for itself, otherwise
 * behind the last one. When there is no room it counts as dropped. The sums hold in any case.
 */
void bios_log_add(struct boot_bios_log *log, struct boot_bios_call *records, uint32_t capacity,
                  const struct boot_bios_call *call);

/*
 * How many bytes of records a log says it has; 0 if it contradicts itself: records of another size,
 * or more than `max_bytes`.
 */
uint32_t bios_log_bytes(const struct boot_bios_log *log, uint32_t max_bytes);
