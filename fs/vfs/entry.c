/*
 * Making, linking and removing names (entry.h); renaming is in rename.c.
 *
 * Lock order: directories before what is in them; both are inode.lock, of two lock classes.
 */
#include "fs/vfs/entry.h"

#include "fs/vfs/entry_check.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/notify.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/string.h"

/* More links to one inode than this are refused with EMLINK. */
#define LINKS_MAX 0x7fffffffu

/* ---- checks, shared with rename.c ---- */

int entry_check_create(const struct inode *directory) {
    if (directory->link_count == 0)
        return -ENOENT;
    return inode_permission(directory, ACCESS_WRITE | ACCESS_EXECUTE);
}

int entry_check_remove(const struct inode *directory, const struct dentry *victim, bool want_directory) {
    const struct inode *inode = victim->inode;
    int error = inode_permission(directory, ACCESS_WRITE | ACCESS_EXECUTE);
    if (error)
        return error;
    if (directory->mode & S_ISVTX) {
        const struct cred *cred = current_cred();
        if (cred->fsuid != inode->uid && cred->fsuid != directory->uid && !cred_has(cred, CAP_FOWNER))
            return -EPERM;
    }
    if (want_directory != S_IS(inode->mode, S_IFDIR))
        return want_directory ? -ENOTDIR : -EISDIR;
    return victim->mount_count ? -EBUSY : 0;
}

int entry_may_create(const struct path *directory) {
    int error = mount_check_write(directory->mount);
    return error ? error : entry_check_create(directory->dentry->inode);
}

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* ---- making ---- */

/*
 * Locks the directory and finds the place for a new name: a negative dentry with a reference, or
 * ERR_PTR with the directory unlocked.
 */
static struct dentry *begin_create(const struct path *directory, const char *name) {
    struct inode *inode = directory->dentry->inode;
    if (name[0] == '\0' || is_dots(name))
        return ERR_PTR(-EEXIST);
    dentry_make_room();
    rwsem_write_lock(&inode->lock);
    struct dentry *dentry = dentry_lookup_locked(directory->dentry, name, strlen(name));
    int error = 0;
    if (IS_ERR(dentry))
        error = PTR_ERR(dentry);
    else if (dentry->inode)
        error = -EEXIST;
    else
        error = entry_may_create(directory);
    if (!error)
        return dentry;
    rwsem_write_unlock(&inode->lock);
    if (!IS_ERR(dentry))
        dentry_put(dentry);
    return ERR_PTR(error);
}

/* `made` is the new inode or an ERR_PTR. Unlocks; *result gets the dentry's reference if not NULL. */
static int end_create(const struct path *directory, struct dentry *dentry, struct inode *made,
                      struct dentry **result) {
    if (!IS_ERR(made)) {
        dentry_instantiate(dentry, made);
        notify_name(directory->dentry->inode, dentry->name, dentry->name_length,
                    IN_CREATE | (S_IS(made->mode, S_IFDIR) ? (uint32_t)IN_ISDIR : 0u));
    }
    rwsem_write_unlock(&directory->dentry->inode->lock);
    if (!IS_ERR(made) && result)
        *result = dentry;
    else
        dentry_put(dentry);
    return IS_ERR(made) ? PTR_ERR(made) : 0;
}

int entry_create(const struct path *directory, const char *name, uint32_t mode, uint64_t device,
                 struct dentry **made) {
    struct dentry *dentry = begin_create(directory, name);
    if (IS_ERR(dentry))
        return PTR_ERR(dentry);
    struct inode *inode = directory->dentry->inode;
    struct inode *child = ERR_PTR(inode->super->volatile_names ? -ENOENT : -EPERM);
    if (inode->ops->create)
        child = inode->ops->create(inode, name, strlen(name), mode, device);
    return end_create(directory, dentry, child, made);
}

int entry_symlink(const struct path *directory, const char *name, const char *target) {
    struct dentry *dentry = begin_create(directory, name);
    if (IS_ERR(dentry))
        return PTR_ERR(dentry);
    struct inode *inode = directory->dentry->inode;
    struct inode *child = ERR_PTR(-EPERM);
    if (inode->ops->symlink)
        child = inode->ops->symlink(inode, name, strlen(name), target);
    return end_create(directory, dentry, child, NULL);
}

int entry_create_unnamed(const struct path *directory, uint32_t mode, bool linkable, struct dentry **made) {
    struct inode *inode = directory->dentry->inode;
    char name[24];
    int error = entry_may_create(directory);
    if (error)
        return error;
    if (!inode->ops->create_unnamed)
        return -EOPNOTSUPP;
    struct inode *child = inode->ops->create_unnamed(inode, S_IFREG | mode);
    if (IS_ERR(child))
        return PTR_ERR(child);
    child->flags |= linkable ? (uint32_t)INODE_UNNAMED : 0u;
    format_snprintf(name, sizeof name, "#%llu", (unsigned long long)child->number);
    *made = dentry_make_detached(directory->dentry, name, child);
    if (*made)
        return 0;
    inode_put(child);
    return -ENOMEM;
}

/* May this inode get another name? Its lock is held. */
static int check_link(const struct inode *inode) {
    if (S_IS(inode->mode, S_IFDIR))
        return -EPERM;
    if (inode->link_count == 0 && !(inode->flags & INODE_UNNAMED))
        return -ENOENT;
    return inode->link_count >= LINKS_MAX ? -EMLINK : 0;
}

int entry_link(const struct path *source, const struct path *directory, const char *name) {
    struct inode *inode = source->dentry->inode;
    struct inode *parent = directory->dentry->inode;
    struct dentry *dentry = begin_create(directory, name);
    if (IS_ERR(dentry))
        return PTR_ERR(dentry);
    int error = source->mount != directory->mount ? -EXDEV : 0;
    if (!error && (S_IS(inode->mode, S_IFDIR) || !parent->ops->link))
        error = -EPERM;
    if (!error) {
        rwsem_write_lock(&inode->lock);
        error = check_link(inode);
        if (!error)
            error = parent->ops->link(parent, name, strlen(name), inode);
        if (!error)
            inode->flags &= ~(uint32_t)INODE_UNNAMED;
        rwsem_write_unlock(&inode->lock);
    }
    if (error)
        return end_create(directory, dentry, ERR_PTR(error), NULL);
    inode_get(inode);
    notify_inode(inode, IN_ATTRIB); /* its link count */
    return end_create(directory, dentry, inode, NULL);
}

/* ---- removing ---- */

typedef int remove_op(struct inode *directory, const char *name, size_t length, struct inode *inode);

/* The directory is locked and everything has been checked. */
static int remove_entry(struct dentry *parent, struct dentry *dentry, remove_op *op) {
    struct inode *inode = dentry->inode;
    if (!op)
        return -EPERM;
    rwsem_write_lock_nested(&inode->lock); /* parent before child */
    int error = op(parent->inode, dentry->name, dentry->name_length, inode);
    rwsem_write_unlock(&inode->lock);
    if (error)
        return error;
    if (S_IS(inode->mode, S_IFDIR))
        dentry_forget_children(dentry);
    dentry_unhash(dentry);
    return 0;
}

/* Linux's answer to unlink("x/"): by what x is. */
static int slash_error(const struct dentry *dentry) {
    if (!dentry->inode)
        return -ENOENT;
    return S_IS(dentry->inode->mode, S_IFDIR) ? -EISDIR : -ENOTDIR;
}

/* Before the dentry's last reference goes, which may be the end of the file. */
static void tell_removed(struct inode *parent, const struct dentry *dentry) {
    bool is_directory = S_IS(dentry->inode->mode, S_IFDIR);
    if (!is_directory)
        notify_inode(dentry->inode, IN_ATTRIB); /* its link count */
    notify_name(parent, dentry->name, dentry->name_length, IN_DELETE | (is_directory ? (uint32_t)IN_ISDIR : 0u));
}

static int remove_name(const struct path *directory, const char *name, bool is_directory,
                       bool trailing_slash) {
    struct inode *parent = directory->dentry->inode;
    int error = mount_check_write(directory->mount);
    if (error)
        return error;
    rwsem_write_lock(&parent->lock);
    struct dentry *dentry = dentry_lookup_locked(directory->dentry, name, strlen(name));
    if (IS_ERR(dentry)) {
        rwsem_write_unlock(&parent->lock);
        return PTR_ERR(dentry);
    }
    if (trailing_slash && !is_directory)
        error = slash_error(dentry);
    else if (!dentry->inode)
        error = -ENOENT;
    else
        error = entry_check_remove(parent, dentry, is_directory);
    if (!error)
        error = remove_entry(directory->dentry, dentry,
                             is_directory ? parent->ops->remove_directory : parent->ops->unlink);
    rwsem_write_unlock(&parent->lock);
    if (!error)
        tell_removed(parent, dentry);
    dentry_put(dentry);
    return error;
}

int entry_unlink(const struct path *directory, const char *name, bool trailing_slash) {
    if (name[0] == '\0' || is_dots(name))
        return -EISDIR;
    return remove_name(directory, name, false, trailing_slash);
}

int entry_remove_directory(const struct path *directory, const char *name) {
    if (name[0] == '\0')
        return -EBUSY;
    if (is_dots(name))
        return name[1] == '\0' ? -EINVAL : -ENOTEMPTY;
    return remove_name(directory, name, true, false);
}
