/*
 * Credentials across exec: set-user-ID and set-group-ID bits, and capabilities as capabilities(7)
 * "Transformation of capabilities during execve" has it for files without capabilities of their own.
 */
#include "fs/vfs/mount.h"
#include "kernel/proc/exec_image.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

/* Bits of personality(2) that a program with new rights does not inherit: its addresses could be foretold. */
#define PERSONALITY_UNSAFE (READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT | MMAP_PAGE_ZERO)

/* Returns whether the file has such bits and they count. */
static bool apply_set_id_bits(struct cred *new, const struct file *file) {
    const struct inode *inode = file->inode;
    bool set_user = inode->mode & S_ISUID, set_group = (inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);

    if ((file->path.mount && file->path.mount->flags & MS_NOSUID) || new->no_new_privileges)
        return false;
    if (set_user)
        new->euid = inode->uid;
    if (set_group)
        new->egid = inode->gid;
    return set_user || set_group;
}

/* Of root's files all capabilities are permitted, of others none. With no_new_privs nobody gets more than he had. */
static void permit(struct cred *new, const struct cred *old, bool set_id) {
    bool root = !(new->secure_bits & SECURE_NO_ROOT) && (new->euid == 0 || new->uid == 0);

    new->capabilities_permitted = root ? old->capabilities_inheritable | old->capabilities_bounding : 0;
    bool gains = set_id || (new->capabilities_permitted & ~old->capabilities_permitted);
    if (!gains || !old->no_new_privileges)
        return;
    new->euid = new->uid;
    new->egid = new->gid;
    new->capabilities_permitted &= old->capabilities_permitted;
}

/* `new` is a copy of `old`. Says in the image what else follows. */
static void transform(struct cred *new, const struct cred *old, struct exec_image *image) {
    bool bits = apply_set_id_bits(new, image->file);
    bool set_id = new->euid != old->uid || new->egid != old->gid;
    bool effective = !(new->secure_bits & SECURE_NO_ROOT) && new->euid == 0;

    permit(new, old, set_id);
    bool gained = new->capabilities_permitted & ~old->capabilities_permitted;
    new->suid = new->fsuid = new->euid;
    new->sgid = new->fsgid = new->egid;
    if (set_id)
        new->capabilities_ambient = 0;
    new->capabilities_permitted |= new->capabilities_ambient;
    new->capabilities_effective = effective ? new->capabilities_permitted : new->capabilities_ambient;
    new->secure_bits &= ~(uint32_t)SECURE_KEEP_CAPS;

    image->secure = set_id || (new->uid != 0 && (effective || new->capabilities_permitted & ~new->capabilities_ambient));
    image->personality = current_task()->personality & ~(bits || gained ? PERSONALITY_UNSAFE : 0u);
    image->not_dumpable = new->euid != new->uid || new->egid != new->gid;
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

    transform(&new, old, image);
    if (!is_same(&new, old)) {
        image->cred = cred_copy(old);
        if (!image->cred)
            return -ENOMEM;
        transform(image->cred, old, image);
    }
    if (inode_permission(image->file->inode, ACCESS_READ) != 0)
        image->not_dumpable = true;
    return 0;
}
