/*
 * A FAT32 reader over a caller's read function: directories with long names, and files however
 * fragmented. It allocates nothing and never writes. Trusts nothing on the disk: every cluster
 * number is checked, chains and directories are bounded.
 *
 * A volume and everything opened on it is used by one caller at a time. Whether a call may sleep
 * is decided by the caller's read function; nothing else here waits.
 *
 * Errors: whatever the read function returns; -EUCLEAN for a damaged volume.
 */
#pragma once

#include "lib/fat.h"

/*
 * Reads `count` sectors of 512 bytes, `sector` counted from the volume's first byte.
 * 0 or a negative error number.
 */
typedef int fat_read_fn(void *context, uint64_t sector, uint32_t count, void *buffer);

struct fat_volume {
    fat_read_fn *read;
    void *context;
    struct fat_geometry geometry;
    uint32_t *window;        /* part of the FAT, in the caller's memory */
    uint32_t window_sectors; /* its capacity */
    uint64_t window_start;   /* sector of the FAT, counted from its first; NO_SECTOR: empty */
    uint64_t buffer_sector;  /* what `buffer` holds */
    uint8_t buffer[FAT_SECTOR];
};

/* A name in a directory. */
struct fat_entry {
    char name[FAT_NAME_MAX + 1]; /* UTF-8, the long name if there is one */
    uint8_t attributes;          /* enum fat_attribute */
    uint32_t first_cluster;      /* 0: empty file, or the root directory */
    uint32_t size;               /* bytes; 0 for a directory */
};

/* A walk through one directory. */
struct fat_dir {
    uint32_t cluster;
    uint32_t index;      /* entry within the cluster */
    uint32_t nseen;      /* entries read so far, bounded by FAT_DIRECTORY_MAX_ENTRIES */
    struct fat_long_name long_name;
};

/* A file being read from its start to its end. */
struct fat_file {
    uint32_t first_cluster;
    uint32_t size;
    uint32_t position; /* bytes; the next to be read */
    uint32_t cluster;  /* that of the byte before `position`; 0 at the start */
};

/*
 * Opens the volume. `window` caches the FAT: the more it holds, the fewer reads a long chain
 * costs; 4-byte aligned, window_bytes at least FAT_SECTOR. -EINVAL: not FAT32.
 */
must_check int fat_volume_open(struct fat_volume *volume, fat_read_fn *read, void *context,
                               void *window, uint32_t window_bytes);

/* Starts at the first entry of a directory; first_cluster 0 is the root. */
void fat_dir_open(const struct fat_volume *volume, uint32_t first_cluster, struct fat_dir *dir);

/* 1: `entry` is the next name, "." and ".." included, volume labels left out. 0: the end. */
must_check int fat_dir_next(struct fat_volume *volume, struct fat_dir *dir,
                            struct fat_entry *entry);

/*
 * Finds `path`, whose components are separated by '/', from the root; ASCII case does not matter.
 * `dir` is working space. -ENOENT, -ENOTDIR as usual; "" or "/" is -EISDIR: the root has no entry.
 */
must_check int fat_lookup(struct fat_volume *volume, const char *path, struct fat_dir *dir,
                          struct fat_entry *entry);

void fat_file_open(const struct fat_entry *entry, struct fat_file *file);

/*
 * The longest contiguous piece at the file's position, which must be a multiple of FAT_SECTOR, of
 * at most max_sectors (> 0). Moves the position behind it. *nsectors is 0 at the end of the file;
 * the last sector counts even if the file ends within it.
 */
must_check int fat_file_next_run(struct fat_volume *volume, struct fat_file *file,
                                 uint32_t max_sectors, uint64_t *sector, uint32_t *nsectors);

/* Reads min(nbytes, rest of the file) bytes; *nread says how many. The position moves along. */
must_check int fat_file_read(struct fat_volume *volume, struct fat_file *file, void *buffer,
                             uint32_t nbytes, uint32_t *nread);
