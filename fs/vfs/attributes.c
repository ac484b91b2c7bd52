/* Changes of mode, owner, times and size (attributes.h). */
#include "fs/vfs/attributes.h"

#include "fs/vfs/file.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/notify.h"
#include "fs/vfs/seal.h"
#include "kernel/task/task.h"
#include "kernel/vm/object.h"
#include "lib/errno.h"

static int set_size(struct inode *inode, uint64_t size) {
    int error = object_truncate(inode->object, size);
    if (!error)
        inode->size = size;
    return error;
}

int inode_set_generic(struct inode *inode, const struct attributes *attributes) {
    uint32_t valid = attributes->valid;
    if (valid & ATTR_SIZE) {
        int error = set_size(inode, attributes->size);
        if (error)
            return error;
        inode->modify_time = timestamp_now();
    }
    if (valid & ATTR_UID)
        inode->uid = attributes->uid;
    if (valid & ATTR_GID)
        inode->gid = attributes->gid;
    if (valid & ATTR_MODE)
        inode->mode = (inode->mode & S_IFMT) | (attributes->mode & ~S_IFMT);
    if (valid & ATTR_ACCESS_TIME)
        inode->access_time = attributes->access_time;
    if (valid & ATTR_MODIFY_TIME)
        inode->modify_time = attributes->modify_time;
    inode_touch_change(inode);
    return 0;
}

int inode_set_attributes(struct inode *inode, const struct attributes *attributes) {
    if (inode->ops->set_attributes)
        return inode->ops->set_attributes(inode, attributes);
    return inode_set_generic(inode, attributes);
}

void inode_drop_set_id(struct inode *inode) {
    if (likely(!(inode->mode & (S_ISUID | S_ISGID))) || cred_has(current_cred(), CAP_FSETID))
        return;
    uint32_t mode = inode->mode & ~S_ISUID;
    if (mode & S_IXGRP) /* else set-gid means mandatory locking, not privilege */
        mode &= ~S_ISGID;
    inode->mode = mode;
}

/* ---- chmod, chown ---- */

int path_change_mode(const struct path *path, uint32_t mode) {
    struct inode *inode = path->dentry->inode;
    int error = mount_check_write(path->mount);
    if (error)
        return error;
    if (S_IS(inode->mode, S_IFLNK))
        return -EOPNOTSUPP;
    rwsem_write_lock(&inode->lock);
    if (!inode_is_owner(inode)) {
        error = -EPERM;
    } else {
        const struct cred *cred = current_cred();
        bool in_group = cred->fsgid == inode->gid || cred_in_group(cred, inode->gid);
        if (!in_group && !cred_has(cred, CAP_FSETID))
            mode &= ~S_ISGID;
        struct attributes change = {.valid = ATTR_MODE, .mode = (inode->mode & S_IFMT) | (mode & 07777u)};
        error = inode_set_attributes(inode, &change);
    }
    rwsem_write_unlock(&inode->lock);
    if (!error)
        notify_dentry(path->dentry, IN_ATTRIB);
    return error;
}

/* Only CAP_CHOWN gives files away; an owner may choose among his groups. */
static bool may_change_owner(const struct inode *inode, uint32_t uid, uint32_t gid) {
    const struct cred *cred = current_cred();
    if (cred_has(cred, CAP_CHOWN))
        return true;
    bool owner = cred->fsuid == inode->uid;
    bool uid_ok = uid == UINT32_MAX || (owner && uid == inode->uid);
    bool gid_ok = gid == UINT32_MAX ||
                  (owner && (gid == inode->gid || gid == cred->fsgid || cred_in_group(cred, gid)));
    return uid_ok && gid_ok;
}

int path_change_owner(const struct path *path, uint32_t uid, uint32_t gid) {
    struct inode *inode = path->dentry->inode;
    int error = mount_check_write(path->mount);
    if (error)
        return error;
    struct attributes change = {.uid = uid, .gid = gid};
    rwsem_write_lock(&inode->lock);
    if (!may_change_owner(inode, uid, gid)) {
        error = -EPERM;
    } else {
        change.valid = (uid != UINT32_MAX ? (uint32_t)ATTR_UID : 0) |
                       (gid != UINT32_MAX ? (uint32_t)ATTR_GID : 0);
        uint32_t dropped = S_ISUID | ((inode->mode & S_IXGRP) ? S_ISGID : 0);
        if (!S_IS(inode->mode, S_IFDIR) && (inode->mode & dropped)) {
            change.valid |= ATTR_MODE;
            change.mode = inode->mode & ~dropped;
        }
        error = inode_set_attributes(inode, &change);
    }
    rwsem_write_unlock(&inode->lock);
    if (!error)
        notify_dentry(path->dentry, IN_ATTRIB);
    return error;
}

/* ---- times ---- */

/* One time alone looks like the access or the write that usually sets it. */
static uint32_t event_of_times(uint32_t valid) {
    if ((valid & ATTR_ACCESS_TIME) && (valid & ATTR_MODIFY_TIME))
        return IN_ATTRIB;
    return (valid & ATTR_ACCESS_TIME) ? IN_ACCESS : IN_MODIFY;
}

int path_change_times(const struct path *path, const struct attributes *times, bool to_now) {
    struct inode *inode = path->dentry->inode;
    int error = mount_check_write(path->mount);
    if (error)
        return error;
    if (!inode_is_owner(inode)) {
        if (!to_now)
            return -EPERM;
        error = inode_permission(inode, ACCESS_WRITE);
        if (error)
            return error;
    }
    rwsem_write_lock(&inode->lock);
    error = inode_set_attributes(inode, times);
    rwsem_write_unlock(&inode->lock);
    if (!error)
        notify_dentry(path->dentry, event_of_times(times->valid));
    return error;
}

/* ---- size ---- */

int inode_truncate(struct inode *inode, uint64_t size) {
    if (size > inode->size) {
        int64_t limit = file_write_limit(inode->size, size - inode->size);
        if (limit < 0)
            return (int)limit;
        if ((uint64_t)limit < size - inode->size)
            return -EFBIG;
    }
    rwsem_write_lock(&inode->lock);
    struct attributes change = {.valid = ATTR_SIZE, .size = size};
    int error = seal_check_size(inode, size);
    if (!error) {
        inode_drop_set_id(inode);
        error = inode_set_attributes(inode, &change);
    }
    rwsem_write_unlock(&inode->lock);
    return error;
}

int path_truncate(const struct path *path, uint64_t size) {
    struct inode *inode = path->dentry->inode;
    if (S_IS(inode->mode, S_IFDIR))
        return -EISDIR;
    if (!S_IS(inode->mode, S_IFREG) || !inode->object)
        return -EINVAL;
    int error = mount_check_write(path->mount);
    if (!error)
        error = inode_permission(inode, ACCESS_WRITE);
    if (!error)
        error = inode_allow_write(inode);
    if (error)
        return error;
    error = inode_truncate(inode, size);
    inode_end_write(inode);
    if (!error)
        notify_dentry(path->dentry, IN_MODIFY);
    return error;
}

int file_truncate(struct file *file, uint64_t size) {
    if (!(file->abilities & FILE_CAN_WRITE) || !S_IS(file->inode->mode, S_IFREG))
        return -EINVAL;
    if (!file->inode->object) /* made when it is read: programs cut it before they write a setting */
        return size > INT32_MAX ? -EFBIG : 0;
    int error = inode_truncate(file->inode, size);
    if (!error)
        notify_dentry(file->path.dentry, IN_MODIFY);
    return error;
}
