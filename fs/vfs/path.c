/* Paths: references, lookup for the rest of the kernel, and the way back from a place to its name. */
#include "fs/vfs/path.h"

#include "fs/vfs/fs_context.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/user_name.h"
#include "fs/vfs/walk.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

void path_get(const struct path *path) {
    mount_get(path->mount);
    dentry_get(path->dentry);
}

void path_put(const struct path *path) {
    dentry_put(path->dentry);
    mount_put(path->mount);
}

/* With the start as the walk's root. */
static int walk_scoped(struct walk *walk, const struct path *start, const char *name, unsigned flags) {
    struct path root;
    if (start) {
        root = *start;
        path_get(&root);
    } else {
        fs_context_cwd(current_task()->fs, &root);
    }
    int error = walk_path(walk, &root, &root, name, flags);
    path_put(&root);
    return error;
}

int path_lookup(const struct path *start, const char *name, unsigned flags, struct path *result) {
    struct walk walk;
    int error = unlikely(flags & LOOKUP_SCOPED) ? walk_scoped(&walk, start, name, flags)
                                                : walk_path(&walk, NULL, start, name, flags);
    if (!error)
        *result = walk.at.path;
    return error;
}

int path_lookup_parent_restricted(const struct path *start, const char *name, unsigned restrictions,
                                  struct path *directory, char *last, bool *trailing_slash) {
    struct walk walk;
    unsigned flags = restrictions | LOOKUP_PARENT;
    int error = unlikely(flags & LOOKUP_SCOPED) ? walk_scoped(&walk, start, name, flags)
                                                : walk_path(&walk, NULL, start, name, flags);
    if (error)
        return error;
    if (walk.last_length > NAME_MAX) {
        path_put(&walk.at.path);
        return -ENAMETOOLONG;
    }
    *directory = walk.at.path;
    memcpy(last, walk.last, walk.last_length);
    last[walk.last_length] = '\0';
    if (trailing_slash)
        *trailing_slash = walk.trailing_slash;
    return 0;
}

int path_lookup_parent(const struct path *start, const char *name, struct path *directory, char *last,
                       bool *trailing_slash) {
    return path_lookup_parent_restricted(start, name, 0, directory, last, trailing_slash);
}

int path_lookup_user(int directory_fd, const char *user_name, unsigned flags, struct path *result) {
    struct user_name name;
    int error = user_name_get(&name, directory_fd, user_name, flags & LOOKUP_EMPTY);
    if (error)
        return error;
    error = path_lookup(name.start, name.text, flags, result);
    user_name_end(&name);
    return error;
}

/* ---- names of places ---- */

/* Text that grows downward from the end of a buffer. */
struct reverse_text {
    char *start, *at;
    bool overflow;
};

static void prepend(struct reverse_text *text, const char *piece, size_t length) {
    if ((size_t)(text->at - text->start) < length) {
        text->overflow = true;
        return;
    }
    text->at -= length;
    memcpy(text->at, piece, length);
}

/* Both locks of path_name are held. */
static void prepend_components(struct reverse_text *text, struct path at, const struct path *root) {
    while (at.dentry != root->dentry || at.mount != root->mount) {
        if (at.dentry == at.mount->root) {
            if (at.mount->parent == at.mount || !at.mount->attached)
                break;
            at = (struct path){at.mount->parent, at.mount->mountpoint};
        } else if (at.dentry->parent == at.dentry) {
            break;
        } else {
            prepend(text, at.dentry->name, at.dentry->name_length);
            prepend(text, "/", 1);
            at.dentry = at.dentry->parent;
        }
    }
}

static bool is_deleted(const struct dentry *dentry) {
    return !dentry->hashed && dentry->parent != dentry;
}

char *path_name(const struct path *path, char *buffer, size_t size) {
    static const char deleted[] = " (deleted)";
    struct reverse_text text = {buffer, buffer + size, false};
    struct path root = root_path;
    prepend(&text, "", 1);
    spin_lock(&current_task()->fs->lock);
    root = current_task()->fs->root;
    path_get(&root);
    spin_unlock(&current_task()->fs->lock);

    spin_lock(&mount_lock.lock);
    spin_lock(&rename_lock.lock);
    if (path->dentry->flags & DENTRY_ANONYMOUS) {
        prepend(&text, path->dentry->name, path->dentry->name_length);
    } else {
        if (is_deleted(path->dentry))
            prepend(&text, deleted, sizeof deleted - 1);
        char *end = text.at;
        prepend_components(&text, *path, &root);
        if (text.at == end)
            prepend(&text, "/", 1);
    }
    spin_unlock(&rename_lock.lock);
    spin_unlock(&mount_lock.lock);
    path_put(&root);
    return text.overflow ? ERR_PTR(-ENAMETOOLONG) : text.at;
}
