/*
 * Seals: what may not be done to a file in memory any more, for those who share it and do not trust each
 * other (memfd_create(2), fcntl(2) F_ADD_SEALS). They are only added. inode->lock guards inode->seals.
 */
#pragma once

#include "fs/vfs/inode.h"

struct vma;

/* linux/fcntl.h: F_SEAL_* */
enum inode_seal {
    SEAL_SEAL = 1, SEAL_SHRINK = 2, SEAL_GROW = 4, SEAL_WRITE = 8, SEAL_FUTURE_WRITE = 16, SEAL_ALL = 31,
};

/* 0, -EPERM (not open for writing, or no more seals are allowed), -EBUSY (SEAL_WRITE: mapped for writing), -EINVAL. May sleep. */
int seal_add(struct file *file, uint64_t seals);
/* The seals, or -EINVAL: such a file has none. */
int seal_get(const struct file *file);

/* The bytes of a write of `size` at `offset` that seals permit, or -EPERM. inode->lock held. */
int64_t seal_limit_write(const struct inode *inode, uint64_t offset, uint64_t size);
/* 0 or -EPERM. inode->lock held. */
int seal_check_size(const struct inode *inode, uint64_t size);
/* A mapping of the file, not linked yet: 0 or -EPERM; may take the right to be made writable. */
int seal_check_map(const struct inode *inode, struct vma *vma);
