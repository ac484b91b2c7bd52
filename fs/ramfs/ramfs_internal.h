/* Shared by the files of ramfs. */
#pragma once

#include "fs/ramfs/name_index.h"
#include "fs/ramfs/ramfs.h"
#include "kernel/vm/object.h"

#define RAMFS_MAGIC 0x858458f6u /* linux/magic.h */
#define TMPFS_MAGIC 0x01021994u

struct ramfs_super {
    uint64_t pages_max; /* 0: no limit */
    uint64_t pages_used; /* atomic */
    uint64_t inodes;     /* atomic */
};

/* A regular file's data. Outlives its inode while mapped. */
struct ramfs_file {
    struct vm_object object;
    uint64_t pages_charged; /* to the super block; inode->lock */
};

extern const struct inode_ops ramfs_directory_ops, ramfs_inode_ops;
extern const struct file_ops ramfs_directory_file_ops, ramfs_file_ops;

static inline struct ramfs_super *ramfs_super_of(const struct inode *inode) {
    return inode->super->private;
}
static inline struct name_index *ramfs_index_of(const struct inode *directory) {
    return directory->private;
}
static inline struct ramfs_file *ramfs_file_of(const struct inode *inode) {
    return container_of(inode->object, struct ramfs_file, object);
}

/* A tmpfs tree of its own, with the default limits; ERR_PTR(-ENOMEM). */
struct super_block *ramfs_make_super(struct filesystem_type *type);
void ramfs_unlinked_init(void);
/* An inode of any type with its data structures; mode and owner given. ERR_PTR(-ENOMEM). */
struct inode *ramfs_new_inode(struct super_block *super, uint32_t mode, uint64_t device);
/* Puts a new inode (its reference is kept) into a directory; counts links. 0 or -ENOMEM. */
int ramfs_add_entry(struct inode *directory, const char *name, size_t length, struct inode *inode);
/* Brings the super block's count in line with the object's pages; inode->lock held, or nobody else left. */
void ramfs_charge(struct inode *inode, uint64_t pages);
