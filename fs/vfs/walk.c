/* The path walk of walk.h: the way down, in both modes. Turns - links, `..` - are in walk_turns.c. */
#include "fs/vfs/walk_internal.h"

#include "fs/vfs/fs_context.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/name_words.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

struct component {
    struct name_key key;
    const char *rest;    /* behind it and the slashes that follow */
    bool slash_follows;
};

static inline void component_parse(const char *name, struct component *component) {
    name_scan(name, &component->key);
    const char *at = name + component->key.length;
    component->slash_follows = *at == '/';
    while (*at == '/')
        at++;
    component->rest = at;
}

/* ---- one component ---- */

static bool is_stale(const struct dentry *dentry, const struct inode *inode) {
    return (dentry->flags & DENTRY_VOLATILE) && inode && inode->ops->is_stale &&
           inode->ops->is_stale(inode);
}

static int find_child_rcu(struct walk *walk, const struct component *component, struct place *next) {
    struct dentry *parent = walk->at.path.dentry;
    struct dentry *child = dentry_find_rcu(parent, &component->key, &next->sequence);
    if (!child)
        return -ECHILD;
    next->path = (struct path){walk->at.path.mount, child};
    next->inode = atomic_load(&child->inode);
    if (seqcount_read_retry(&child->sequence, next->sequence) ||
        seqcount_read_retry(&parent->sequence, walk->at.sequence) || is_stale(child, next->inode))
        return -ECHILD;
    while (unlikely(atomic_load_relaxed(&next->path.dentry->mount_count))) {
        struct mount *mount = mount_find_rcu(next->path.mount, next->path.dentry);
        if (!mount)
            break;
        next->path = (struct path){mount, mount->root};
        place_sample(next);
    }
    return 0;
}

static int find_child(struct walk *walk, const struct component *component, struct place *next) {
    if (unlikely(component->key.length > NAME_MAX))
        return -ENAMETOOLONG;
    if (walk->rcu)
        return find_child_rcu(walk, component, next);
    struct dentry *child =
        dentry_lookup(walk->at.path.dentry, component->key.name, component->key.length);
    if (IS_ERR(child))
        return PTR_ERR(child);
    next->path = (struct path){walk->at.path.mount, child};
    mount_get(next->path.mount);
    mount_descend(&next->path);
    place_sample(next);
    return walk_stay_in_mount(walk, next);
}

/* ---- the loop ---- */

static inline int may_search(const struct inode *inode) {
    if (likely((inode->mode & 0111) == 0111))
        return 0;
    return inode_permission(inode, ACCESS_EXECUTE);
}

/* The place `next` was found; enters it, or the symlink that it is. */
static int enter(struct walk *walk, struct place *next, const struct component *component,
                 bool last, const char **name) {
    int error = 0;
    *name = component->rest;
    if (unlikely(!next->inode))
        error = -ENOENT;
    else if (unlikely(S_IS(next->inode->mode, S_IFLNK)) &&
             !(last && !component->slash_follows && (walk->flags & LOOKUP_NO_FOLLOW))) {
        if (last && component->slash_follows)
            walk->flags |= LOOKUP_DIRECTORY;
        return walk_follow(walk, next, component->rest, name);
    } else if ((!last || component->slash_follows) && !S_IS(next->inode->mode, S_IFDIR))
        error = -ENOTDIR;
    if (error) {
        place_put(walk, next);
        return error;
    }
    walk_move(walk, next);
    return 0;
}

static int step(struct walk *walk, const char **name) {
    struct component component;
    if (unlikely(!S_IS(walk->at.inode->mode, S_IFDIR)))
        return -ENOTDIR;
    int error = may_search(walk->at.inode);
    if (error)
        return error;
    component_parse(*name, &component);
    bool last = *component.rest == '\0';
    if (last && walk->depth == 0 && (walk->flags & LOOKUP_PARENT)) {
        walk->last = component.key.name;
        walk->last_length = component.key.length;
        walk->trailing_slash = component.slash_follows;
        *name = component.rest;
        return 0;
    }
    for (unsigned depth = walk->depth; last && depth > 0; depth--)
        last = *walk->frames[depth - 1].rest == '\0';
    const struct name_key *key = &component.key;
    if (key->name[0] == '.' && key->length <= 2 && (key->length == 1 || key->name[1] == '.')) {
        *name = component.rest;
        return key->length == 1 ? 0 : walk_up(walk);
    }
    struct place next;
    error = find_child(walk, &component, &next);
    return error ? error : enter(walk, &next, &component, last, name);
}

/*
 * The common case without detours: cached plain directories, and what is in the last of them. Stops before whatever is not that; `step` does it. Returns what is left of `name`.
 */
static const char *walk_plain(struct walk *walk, const char *name) {
    struct component component;
    struct dentry *at = walk->at.path.dentry;
    struct inode *inode = walk->at.inode;
    uint32_t sequence = walk->at.sequence, next_sequence;
    while (*name != '\0' && S_IS(inode->mode, S_IFDIR) && may_search(inode) == 0) {
        component_parse(name, &component);
        bool last = *component.rest == '\0';
        if (name[0] == '.' || (last && (component.slash_follows || (walk->flags & LOOKUP_PARENT))))
            break;
        struct dentry *next = dentry_find_rcu(at, &component.key, &next_sequence);
        if (!next || next->mount_count || (next->flags & DENTRY_VOLATILE))
            break;
        struct inode *next_inode = atomic_load(&next->inode);
        if (!next_inode || S_IS(next_inode->mode, S_IFLNK) || (!last && !S_IS(next_inode->mode, S_IFDIR)) ||
            seqcount_read_retry(&next->sequence, next_sequence) ||
            seqcount_read_retry(&at->sequence, sequence))
            break;
        at = next;
        inode = next_inode;
        sequence = next_sequence;
        name = component.rest;
    }
    walk->at.path.dentry = at;
    walk->at.inode = inode;
    walk->at.sequence = sequence;
    return name;
}

static int walk_steps(struct walk *walk, const char *name) {
    for (;;) {
        while (*name == '/')
            name++;
        if (walk->rcu && walk->depth == 0)
            name = walk_plain(walk, name);
        if (*name != '\0') {
            int error = step(walk, &name);
            if (error)
                return error;
        } else if (walk->depth > 0) {
            struct walk_frame *frame = &walk->frames[--walk->depth];
            kfree(frame->text);
            name = frame->rest;
        } else {
            break;
        }
    }
    if ((walk->flags & LOOKUP_DIRECTORY) && !S_IS(walk->at.inode->mode, S_IFDIR))
        return -ENOTDIR;
    return 0;
}

/* ---- beginning and end ---- */

static void walk_begin(struct walk *walk, const struct path *root, const struct path *start,
                       const char *name, unsigned flags, bool rcu) {
    walk->rcu = rcu;
    walk->flags = flags;
    walk->links_followed = walk->depth = 0;
    walk->frames = walk->small_frames;
    walk->last = "";
    walk->last_length = 0;
    walk->trailing_slash = false;
    walk->mount_sequence = seqlock_read_begin(&mount_lock);
    walk->rename_sequence = unlikely(flags & LOOKUP_SCOPED) ? seqlock_read_begin(&rename_lock) : 0;
    struct fs_context *context = root ? NULL : current_task()->fs;
    bool lock = context && (!rcu || refcount_read(&context->refcount) != 1);
    if (lock)
        spin_lock(&context->lock);
    walk->root = context ? context->root : *root;
    walk->at.path = *name == '/' ? walk->root : start ? *start : context ? context->cwd : *root;
    if (!rcu) {
        path_get(&walk->root);
        path_get(&walk->at.path);
    }
    if (lock)
        spin_unlock(&context->lock);
    place_sample(&walk->at);
}

/* Turns the place reached without references into one with them. */
static int legitimize(struct walk *walk) {
    struct path *path = &walk->at.path;
    if (!refcount_get_not_zero(&path->mount->refcount))
        return -ECHILD;
    if (!refcount_get_not_zero(&path->dentry->refcount)) {
        rcu_read_unlock();
        mount_put(path->mount);
        return -ECHILD;
    }
    if (!walk_still_valid(walk)) {
        rcu_read_unlock();
        path_put(path);
        return -ECHILD;
    }
    return 0;
}

static int walk_without_references(struct walk *walk, const struct path *root,
                                   const struct path *start, const char *name, unsigned flags) {
    rcu_read_lock();
    walk_begin(walk, root, start, name, flags, true);
    int error = walk->at.inode ? walk_steps(walk, name) : -ECHILD;
    if (!error)
        error = legitimize(walk);
    else if (seqlock_read_retry(&mount_lock, walk->mount_sequence))
        error = -ECHILD;
    rcu_read_unlock();
    return error;
}

static int walk_with_references(struct walk *walk, const struct path *root,
                                const struct path *start, const char *name, unsigned flags) {
    walk_begin(walk, root, start, name, flags, false);
    int error = walk->at.inode ? walk_steps(walk, name) : -ENOENT;
    while (walk->depth > 0)
        kfree(walk->frames[--walk->depth].text);
    if (walk->frames != walk->small_frames)
        kfree(walk->frames);
    path_put(&walk->root);
    if (error)
        path_put(&walk->at.path);
    return error;
}

int walk_unreferenced(struct walk *walk, const struct path *start, const char *name, unsigned flags) {
    if (*name == '\0' && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    walk_begin(walk, NULL, start, name, flags, true);
    return walk->at.inode ? walk_steps(walk, name) : -ECHILD;
}

bool walk_still_valid(const struct walk *walk) {
    return !seqcount_read_retry(&walk->at.path.dentry->sequence, walk->at.sequence) &&
           !seqlock_read_retry(&mount_lock, walk->mount_sequence);
}

int walk_path(struct walk *walk, const struct path *root, const struct path *start,
              const char *name, unsigned flags) {
    if (unlikely(*name == '\0') && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    if (unlikely((flags & LOOKUP_BENEATH) && *name == '/'))
        return -EXDEV;
    /* The first mode does not look at restrictions. */
    int error = unlikely(flags & LOOKUP_RESTRICTED) ? -ECHILD : walk_without_references(walk, root, start, name, flags);
    if (unlikely(error == -ECHILD && (flags & LOOKUP_CACHED)))
        return -EAGAIN;
    return error == -ECHILD ? walk_with_references(walk, root, start, name, flags) : error;
}
