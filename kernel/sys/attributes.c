/* chmod, chown, truncate and their relatives; umask; fallocate. */
#include "fs/vfs/attributes.h"

#include "fs/vfs/file_table.h"
#include "fs/vfs/fs_context.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/notify.h"
#include "kernel/sys/at_flags.h"
#include "kernel/sys/sys_file.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

int64_t sys_fchmodat(int directory, const char *name, uint32_t mode) {
    struct path path;
    int error = path_lookup_user(directory, name, 0, &path);
    if (error)
        return error;
    error = path_change_mode(&path, mode);
    path_put(&path);
    return error;
}

int64_t sys_chmod(const char *name, uint32_t mode) {
    return sys_fchmodat(AT_FDCWD, name, mode);
}

int64_t sys_fchmod(int descriptor, uint32_t mode) {
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = path_change_mode(&use.file->path, mode);
    file_use_end(use);
    return result;
}

int64_t sys_fchownat(int directory, const char *name, uint32_t uid, uint32_t gid, uint32_t flags) {
    struct path path;
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = path_lookup_user(directory, name, at_lookup_flags(flags), &path);
    if (error)
        return error;
    error = path_change_owner(&path, uid, gid);
    path_put(&path);
    return error;
}

int64_t sys_chown(const char *name, uint32_t uid, uint32_t gid) {
    return sys_fchownat(AT_FDCWD, name, uid, gid, 0);
}

int64_t sys_lchown(const char *name, uint32_t uid, uint32_t gid) {
    return sys_fchownat(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fchown(int descriptor, uint32_t uid, uint32_t gid) {
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = path_change_owner(&use.file->path, uid, gid);
    file_use_end(use);
    return result;
}

int64_t sys_umask(uint32_t mask) {
    return atomic_exchange(&current_task()->fs->umask, mask & 0777u);
}

int64_t sys_truncate(const char *name, int64_t size) {
    struct path path;
    if (size < 0)
        return -EINVAL;
    int error = path_lookup_user(AT_FDCWD, name, 0, &path);
    if (error)
        return error;
    error = path_truncate(&path, (uint64_t)size);
    path_put(&path);
    return error;
}

int64_t sys_ftruncate(int descriptor, int64_t size) {
    if (size < 0)
        return -EINVAL;
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = file_truncate(use.file, (uint64_t)size);
    file_use_end(use);
    return result;
}

/* ---- fallocate ---- */

/* linux/falloc.h: of these only holes are made, as in Linux's tmpfs */
enum {
    FALLOC_KEEP_SIZE = 1, FALLOC_PUNCH_HOLE = 2, FALLOC_COLLAPSE = 8, FALLOC_ZERO = 16, FALLOC_INSERT = 32,
    FALLOC_UNSHARE = 64,
};
#define FALLOC_KNOWN \
    (FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE | FALLOC_COLLAPSE | FALLOC_ZERO | FALLOC_INSERT | FALLOC_UNSHARE)

static int check_mode(uint32_t mode) {
    const uint32_t both = FALLOC_PUNCH_HOLE | FALLOC_ZERO;
    if ((mode & ~(uint32_t)FALLOC_KNOWN) || (mode & both) == both)
        return -EOPNOTSUPP;
    if ((mode & FALLOC_PUNCH_HOLE) && !(mode & FALLOC_KEEP_SIZE))
        return -EOPNOTSUPP;
    bool alone = (mode & (mode - 1)) == 0;
    if ((mode & (FALLOC_COLLAPSE | FALLOC_INSERT)) && !alone)
        return -EINVAL;
    if ((mode & FALLOC_UNSHARE) && (mode & ~(uint32_t)(FALLOC_UNSHARE | FALLOC_KEEP_SIZE)))
        return -EINVAL;
    return 0;
}

static int allocate(struct file *file, uint32_t mode, uint64_t offset, uint64_t length) {
    int error = check_mode(mode);
    if (error)
        return error;
    if (!(file->abilities & FILE_CAN_WRITE))
        return -EBADF;
    if (S_IS(file->inode->mode, S_IFIFO))
        return -ESPIPE;
    if (S_IS(file->inode->mode, S_IFDIR))
        return -EISDIR;
    if (!S_IS(file->inode->mode, S_IFREG))
        return -ENODEV;
    if (offset + length > (uint64_t)INT64_MAX)
        return -EFBIG;
    if (!file->ops->allocate || (mode & ~(uint32_t)(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE)))
        return -EOPNOTSUPP;
    bool hole = mode & FALLOC_PUNCH_HOLE;
    error = file->ops->allocate(file, hole ? ALLOCATE_HOLE : ALLOCATE_ROOM, offset, length);
    if (error)
        return error;
    if (!(mode & FALLOC_KEEP_SIZE) && offset + length > file->inode->size)
        return file_truncate(file, offset + length);
    notify_file(file, IN_MODIFY);
    return 0;
}

int64_t sys_fallocate(int descriptor, uint32_t mode, int64_t offset, int64_t length) {
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    bool is_range = offset >= 0 && length > 0;
    int64_t result = !is_range ? -EINVAL : allocate(use.file, mode, (uint64_t)offset, (uint64_t)length);
    file_use_end(use);
    return result;
}
