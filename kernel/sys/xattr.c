/*
 * Extended attributes. No filesystem here keeps any: after the checks Linux makes first, the answer is
 * EOPNOTSUPP, or an empty list.
 */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/dentry.h"
#include "fs/vfs/file_table.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

#define XATTR_NAME_MAX 255u /* linux/limits.h */
#define XATTR_SIZE_MAX 65536u

enum { XATTR_CREATE = 1, XATTR_REPLACE = 2 };

static int get_key(char key[XATTR_NAME_MAX + 1], const char *user_key) {
    int64_t length = copy_string_from_user(key, user_key, XATTR_NAME_MAX + 1);
    if (length == -ENAMETOOLONG || length == 0)
        return -ERANGE;
    return length < 0 ? (int)length : 0;
}

/* What is asked about: its kind, whose it is, what may be done with it; or why it cannot be asked. */
struct subject {
    int error;
    uint32_t mode;
    bool is_own;
    int read_error, write_error;
};

static struct subject about(const struct inode *inode) {
    return (struct subject){0, inode->mode, inode_is_owner(inode), inode_permission(inode, ACCESS_READ),
                            inode_permission(inode, ACCESS_WRITE)};
}

static struct subject by_path(const char *name, unsigned lookup) {
    struct path path;
    int error = path_lookup_user(AT_FDCWD, name, lookup, &path);
    if (error)
        return (struct subject){.error = error};
    struct subject subject = about(path.dentry->inode);
    path_put(&path);
    return subject;
}

static struct subject by_descriptor(int descriptor) {
    struct file_use use = file_use(descriptor);
    struct subject subject = {.error = -EBADF};
    if (use.file)
        subject = about(use.file->inode);
    file_use_end(use);
    return subject;
}

static bool begins(const char *key, const char *prefix) {
    return strncmp(key, prefix, strlen(prefix)) == 0;
}

/* Who may what, by the key's class: xattr(7). At best there is no such attribute. */
static int64_t refuse(const char *key, const struct subject *subject, bool write) {
    bool is_directory = S_IS(subject->mode, S_IFDIR), plain = is_directory || S_IS(subject->mode, S_IFREG);
    if (begins(key, "security.") || begins(key, "system."))
        return -EOPNOTSUPP;
    if (begins(key, "trusted."))
        return cred_has(current_cred(), CAP_SYS_ADMIN) ? -EOPNOTSUPP : write ? -EPERM : -ENODATA;
    if (begins(key, "user.") && !plain)
        return write ? -EPERM : -ENODATA;
    if (begins(key, "user.") && write && is_directory && (subject->mode & S_ISVTX) && !subject->is_own)
        return -EPERM;
    int error = write ? subject->write_error : subject->read_error;
    return error ? error : -EOPNOTSUPP;
}

static int64_t unsupported(const char *user_key, struct subject subject, bool write) {
    char key[XATTR_NAME_MAX + 1];
    if (subject.error)
        return subject.error;
    int error = get_key(key, user_key);
    return error ? error : refuse(key, &subject, write);
}

/* A value nobody will keep must still be there to be read. */
static int check_value(const char *value, size_t size) {
    char piece[256];
    for (size_t at = 0; at < size; at += sizeof piece)
        if (copy_from_user(piece, value + at, MIN(size - at, sizeof piece)))
            return -EFAULT;
    return 0;
}

static int64_t set(const char *user_key, const void *value, size_t size, uint32_t flags, struct subject subject) {
    char key[XATTR_NAME_MAX + 1];
    if (subject.error)
        return subject.error;
    if (flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    int error = get_key(key, user_key);
    if (error)
        return error;
    if (size > XATTR_SIZE_MAX)
        return -E2BIG;
    error = check_value(value, size);
    if (error)
        return error;
    return refuse(key, &subject, true);
}

int64_t sys_setxattr(const char *name, const char *key, const void *value, size_t size, uint32_t flags) {
    return set(key, value, size, flags, by_path(name, 0));
}

int64_t sys_lsetxattr(const char *name, const char *key, const void *value, size_t size, uint32_t flags) {
    return set(key, value, size, flags, by_path(name, LOOKUP_NO_FOLLOW));
}

int64_t sys_fsetxattr(int descriptor, const char *key, const void *value, size_t size, uint32_t flags) {
    return set(key, value, size, flags, by_descriptor(descriptor));
}

int64_t sys_getxattr(const char *name, const char *key, void *value, size_t size) {
    (void)value, (void)size;
    return unsupported(key, by_path(name, 0), false);
}

int64_t sys_lgetxattr(const char *name, const char *key, void *value, size_t size) {
    (void)value, (void)size;
    return unsupported(key, by_path(name, LOOKUP_NO_FOLLOW), false);
}

int64_t sys_fgetxattr(int descriptor, const char *key, void *value, size_t size) {
    (void)value, (void)size;
    return unsupported(key, by_descriptor(descriptor), false);
}

int64_t sys_listxattr(const char *name, char *list, size_t size) {
    (void)list, (void)size;
    return by_path(name, 0).error; /* 0 bytes: the list is empty */
}

int64_t sys_llistxattr(const char *name, char *list, size_t size) {
    (void)list, (void)size;
    return by_path(name, LOOKUP_NO_FOLLOW).error;
}

int64_t sys_flistxattr(int descriptor, char *list, size_t size) {
    (void)list, (void)size;
    return by_descriptor(descriptor).error;
}

int64_t sys_removexattr(const char *name, const char *key) {
    return unsupported(key, by_path(name, 0), true);
}

int64_t sys_lremovexattr(const char *name, const char *key) {
    return unsupported(key, by_path(name, LOOKUP_NO_FOLLOW), true);
}

int64_t sys_fremovexattr(int descriptor, const char *key) {
    return unsupported(key, by_descriptor(descriptor), true);
}
