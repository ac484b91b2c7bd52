/*
 * CRC-32 as in IEEE 802.3, zip and PNG: polynomial 0x04C11DB7, reflected, all ones in and out.
 * Pure; usable in any context.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The CRC of what `crc` covers followed by `nbytes` at `data`. Start with 0: the CRC of nothing.
 * crc32_update(crc32_update(0, a), b) is the CRC of a and b joined.
 */
uint32_t crc32_update(uint32_t crc, const void *data, size_t nbytes);

/* The CRC of a block whose four bytes at `hole`, where it keeps its own CRC, count as zero. */
uint32_t crc32_with_hole(const void *data, size_t nbytes, size_t hole);
