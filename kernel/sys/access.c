/* access, faccessat, faccessat2: what the real user might do. */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/inode.h"
#include "fs/vfs/mount.h"
#include "kernel/sys/at_flags.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

/*
 * The running thread's credentials with the real ids in place of the effective ones; root keeps his
 * capabilities, others have none. NULL: no memory.
 */
static struct cred *real_cred(void) {
    struct cred *cred = cred_copy(current_cred());
    if (!cred)
        return NULL;
    cred->fsuid = cred->uid;
    cred->fsgid = cred->gid;
    cred->capabilities_effective = cred->uid == 0 ? cred->capabilities_permitted : 0;
    return cred;
}

static bool ids_differ(void) {
    const struct cred *cred = current_cred();
    return cred->fsuid != cred->uid || cred->fsgid != cred->gid;
}

static int64_t check(const struct path *path, const struct cred *cred, uint32_t mode) {
    const struct inode *inode = path->dentry->inode;
    bool regular = S_IS(inode->mode, S_IFREG);
    if ((mode & ACCESS_EXECUTE) && regular && mount_is_noexec(path->mount))
        return -EACCES;
    int error = inode_permission_as(cred, inode, mode);
    if (error || !(mode & ACCESS_WRITE))
        return error;
    bool special = S_IS(inode->mode, S_IFCHR) || S_IS(inode->mode, S_IFBLK) ||
                   S_IS(inode->mode, S_IFIFO) || S_IS(inode->mode, S_IFSOCK);
    return special ? 0 : mount_check_write(path->mount);
}

int64_t sys_faccessat2(int directory, const char *name, uint32_t mode, uint32_t flags) {
    struct path path;
    if (mode & ~(uint32_t)(ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE))
        return -EINVAL;
    if (flags & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    struct cred *real = NULL;
    if (!(flags & AT_EACCESS) && ids_differ() && !(real = real_cred()))
        return -ENOMEM;
    int64_t result = path_lookup_user(directory, name, at_lookup_flags(flags), &path);
    if (!result) {
        result = check(&path, real ? real : current_cred(), mode);
        path_put(&path);
    }
    if (real)
        cred_put(real);
    return result;
}

int64_t sys_faccessat(int directory, const char *name, uint32_t mode) {
    return sys_faccessat2(directory, name, mode, 0);
}

int64_t sys_access(const char *name, uint32_t mode) {
    return sys_faccessat2(AT_FDCWD, name, mode, 0);
}
