/* A process's view of the tree: root, working directory, umask. Shared by CLONE_FS. */
#pragma once

#include "fs/vfs/path.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "lib/refcount.h"

struct fs_context {
    struct refcount refcount;
    struct spinlock lock; /* guards root and cwd */
    struct path root, cwd;
    uint32_t umask;
    struct rcu_head rcu;
};

/* Copies of root and working directory with references. */
void fs_context_root(struct fs_context *context, struct path *root);
void fs_context_cwd(struct fs_context *context, struct path *cwd);
/* Replace; take over the caller's reference. */
void fs_context_set_root(struct fs_context *context, const struct path *root);
void fs_context_set_cwd(struct fs_context *context, const struct path *cwd);
struct fs_context *fs_context_create(void); /* root and cwd at root_path; NULL: no memory */
struct fs_context *fs_context_copy(struct fs_context *context);
void fs_context_get(struct fs_context *context);
void fs_context_put(struct fs_context *context);
