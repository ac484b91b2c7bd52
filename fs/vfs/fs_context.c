/* Root directory, working directory and umask of processes. */
#include "fs/vfs/fs_context.h"

#include "fs/vfs/mount.h"
#include "kernel/mm/slab.h"

#define UMASK_FIRST 022u

DEFINE_LOCK_CLASS(context_class, "fs context");

static struct fs_context *context_alloc(void) {
    struct fs_context *context = kzalloc(sizeof *context);
    if (!context)
        return NULL;
    refcount_init(&context->refcount, 1);
    spin_init(&context->lock, context_class);
    context->umask = UMASK_FIRST;
    return context;
}

struct fs_context *fs_context_create(void) {
    struct fs_context *context = context_alloc();
    if (!context)
        return NULL;
    context->root = context->cwd = root_path;
    path_get(&context->root);
    path_get(&context->cwd);
    return context;
}

struct fs_context *fs_context_copy(struct fs_context *context) {
    struct fs_context *copy = context_alloc();
    if (!copy)
        return NULL;
    spin_lock(&context->lock);
    copy->root = context->root;
    copy->cwd = context->cwd;
    copy->umask = context->umask;
    path_get(&copy->root);
    path_get(&copy->cwd);
    spin_unlock(&context->lock);
    return copy;
}

void fs_context_get(struct fs_context *context) {
    refcount_get(&context->refcount);
}

static void context_free(struct rcu_head *head) {
    kfree(container_of(head, struct fs_context, rcu));
}

void fs_context_put(struct fs_context *context) {
    if (!refcount_put(&context->refcount))
        return;
    path_put(&context->root);
    path_put(&context->cwd);
    rcu_defer(&context->rcu, context_free); /* /proc looks at other processes' contexts under RCU */
}

static void copy_path(struct fs_context *context, const struct path *from, struct path *to) {
    spin_lock(&context->lock);
    *to = *from;
    path_get(to);
    spin_unlock(&context->lock);
}

void fs_context_root(struct fs_context *context, struct path *root) {
    copy_path(context, &context->root, root);
}

void fs_context_cwd(struct fs_context *context, struct path *cwd) {
    copy_path(context, &context->cwd, cwd);
}

static void replace_path(struct fs_context *context, struct path *which, const struct path *path) {
    spin_lock(&context->lock);
    struct path old = *which;
    *which = *path;
    spin_unlock(&context->lock);
    path_put(&old);
}

void fs_context_set_root(struct fs_context *context, const struct path *root) {
    replace_path(context, &context->root, root);
}

void fs_context_set_cwd(struct fs_context *context, const struct path *cwd) {
    replace_path(context, &context->cwd, cwd);
}
