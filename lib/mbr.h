/*
 * The master boot record: disk id, four partitions, boot signature. Pure; usable in any context.
 * Facts: "UEFI 2.10 §5.2.1" describes the legacy MBR; the BPB area is FAT's (lib/fat.h).
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

#define MBR_BYTES 512u
#define MBR_CODE_BYTES 440u          /* boot code, BPB area included */
#define MBR_DISK_ID_OFFSET 440u      /* u32 */
#define MBR_TABLE_OFFSET 446u        /* four entries of 16 bytes */
#define MBR_SIGNATURE_OFFSET 510u    /* 0x55, 0xAA */
#define MBR_PARTITIONS 4u

enum mbr_type {
    MBR_TYPE_EMPTY = 0x00,
    MBR_TYPE_FAT32_CHS = 0x0b,
    MBR_TYPE_FAT32_LBA = 0x0c,
    MBR_TYPE_GPT_PROTECTIVE = 0xee
};

struct mbr_partition {
    bool active;          /* status byte 0x80 */
    uint8_t type;         /* enum mbr_type or any other; EMPTY: the rest means nothing */
    uint32_t first_lba;   /* in the disk's sectors */
    uint32_t nsectors;
};

struct mbr {
    uint32_t disk_id;
    struct mbr_partition partitions[MBR_PARTITIONS];
};

/*
 * Reads `sector`. -EINVAL: no signature, a status byte other than 0 and 0x80, more than one active
 * partition, or a used partition that is empty, begins at 0, wraps or overlaps another.
 */
must_check int mbr_parse(const uint8_t sector[MBR_BYTES], struct mbr *mbr);

/* Writes disk id, table (CHS fields for 255 heads, 63 sectors) and signature; not the code. */
void mbr_build(uint8_t sector[MBR_BYTES], const struct mbr *mbr);

/* Index of the active partition, or -ENOENT. */
must_check int mbr_find_active(const struct mbr *mbr);
