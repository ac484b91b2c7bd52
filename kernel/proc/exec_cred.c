/*
 * Credentials across exec: set-user-ID and set-group-ID bits, and capabilities as capabilities(7)
 * "Transformation of capabilities during execve" has it for files without capabilities of their own.
 */
#include "fs/vfs/mount.h"
#include "kernel/proc/exec_image.h"
#include "kernel/task/cred.h"
#include "lib/errno.h"


static void apply_identity(struct cred *cred, const struct file *file) {
    const struct inode *inode = file->inode;
    bool honoured = !(file->path.mount && file->path.mount->flags & MS_NOSUID) && !cred->no_new_privileges;

    if (honoured && inode->mode & S_ISUID)
        cred->euid = inode->uid;
    if (honoured && (inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
        cred->egid = inode->gid;
    cred->suid = cred->fsuid = cred->euid;
    cred->sgid = cred->fsgid = cred->egid;
}

/* Root's files count as having all capabilities, others as having none. */
static void apply_capabilities(struct cred *cred, bool identity_changed) {
    bool no_root = cred->secure_bits & SECURE_NO_ROOT;
    bool root = !no_root && (cred->euid == 0 || cred->uid == 0);

    if (identity_changed)
        cred->capabilities_ambient = 0;
    cred->capabilities_permitted = cred->capabilities_ambient;
    if (root)
        cred->capabilities_permitted = cred->capabilities_inheritable | cred->capabilities_bounding;
    cred->secure_bits &= ~(uint32_t)SECURE_KEEP_CAPS;
    cred->capabilities_effective = !no_root && cred->euid == 0 ? cred->capabilities_permitted : cred->capabilities_ambient;
}

static bool is_same(const struct cred *a, const struct cred *b) {
    return a->euid == b->euid && a->suid == b->suid && a->fsuid == b->fsuid && a->egid == b->egid &&
           a->sgid == b->sgid && a->fsgid == b->fsgid && a->capabilities_permitted == b->capabilities_permitted &&
           a->capabilities_effective == b->capabilities_effective &&
           a->capabilities_ambient == b->capabilities_ambient && a->secure_bits == b->secure_bits;
}

int exec_prepare_cred(struct exec_image *image) {
    const struct cred *old = current_cred();
    struct cred new = *old;

    apply_identity(&new, image->file);
    bool changed = new.euid != old->euid || new.egid != old->egid;
    apply_capabilities(&new, changed);
    image->secure = changed || new.uid != new.euid || new.gid != new.egid;
    image->not_dumpable = image->secure || inode_permission(image->file->inode, ACCESS_READ) != 0;
    if (is_same(&new, old))
        return 0;
    image->cred = cred_copy(old);
    if (!image->cred)
        return -ENOMEM;
    apply_identity(image->cred, image->file);
    apply_capabilities(image->cred, changed);
    return 0;
}
