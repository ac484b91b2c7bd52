/* Shared by the files of ramfs. */
#pragma once

#include "fs/ramfs/ramfs.h"
#include "fs/ramfs/tree.h"
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
static inline struct ramfs_file *ramfs_file_of(const struct inode *inode) {
    return container_of(inode->object, struct ramfs_file, object);
}

void ramfs_unlinked_init(void);
/* Brings the super block's count in line with the object's pages; inode->lock held, or nobody else left. */
void ramfs_charge(struct inode *inode, uint64_t pages);
