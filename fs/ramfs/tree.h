/* Trees of names in memory, for ramfs itself and for filesystems that keep their names in one (devfs). */
#pragma once

#include "fs/ramfs/name_index.h"
#include "fs/vfs/mount.h"

/* The names in a directory; guarded by its inode's lock. */
static inline struct name_index *ramfs_index_of(const struct inode *directory) {
    return directory->private;
}

/* A tmpfs tree of its own, with the default limits; ERR_PTR(-ENOMEM). */
struct super_block *ramfs_make_super(struct filesystem_type *type);
/* An inode of any type with its data structures; mode and owner given. ERR_PTR(-ENOMEM). */
struct inode *ramfs_new_inode(struct super_block *super, uint32_t mode, uint64_t device);
/* Puts a new inode (its reference is kept) into a directory; counts links. 0 or -ENOMEM. */
int ramfs_add_entry(struct inode *directory, const char *name, size_t length, struct inode *inode);
