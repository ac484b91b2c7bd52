/* Changing an inode's mode, owner, times and size, with the checks of chmod, chown, utimensat and truncate. */
#pragma once

#include "fs/vfs/inode.h"

/* `path` says through which mount. 0 or -errno. May sleep. */
int path_change_mode(const struct path *path, uint32_t mode);
/* UINT32_MAX leaves a uid or gid as it is. */
int path_change_owner(const struct path *path, uint32_t uid, uint32_t gid);
int path_truncate(const struct path *path, uint64_t size);
int file_truncate(struct file *file, uint64_t size);
/* Sets the size of a regular file without checks but the size limit; drops set-id bits. */
int inode_truncate(struct inode *inode, uint64_t size);
/* Those fields of `times` that are valid. `to_now`: both are the present time (writers may do that). */
int path_change_times(const struct path *path, const struct attributes *times, bool to_now);
/* Applies without any check; the inode's lock is held for writing. */
int inode_set_attributes(struct inode *inode, const struct attributes *attributes);
/* The part of it that every filesystem shares: what is kept in the inode itself. */
int inode_set_generic(struct inode *inode, const struct attributes *attributes);
/* A write or truncation by an unprivileged program takes set-id bits away; lock held. */
void inode_drop_set_id(struct inode *inode);
