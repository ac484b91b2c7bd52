/*
 * Extended attributes. No filesystem here keeps any: after the checks Linux makes first, the answer is
 * EOPNOTSUPP, or an empty list.
 */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/file_table.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

#define XATTR_NAME_MAX 255u /* linux/limits.h */
#define XATTR_SIZE_MAX 65536u

enum { XATTR_CREATE = 1, XATTR_REPLACE = 2 };

static int check_key(const char *user_key) {
    char key[XATTR_NAME_MAX + 1];
    int64_t length = copy_string_from_user(key, user_key, sizeof key);
    if (length == -ENAMETOOLONG || length == 0)
        return -ERANGE;
    return length < 0 ? (int)length : 0;
}

static int check_path(const char *name, unsigned lookup) {
    struct path path;
    int error = path_lookup_user(AT_FDCWD, name, lookup, &path);
    if (!error)
        path_put(&path);
    return error;
}

static int check_descriptor(int descriptor) {
    struct file_use use = file_use(descriptor);
    file_use_end(use);
    return use.file ? 0 : -EBADF;
}

static int64_t unsupported(const char *key, int place_error) {
    if (place_error)
        return place_error;
    int error = check_key(key);
    return error ? error : -EOPNOTSUPP;
}

/* A value nobody will keep must still be there to be read. */
static int check_value(const char *value, size_t size) {
    char piece[256];
    for (size_t at = 0; at < size; at += sizeof piece)
        if (copy_from_user(piece, value + at, MIN(size - at, sizeof piece)))
            return -EFAULT;
    return 0;
}

static int64_t set(const char *key, const void *value, size_t size, uint32_t flags, int place_error) {
    if (flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    int error = check_key(key);
    if (error)
        return error;
    if (size > XATTR_SIZE_MAX)
        return -E2BIG;
    error = check_value(value, size);
    if (error)
        return error;
    return place_error ? place_error : -EOPNOTSUPP;
}

int64_t sys_setxattr(const char *name, const char *key, const void *value, size_t size, uint32_t flags) {
    return set(key, value, size, flags, check_path(name, 0));
}

int64_t sys_lsetxattr(const char *name, const char *key, const void *value, size_t size, uint32_t flags) {
    return set(key, value, size, flags, check_path(name, LOOKUP_NO_FOLLOW));
}

int64_t sys_fsetxattr(int descriptor, const char *key, const void *value, size_t size, uint32_t flags) {
    return set(key, value, size, flags, check_descriptor(descriptor));
}

int64_t sys_getxattr(const char *name, const char *key, void *value, size_t size) {
    (void)value, (void)size;
    return unsupported(key, check_path(name, 0));
}

int64_t sys_lgetxattr(const char *name, const char *key, void *value, size_t size) {
    (void)value, (void)size;
    return unsupported(key, check_path(name, LOOKUP_NO_FOLLOW));
}

int64_t sys_fgetxattr(int descriptor, const char *key, void *value, size_t size) {
    (void)value, (void)size;
    return unsupported(key, check_descriptor(descriptor));
}

int64_t sys_listxattr(const char *name, char *list, size_t size) {
    (void)list, (void)size;
    return check_path(name, 0); /* 0 bytes: the list is empty */
}

int64_t sys_llistxattr(const char *name, char *list, size_t size) {
    (void)list, (void)size;
    return check_path(name, LOOKUP_NO_FOLLOW);
}

int64_t sys_flistxattr(int descriptor, char *list, size_t size) {
    (void)list, (void)size;
    return check_descriptor(descriptor);
}

int64_t sys_removexattr(const char *name, const char *key) {
    return unsupported(key, check_path(name, 0));
}

int64_t sys_lremovexattr(const char *name, const char *key) {
    return unsupported(key, check_path(name, LOOKUP_NO_FOLLOW));
}

int64_t sys_fremovexattr(int descriptor, const char *key) {
    return unsupported(key, check_descriptor(descriptor));
}
