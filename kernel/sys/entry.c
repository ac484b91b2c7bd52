/* Names in directories: mkdir, mknod, unlink, link, symlink, rename and their *at forms. */
#include "fs/vfs/entry.h"

#include "fs/vfs/fs_context.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/user_name.h"
#include "kernel/mm/slab.h"
#include "kernel/sys/at_flags.h"
#include "kernel/sys/sys_file.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

/* A name's directory and last component. */
struct target {
    struct path directory;
    bool trailing_slash;
    char last[NAME_MAX + 1];
};

/* After 0, path_put(&target->directory) must follow. */
static int find_target(struct target *target, int directory, const char *user_name) {
    struct user_name name;
    int error = user_name_get(&name, directory, user_name, false);
    if (error)
        return error;
    error = path_lookup_parent(name.start, name.text, &target->directory, target->last,
                               &target->trailing_slash);
    user_name_end(&name);
    return error;
}

static uint32_t apply_umask(uint32_t mode) {
    return mode & ~current_task()->fs->umask;
}

/* ---- making ---- */

static bool exists(const struct target *target) {
    struct path path;
    const char *name = target->last[0] == '\0' ? "." : target->last;
    if (path_lookup(&target->directory, name, LOOKUP_NO_FOLLOW, &path))
        return false;
    path_put(&path);
    return true;
}

/* "x/" may be made only as a directory: if it is missing, ENOENT. */
static int slash_refused(const struct target *target) {
    if (!target->trailing_slash)
        return 0;
    return exists(target) ? -EEXIST : -ENOENT;
}

int64_t sys_mkdirat(int directory, const char *name, uint32_t mode) {
    struct target target;
    int error = find_target(&target, directory, name);
    if (error)
        return error;
    mode = apply_umask(mode & (0777u | S_ISVTX));
    error = entry_create(&target.directory, target.last, S_IFDIR | mode, 0, NULL);
    path_put(&target.directory);
    return error;
}

int64_t sys_mkdir(const char *name, uint32_t mode) {
    return sys_mkdirat(AT_FDCWD, name, mode);
}

/* Type bits as mknod takes them: 0 is a regular file. */
static int node_type(uint32_t *mode, uint32_t device) {
    switch (*mode & S_IFMT) {
    case 0:
        *mode |= S_IFREG;
        return 0;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        return 0;
    case S_IFCHR:
        if (device == 0) /* a whiteout: it opens nothing, so anybody may make one */
            return 0;
        __attribute__((fallthrough));
    case S_IFBLK:
        return cred_has(current_cred(), CAP_MKNOD) ? 0 : -EPERM;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
}

int64_t sys_mknodat(int directory, const char *name, uint32_t mode, uint32_t device) {
    struct target target;
    int type_error = node_type(&mode, device);
    if (type_error && type_error != -EPERM)
        return type_error;
    int error = find_target(&target, directory, name);
    if (error)
        return error;
    error = slash_refused(&target);
    if (!error && type_error)
        error = exists(&target) ? -EEXIST : type_error;
    if (!error)
        error = entry_create(&target.directory, target.last, apply_umask(mode & (S_IFMT | 07777u)),
                             device, NULL);
    path_put(&target.directory);
    return error;
}

int64_t sys_mknod(const char *name, uint32_t mode, uint32_t device) {
    return sys_mknodat(AT_FDCWD, name, mode, device);
}

int64_t sys_symlinkat(const char *user_text, int directory, const char *name) {
    struct target target;
    struct user_name text;
    int error = user_name_get(&text, AT_FDCWD, user_text, false);
    if (error)
        return error;
    error = find_target(&target, directory, name);
    if (!error) {
        error = slash_refused(&target);
        if (!error)
            error = entry_symlink(&target.directory, target.last, text.text);
        path_put(&target.directory);
    }
    user_name_end(&text);
    return error;
}

int64_t sys_symlink(const char *text, const char *name) {
    return sys_symlinkat(text, AT_FDCWD, name);
}

int64_t sys_linkat(int old_directory, const char *old_name, int new_directory, const char *new_name,
                   uint32_t flags) {
    struct target target;
    struct path source;
    if (flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if ((flags & AT_EMPTY_PATH) && !cred_has(current_cred(), CAP_DAC_READ_SEARCH))
        return -ENOENT;
    unsigned lookup = ((flags & AT_SYMLINK_FOLLOW) ? 0u : (unsigned)LOOKUP_NO_FOLLOW) |
                      ((flags & AT_EMPTY_PATH) ? (unsigned)LOOKUP_EMPTY : 0u);
    int error = path_lookup_user(old_directory, old_name, lookup, &source);
    if (error)
        return error;
    error = find_target(&target, new_directory, new_name);
    if (!error) {
        error = slash_refused(&target);
        if (!error)
            error = entry_link(&source, &target.directory, target.last);
        path_put(&target.directory);
    }
    path_put(&source);
    return error;
}

int64_t sys_link(const char *old_name, const char *new_name) {
    return sys_linkat(AT_FDCWD, old_name, AT_FDCWD, new_name, 0);
}

/* ---- removing ---- */

int64_t sys_unlinkat(int directory, const char *name, uint32_t flags) {
    struct target target;
    if (flags & ~(uint32_t)AT_REMOVEDIR)
        return -EINVAL;
    int error = find_target(&target, directory, name);
    if (error)
        return error;
    error = (flags & AT_REMOVEDIR)
                ? entry_remove_directory(&target.directory, target.last)
                : entry_unlink(&target.directory, target.last, target.trailing_slash);
    path_put(&target.directory);
    return error;
}

int64_t sys_unlink(const char *name) {
    return sys_unlinkat(AT_FDCWD, name, 0);
}

int64_t sys_rmdir(const char *name) {
    return sys_unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

/* ---- renaming ---- */

int64_t sys_renameat2(int old_directory, const char *old_name, int new_directory,
                      const char *new_name, uint32_t flags) {
    struct target from, to;
    if (flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
        return -EINVAL;
    if ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
        return -EINVAL;
    int error = find_target(&from, old_directory, old_name);
    if (error)
        return error;
    error = find_target(&to, new_directory, new_name);
    if (!error) {
        struct rename_end old_end = {from.directory, from.last, from.trailing_slash};
        struct rename_end new_end = {to.directory, to.last, to.trailing_slash};
        error = entry_rename(&old_end, &new_end, flags);
        path_put(&to.directory);
    }
    path_put(&from.directory);
    return error;
}

int64_t sys_renameat(int old_directory, const char *old_name, int new_directory, const char *new_name) {
    return sys_renameat2(old_directory, old_name, new_directory, new_name, 0);
}

int64_t sys_rename(const char *old_name, const char *new_name) {
    return sys_renameat2(AT_FDCWD, old_name, AT_FDCWD, new_name, 0);
}

/* ---- readlink ---- */

int64_t sys_readlinkat(int directory, const char *name, char *buffer, int size) {
    struct path path;
    char first;
    if (size <= 0)
        return -EINVAL;
    int error = path_lookup_user(directory, name, LOOKUP_NO_FOLLOW | LOOKUP_EMPTY, &path);
    if (error)
        return error;
    char *text = kmalloc(PATH_MAX);
    int64_t length = text ? inode_read_link(path.dentry->inode, text, PATH_MAX) : -ENOMEM;
    if (length == -EINVAL && get_user(first, name) == 0 && first == '\0')
        length = -ENOENT; /* an empty name that leads to no symlink */
    if (length > 0) {
        length = MIN(length, size);
        if (copy_to_user(buffer, text, (size_t)length))
            length = -EFAULT;
    }
    kfree(text);
    path_put(&path);
    return length;
}

int64_t sys_readlink(const char *name, char *buffer, int size) {
    return sys_readlinkat(AT_FDCWD, name, buffer, size);
}
