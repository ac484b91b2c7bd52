/*
 * The boot partition: its FAT32 volume and the files on it.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"
#include "lib/fat_read.h"

/* Step (part of opening the disk): the active partition's volume. Does not return if unusable. */
void volume_open(void);

/* Finds a file by its path. 0, or a negative error number as fat_lookup gives it. */
must_check int volume_find(const char *path, struct fat_entry *entry);

/*
 * Reads a whole file to `buffer`, which has room for its size rounded up to 512 bytes, showing
 * progress under `label` (NULL: without). 0, -EIO or -EUCLEAN.
 */
must_check int volume_load(const struct fat_entry *entry, void *buffer, const char *label);

/* Reads at most `capacity` bytes, a multiple of 512, from the file's start. As volume_load. */
must_check int volume_load_start(const struct fat_entry *entry, void *buffer, uint32_t capacity);

const struct fat_geometry *volume_geometry(void);

#define VOLUME_FREE_UNKNOWN 0xffffffffu

/* Free clusters by the volume's own note; VOLUME_FREE_UNKNOWN if it has none. */
uint32_t volume_free_clusters(void);

/* Calls `visit` for each name in the directory `path` but "." and "..". As volume_find. */
must_check int volume_list(const char *path, void (*visit)(const struct fat_entry *entry));
