/* Where a path walk does not just go down: `..`, and symbolic links. Both modes of walk.h. */
#include "fs/vfs/walk_internal.h"

#include "fs/vfs/mount.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

/* ---- up ---- */

static bool at_walk_root(const struct walk *walk, const struct path *path) {
    return path->dentry == walk->root.dentry && path->mount == walk->root.mount;
}

static int go_up_rcu(struct walk *walk) {
    struct place up = walk->at;
    while (up.path.dentry == up.path.mount->root && !at_walk_root(walk, &up.path)) {
        struct mount *mount = up.path.mount;
        struct mount *parent = atomic_load(&mount->parent);
        if (parent == mount)
            break;
        up.path = (struct path){parent, atomic_load(&mount->mountpoint)};
        place_sample(&up);
    }
    if (!at_walk_root(walk, &up.path)) {
        struct dentry *below = up.path.dentry;
        uint32_t sequence = up.sequence;
        up.path.dentry = atomic_load(&below->parent);
        place_sample(&up);
        if (seqcount_read_retry(&below->sequence, sequence))
            return -ECHILD;
    }
    /* Something may be mounted over what `..` leads to. */
    if (atomic_load_relaxed(&up.path.dentry->mount_count) && !at_walk_root(walk, &up.path))
        return -ECHILD;
    walk->at = up;
    return 0;
}

/* Had a directory on the way been moved out of the scope meanwhile, `..` would lead on outside: 0 or -EAGAIN. */
static int stay_in_scope(const struct walk *walk) {
    bool moved = (walk->flags & LOOKUP_SCOPED) && (seqlock_read_retry(&rename_lock, walk->rename_sequence) ||
                                                   seqlock_read_retry(&mount_lock, walk->mount_sequence));
    return unlikely(moved) ? -EAGAIN : 0;
}

int walk_up(struct walk *walk) {
    if (walk->rcu)
        return go_up_rcu(walk);
    struct place up = {.path = walk->at.path};
    if (unlikely(walk->flags & LOOKUP_BENEATH) && at_walk_root(walk, &up.path))
        return -EXDEV;
    path_get(&up.path);
    while (up.path.dentry == up.path.mount->root && !at_walk_root(walk, &up.path))
        if (!mount_ascend(&up.path))
            break;
    if (!at_walk_root(walk, &up.path)) {
        struct dentry *below = up.path.dentry;
        spin_lock(&rename_lock.lock);
        up.path.dentry = below->parent;
        dentry_get(up.path.dentry);
        spin_unlock(&rename_lock.lock);
        dentry_put(below);
        mount_descend(&up.path);
    }
    place_sample(&up);
    int error = walk_stay_in_mount(walk, &up);
    if (!error)
        walk_move(walk, &up);
    return error ? error : stay_in_scope(walk);
}

/* ---- links ---- */

/* An absolute link. 0, or -EXDEV: the walk may not go there. */
static int walk_to_root(struct walk *walk) {
    struct place root = {.path = walk->root};
    bool leaves = (walk->flags & LOOKUP_NO_MOUNTS) && root.path.mount != walk->at.path.mount;
    if (unlikely((walk->flags & LOOKUP_BENEATH) || leaves))
        return -EXDEV;
    if (!walk->rcu)
        path_get(&root.path);
    place_sample(&root);
    walk_move(walk, &root);
    return 0;
}

/* Goes on with `text`, and after it with `rest`. Owns `text` from now on (not in RCU mode). */
static int push_frame(struct walk *walk, const char *rest, char *text) {
    if (walk->rcu && *rest == '\0')
        return 0;
    if (walk->rcu && walk->depth == WALK_FRAMES_RCU)
        return -ECHILD;
    if (!walk->rcu && walk->frames == walk->small_frames) {
        walk->frames = kcalloc(SYMLINKS_MAX, sizeof(struct walk_frame));
        if (!walk->frames) {
            walk->frames = walk->small_frames;
            kfree(text);
            return -ENOMEM;
        }
    }
    ASSERT(walk->depth < SYMLINKS_MAX);
    walk->frames[walk->depth++] = (struct walk_frame){rest, walk->rcu ? NULL : text};
    return 0;
}

/* A copy of the link's text; ERR_PTR. */
static char *link_text_copy(struct inode *inode) {
    if (inode->link_text) {
        char *copy = kstrdup(inode->link_text);
        return copy ? copy : ERR_PTR(-ENOMEM);
    }
    char *text = kmalloc(PATH_MAX);
    if (!text)
        return ERR_PTR(-ENOMEM);
    int64_t length = inode->ops->read_link(inode, text, PATH_MAX - 1);
    if (length < 0) {
        kfree(text);
        return ERR_PTR((int)length);
    }
    text[length] = '\0';
    return text;
}

/* The text to go on with, NULL when the link led to a place at once, or ERR_PTR. */
static const char *link_enter(struct walk *walk, struct place *link, const char *rest) {
    struct inode *inode = link->inode;
    if (walk->rcu) {
        if (!inode->link_text)
            return ERR_PTR(-ECHILD);
        int error = push_frame(walk, rest, NULL);
        return error ? ERR_PTR(error) : inode->link_text;
    }
    if (inode->ops->follow_link) {
        struct place target = {0};
        if (walk->flags & (LOOKUP_NO_MAGIC | LOOKUP_SCOPED))
            return ERR_PTR((walk->flags & LOOKUP_NO_MAGIC) ? -ELOOP : -EXDEV);
        int error = inode->ops->follow_link(inode, &target.path);
        if (error)
            return ERR_PTR(error);
        place_sample(&target);
        error = walk_stay_in_mount(walk, &target);
        if (error)
            return ERR_PTR(error);
        walk_move(walk, &target);
        return NULL;
    }
    char *text = link_text_copy(inode);
    if (IS_ERR(text))
        return text;
    int error = push_frame(walk, rest, text);
    return error ? ERR_PTR(error) : text;
}

int walk_follow(struct walk *walk, struct place *link, const char *rest, const char **name) {
    const char *text;
    if (++walk->links_followed > SYMLINKS_MAX || (walk->flags & LOOKUP_NO_LINKS))
        text = ERR_PTR(-ELOOP);
    else
        text = link_enter(walk, link, rest);
    place_put(walk, link);
    if (IS_ERR(text))
        return PTR_ERR(text);
    *name = text ? text : rest;
    if (!text)
        return 0;
    if (*text == '\0')
        return -ENOENT;
    return *text == '/' ? walk_to_root(walk) : 0;
}
