/*
 * What the BIOS says about memory, by whichever call answers.
 */
#pragma once

#include <stddef.h>

#include "boot/bootinfo.h"

#define FIRMWARE_MAP_MAX 512u /* entries, and calls: a chain without end is cut there */

/*
 * Asks the BIOS, and puts its entries without exact repetitions into `out` of FIRMWARE_MAP_MAX; as
 * many as fit go into the raw map of boot_info too, whose low_memory_end is known. Returns the name
 * of the call that answered, NULL if none did.
 */
const char *firmware_map_read(struct boot_range *out, size_t *count);

/* First byte below 1 MiB that is not ours: what INT 12h and the EBDA pointer agree on. */
uint32_t firmware_low_memory_end(void);
