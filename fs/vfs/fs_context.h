/* A process's view of the tree: root, working directory, umask. Shared by CLONE_FS. */
#pragma once

#include "fs/vfs/path.h"
#include "kernel/sync/spinlock.h"
#include "lib/refcount.h"

struct fs_context {
    struct refcount refcount;
    struct spinlock lock; /* guards root and cwd */
    struct path root, cwd;
    uint32_t umask;
};

struct fs_context *fs_context_create(void); /* root and cwd at root_path; NULL: no memory */
struct fs_context *fs_context_copy(struct fs_context *context);
void fs_context_get(struct fs_context *context);
void fs_context_put(struct fs_context *context);
