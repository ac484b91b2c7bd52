/*
 * A FAT32 volume as a tree of files in memory: read from a volume, changed, written as a new one.
 * Names are compared without regard to ASCII case, as FAT does.
 */
#pragma once

#include "tools/mkimage/host.h"

struct volume_node {
    char *name;
    bool is_directory;
    struct blob data; /* of a file */
    struct volume_node **children;
    size_t child_count;
    uint32_t first_cluster; /* set while the volume is written; 0: no cluster */
    uint32_t cluster_count;
};

struct volume_format {
    uint32_t sector_bytes;   /* 512 to 4096 */
    uint64_t minimum_bytes;  /* of the volume, larger if FAT32 or the content need it; 0 chooses */
    uint32_t hidden_sectors; /* where the partition begins, in sectors */
    uint32_t volume_id;
};

/* An empty root directory. */
struct volume_node *volume_new(void);

/* The node at a path with '/' between names, or NULL. */
struct volume_node *volume_find(struct volume_node *root, const char *path);

/* Puts a file at `path`, replacing one that is there; makes missing directories. */
void volume_put(struct volume_node *root, const char *path, struct blob data);

/* False if there is no such file or empty directory. */
bool volume_remove(struct volume_node *root, const char *path);

/* Reads the volume at `bytes`. Ends the program with `origin` in the message if it is damaged. */
struct volume_node *volume_read(const uint8_t *bytes, size_t size, const char *origin);

/* The volume's bytes. Ends the program if a file or the whole is too large for FAT32. */
struct blob volume_write(struct volume_node *root, const struct volume_format *format);

/* How many 32-byte entries `name` takes in a directory: 1, and its long name's pieces. */
size_t volume_name_entries(const char *name);

/*
 * The short name for `name` as a directory entry stores it, unlike the `taken_count` ones in
 * `taken`; *case_flags as in struct fat_dirent. True if it says all, and no long name is needed.
 */
bool volume_short_name(const char *name, const uint8_t (*taken)[11], size_t taken_count,
                       uint8_t short_name[11], uint8_t *case_flags);

/* The long name's pieces as they stand on disk, last one first; returns how many. */
size_t volume_long_name(const char *name, const uint8_t short_name[11], void *pieces);
