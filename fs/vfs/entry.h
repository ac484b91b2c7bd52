/*
 * Changing directories: making, removing, linking and renaming names. Each call checks permission,
 * the sticky bit and read-only mounts, and takes the directory's inode lock itself. All may sleep;
 * 0 or Linux's -errno in Linux's order.
 */
#pragma once

#include "fs/vfs/dentry.h"
#include "fs/vfs/path.h"

/* Makes a file, directory, device node or FIFO: `mode` with its type, umask already taken off.
 * *made (may be NULL) receives the dentry with a reference. */
int entry_create(const struct path *directory, const char *name, uint32_t mode, uint64_t device,
                 struct dentry **made);
/* A regular file without a name, which entry_link may give one if `linkable`. */
int entry_create_unnamed(const struct path *directory, uint32_t mode, bool linkable, struct dentry **made);
int entry_symlink(const struct path *directory, const char *name, const char *target);
int entry_link(const struct path *source, const struct path *directory, const char *name);
/* `trailing_slash`: the name was given as "x/", which only a directory may be. */
int entry_unlink(const struct path *directory, const char *name, bool trailing_slash);
int entry_remove_directory(const struct path *directory, const char *name);

enum rename_flag { RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2, RENAME_WHITEOUT = 4 };
struct rename_end {
    struct path directory;
    const char *name;
    bool trailing_slash;
};
void rename_init(void);
int entry_rename(const struct rename_end *from, const struct rename_end *to, unsigned flags);

/* May the running thread make or remove names in `directory`? */
int entry_may_create(const struct path *directory);
