/*
 * Files in memory: the root filesystem made from the boot archive, and every tmpfs. Directories are
 * name indexes, file data live in page-cache objects that have no other store.
 */
#pragma once

#include "fs/vfs/mount.h"

/* Registers "ramfs" and "tmpfs". */
void ramfs_init(void);
/* A file without a name, open for reading and writing, shown as `shown_name`, which takes seals or not; ERR_PTR. */
struct file *ramfs_create_unlinked(const char *shown_name, bool sealable);
/*
 * Fills the tree at `root` from a cpio archive in memory (newc; data at page boundaries are used in
 * place, so the archive must stay for ever). Returns the number of members, or -EINVAL with what came
 * before a malformed member kept, or -ENOMEM.
 */
int64_t ramfs_unpack(const struct path *root, const void *archive, size_t size);
