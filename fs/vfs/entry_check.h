/* Checks of the VFS shared by entry.c and rename.c; the directory's lock is held. */
#pragma once

#include "fs/vfs/dentry.h"

/* May a name be made in `directory`? 0, -ENOENT (it has been removed), -EACCES, -EROFS. */
int entry_check_create(const struct inode *directory);
/* May `victim` (positive) be taken out of `directory`? Also -EPERM (sticky), -ENOTDIR, -EISDIR, -EBUSY. */
int entry_check_remove(const struct inode *directory, const struct dentry *victim, bool want_directory);
