/*
 * The first bytes of stage2, the only contract between mkimage, stage1 and stage2's own start.
 * stage2 is linked with `total_bytes` and `crc32` zero; mkimage fills both in. `crc32` is the CRC-32 (IEEE) of the
 * first `total_bytes` bytes, taken with the crc32 field itself zero. All fields are little-endian.
 *
 * stage2 is written at LBA 8 and may take STAGE2_MAX_SECTORS sectors, the most that one BIOS call reads everywhere.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define STAGE2_MAGIC "ASTRAS2" /* with its terminating NUL: 8 bytes */
#define STAGE2_VERSION 1u
#define STAGE2_LBA 8u
#define STAGE2_MAX_SECTORS 127u
#define STAGE2_MAX_BYTES (STAGE2_MAX_SECTORS * 512u)

struct stage2_header {
    uint8_t jump[8];      /* a jump over this header, padded with NOPs */
    char magic[8];        /* STAGE2_MAGIC */
    uint32_t version;     /* STAGE2_VERSION */
    uint32_t total_bytes; /* header included; the rest of the last sector is zero */
    uint32_t crc32;
    uint32_t reserved;    /* 0 */
};

_Static_assert(sizeof(struct stage2_header) == 32, "stage1.asm reads these fields by offset");
_Static_assert(offsetof(struct stage2_header, magic) == 8, "stage1.asm");
_Static_assert(offsetof(struct stage2_header, version) == 16, "stage1.asm");
_Static_assert(offsetof(struct stage2_header, total_bytes) == 20, "stage1.asm");
_Static_assert(offsetof(struct stage2_header, crc32) == 24, "stage1.asm");
