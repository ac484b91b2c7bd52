/*
 * The boot disk, through INT 13h. Positions are in units of 512 bytes whatever the disk's own
 * sectors are. Only the boot drive is ever touched, unless the BIOS passed a wrong number.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

#define DISK_UNIT 512u /* bytes */
#define DISK_STATUS_SHORT 0xfeu /* ours: the BIOS claimed success, but not all sectors came */

/*
 * Step: finds the drive whose boot sector has the disk id of the one in memory, beginning with
 * `drive`, and fills boot_info's disk. Does not return if there is none.
 */
void disk_open(uint8_t drive);

/*
 * Reads `count` units from `unit` on to any memory below 4 GiB. 0 or -EIO, after retries, smaller
 * pieces and the older call have all failed; the reason is then in disk_last_status().
 */
must_check int disk_read(uint64_t unit, uint32_t count, void *buffer);

/* The BIOS' status of the last failed call (AH), or DISK_STATUS_SHORT. */
uint8_t disk_last_status(void);
