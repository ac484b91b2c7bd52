/*
 * The FAT32 format on disk, and the pure functions that check and decode it. The reader built on
 * them is lib/fat_read.h.
 *
 * Facts: Microsoft "FAT: General Overview of On-Disk Format" 1.03 ("FAT spec"). Little-endian
 * hosts only. Positions inside a volume are in sectors of FAT_SECTOR bytes counted from its first
 * byte, whatever sector size the volume itself declares.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

#define FAT_SECTOR 512u
#define FAT_MEDIA_FIXED 0xf8u
#define FAT_MIN_CLUSTERS 65525u      /* fewer would make it FAT16 to other readers */
#define FAT_MAX_CLUSTERS 0x0ffffff5u
#define FAT_FIRST_CLUSTER 2u
#define FAT_ENTRY_MASK 0x0fffffffu   /* the top four bits of an entry are reserved */
#define FAT_ENTRY_BAD 0x0ffffff7u
#define FAT_ENTRY_END 0x0ffffff8u    /* this and above: the last cluster of a chain */
#define FAT_DIRECTORY_MAX_ENTRIES 65536u

/* Boot sector (FAT spec, "Boot Sector and BPB" and "FAT32 Structure Starting at Offset 36"). */
struct fat_boot_sector {
    uint8_t jump[3];
    char oem_name[8];
    uint16_t bytes_per_sector;
    uint8_t sectors_per_cluster;
    uint16_t reserved_sectors;
    uint8_t fat_count;
    uint16_t root_entries;       /* 0 on FAT32 */
    uint16_t total_sectors_16;   /* 0 on FAT32 */
    uint8_t media;
    uint16_t fat_sectors_16;     /* 0 on FAT32 */
    uint16_t sectors_per_track;
    uint16_t heads;
    uint32_t hidden_sectors;     /* before the volume */
    uint32_t total_sectors_32;
    uint32_t fat_sectors;        /* of one FAT */
    uint16_t ext_flags;          /* bit 7: only the FAT in bits 0-3 is current */
    uint16_t version;            /* 0 */
    uint32_t root_cluster;
    uint16_t fsinfo_sector;
    uint16_t backup_boot_sector;
    uint8_t reserved[12];
    uint8_t drive_number;
    uint8_t reserved1;
    uint8_t boot_signature;      /* FAT_BOOT_SIGNATURE: the three fields below are present */
    uint32_t volume_id;
    char volume_label[11];
    char type_name[8];           /* "FAT32   ", for people only */
    uint8_t code[420];
    uint8_t signature[2];        /* 0x55, 0xaa */
} __attribute__((packed));

#define FAT_BOOT_SIGNATURE 0x29u
#define FAT_EXT_ONE_CURRENT 0x80u
#define FAT_EXT_CURRENT_MASK 0x0fu

/* FSInfo sector (FAT spec, "FAT32 FSInfo Sector Structure"). Both counts are hints. */
struct fat_fsinfo {
    uint32_t lead_signature;
    uint8_t reserved[480];
    uint32_t struct_signature;
    uint32_t free_count;
    uint32_t next_free;
    uint8_t reserved1[12];
    uint32_t trail_signature;
} __attribute__((packed));

#define FAT_FSINFO_LEAD 0x41615252u
#define FAT_FSINFO_STRUCT 0x61417272u
#define FAT_FSINFO_TRAIL 0xaa550000u

enum fat_attribute {
    FAT_ATTR_READ_ONLY = 0x01,
    FAT_ATTR_HIDDEN = 0x02,
    FAT_ATTR_SYSTEM = 0x04,
    FAT_ATTR_VOLUME_ID = 0x08,
    FAT_ATTR_DIRECTORY = 0x10,
    FAT_ATTR_ARCHIVE = 0x20,
    FAT_ATTR_LONG_NAME = 0x0f, /* all of the first four, compared under the mask below */
    FAT_ATTR_LONG_NAME_MASK = 0x3f
};

/* Directory entry (FAT spec, "FAT Directory Structure"). */
struct fat_dirent {
    uint8_t name[11];
    uint8_t attributes;          /* enum fat_attribute */
    uint8_t case_flags;          /* FAT_CASE_*: which part of the name is shown in lower case */
    uint8_t created_tenths;
    uint16_t created_time;
    uint16_t created_date;
    uint16_t accessed_date;
    uint16_t cluster_high;
    uint16_t written_time;       /* bits 15-11 hour, 10-5 minute, 4-0 seconds / 2 */
    uint16_t written_date;       /* bits 15-9 year - 1980, 8-5 month, 4-0 day */
    uint16_t cluster_low;
    uint32_t size;               /* bytes; 0 for a directory */
} __attribute__((packed));

#define FAT_NAME_END 0x00u       /* first byte: no entry here nor behind */
#define FAT_NAME_DELETED 0xe5u
#define FAT_NAME_KANJI 0x05u     /* stands for a first byte 0xe5 */
#define FAT_CASE_BASE 0x08u
#define FAT_CASE_EXTENSION 0x10u

/* A piece of a long name (FAT spec, "FAT Long Directory Entries"): last piece first. */
struct fat_long_entry {
    uint8_t order;               /* from 1, FAT_LONG_LAST set in the last piece */
    uint16_t name1[5];
    uint8_t attributes;          /* FAT_ATTR_LONG_NAME */
    uint8_t type;                /* 0 */
    uint8_t checksum;            /* of the short name that follows */
    uint16_t name2[6];
    uint16_t cluster_low;        /* 0 */
    uint16_t name3[2];
} __attribute__((packed));

#define FAT_LONG_LAST 0x40u
#define FAT_LONG_UNITS 13u       /* UTF-16 units in a piece */
#define FAT_LONG_PIECES 20u
#define FAT_NAME_MAX (255u * 3u) /* bytes of a name in UTF-8, without the NUL */

_Static_assert(sizeof(struct fat_boot_sector) == FAT_SECTOR, "FAT32 boot sector");
_Static_assert(sizeof(struct fat_fsinfo) == FAT_SECTOR, "FSInfo");
_Static_assert(sizeof(struct fat_dirent) == 32, "directory entry");
_Static_assert(sizeof(struct fat_long_entry) == 32, "long-name entry");

/* What a valid boot sector says, in FAT_SECTOR units. */
struct fat_geometry {
    uint32_t bytes_per_sector;   /* of the volume itself: 512 to 4096 */
    uint32_t cluster_sectors;    /* a power of two */
    uint64_t fat_start;          /* the FAT to read */
    uint64_t fat_sectors;        /* length of one FAT */
    uint64_t data_start;         /* cluster FAT_FIRST_CLUSTER */
    uint64_t total_sectors;
    uint32_t cluster_count;      /* valid cluster numbers: 2 .. cluster_count + 1 */
    uint32_t root_cluster;
    uint32_t volume_id;          /* 0 if the volume has none */
};

/*
 * Checks a boot sector. -EINVAL: not FAT32. -EUCLEAN: FAT32, but its fields contradict each other.
 * After success every position derived from `geometry` is within total_sectors.
 */
must_check int fat_geometry_parse(const struct fat_boot_sector *boot,
                                  struct fat_geometry *geometry);

static inline bool fat_cluster_is_valid(const struct fat_geometry *geometry, uint32_t cluster) {
    return cluster >= FAT_FIRST_CLUSTER && cluster - FAT_FIRST_CLUSTER < geometry->cluster_count;
}

/* First sector of a valid cluster. */
static inline uint64_t fat_cluster_sector(const struct fat_geometry *geometry, uint32_t cluster) {
    return geometry->data_start +
           (uint64_t)(cluster - FAT_FIRST_CLUSTER) * geometry->cluster_sectors;
}

static inline uint32_t fat_dirent_cluster(const struct fat_dirent *entry) {
    return (uint32_t)entry->cluster_high << 16 | entry->cluster_low;
}

/* The checksum that ties the pieces of a long name to their short name. */
uint8_t fat_short_name_checksum(const uint8_t name[11]);

/*
 * "BOOT    CFG" as "BOOT.CFG", or in lower case where case_flags say so. A byte that is not
 * printable ASCII becomes '_'.
 */
void fat_short_name_text(const struct fat_dirent *entry, char text[13]);

/* True if `name` is the `length` bytes at `component`, apart from the case of ASCII letters. */
bool fat_name_matches(const char *name, const char *component, size_t length);

/* A long name being put together from its pieces, in the order in which they stand on disk. */
struct fat_long_name {
    uint16_t units[FAT_LONG_PIECES * FAT_LONG_UNITS];
    uint8_t missing;  /* pieces still to come; the next one has this number */
    uint8_t checksum;
    bool started;     /* false: no name, or pieces that do not belong together */
};

void fat_long_name_reset(struct fat_long_name *name);
void fat_long_name_add(struct fat_long_name *name, const struct fat_long_entry *piece);

/*
 * Ends the name at its short entry: writes it as UTF-8 and resets `name`. False if there is no
 * complete long name with this entry's checksum: the entry goes by its short name.
 */
bool fat_long_name_finish(struct fat_long_name *name, const struct fat_dirent *entry,
                          char text[FAT_NAME_MAX + 1]);
