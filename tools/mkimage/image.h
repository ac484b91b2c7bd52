/*
 * The whole disk image: boot sector, stage2 in the gap behind it, the FAT32 boot partition.
 * Positions are in bytes here; on the image they are in units of 512 bytes, in the partition table
 * of an image for 4096-byte sectors in units of 4096.
 */
#pragma once

#include "lib/mbr.h"
#include "tools/mkimage/volume.h"

#define IMAGE_PARTITION_BYTE (2048u * 512u)

/* Where the boot partition holds what stage2 looks for. */
#define IMAGE_KERNEL "boot/kernel.elf"
#define IMAGE_RAMFS "boot/ramfs.cpio"
#define IMAGE_CONFIG "boot/astra.cfg"
#define IMAGE_README "boot/README.txt"

struct image_parts {
    struct blob stage1;
    struct blob stage2;
    struct volume_node *files;
    uint32_t sector_bytes;   /* 512 or 4096 */
    uint64_t partition_bytes; /* at least; 0 chooses */
    uint32_t disk_id;        /* 0: derived from the contents */
};

/* An image in memory, taken apart. */
struct image {
    const char *path;
    struct blob bytes;
    struct mbr mbr;
    unsigned partition;       /* index of the active one */
    uint32_t sector_bytes;    /* unit of the partition table */
    uint64_t partition_start; /* bytes */
    uint64_t partition_bytes;
};

/* Checks the parts and joins them. Ends the program with a message if one does not fit. */
struct blob image_build(struct image_parts *parts);

/* Ends the program if the file has no valid partition table or its partition lies outside it. */
struct image image_open(const char *path);

/*
 * Replaces the boot partition's volume by one made of `files`; boot sector, stage2, disk id and
 * volume id stay. The partition grows if it must, which only the last one can.
 */
void image_replace_volume(struct image *image, struct volume_node *files);

/* Fills in length and checksum of a linked stage2, after checking its header. */
void stage2_seal(struct blob *stage2);

/* Fills in the kernel's checksum note; a file sealed before must still be right. */
void kernel_seal(struct blob *kernel, const char *origin);

/* Ends the program at the first line that the loader would not understand. */
void config_check(const struct blob *config);

/* The configuration with one more `append` line. */
struct blob config_append(const struct blob *config, const char *arguments);

/* Prints the annotated map; returns the number of violations found. */
unsigned image_explain(const struct image *image);
