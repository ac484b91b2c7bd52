/* mount and umount2. */
#include "fs/vfs/mount.h"

#include "fs/vfs/fs_context.h"
#include "kernel/mm/slab.h"
#include "kernel/sys/at_flags.h"
#include "kernel/sys/sys_file.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"

#define MS_MAGIC 0xc0ed0000u /* old programs put it in the upper half of the flags; it means nothing */
#define MS_MAGIC_MASK 0xffff0000u
#define PROPAGATION (MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED)
#define OPTIONS_MAX PAGE_SIZE

/* A string of a program, NULL for NULL; kfree it. ERR_PTR. */
static char *copy_string(const char *user, size_t max) {
    if (!user)
        return NULL;
    char *text = kmalloc(max);
    if (!text)
        return ERR_PTR(-ENOMEM);
    int64_t length = copy_string_from_user(text, user, max);
    if (length >= 0)
        return text;
    kfree(text);
    return ERR_PTR(length == -ENAMETOOLONG ? -EINVAL : (int)length);
}

struct mount_strings {
    char *source, *type, *options;
};

static void free_strings(struct mount_strings *strings) {
    kfree(IS_ERR(strings->source) ? NULL : strings->source);
    kfree(IS_ERR(strings->type) ? NULL : strings->type);
    kfree(IS_ERR(strings->options) ? NULL : strings->options);
}

static int copy_strings(struct mount_strings *strings, const char *source, const char *type,
                        const void *options) {
    strings->type = copy_string(type, PAGE_SIZE);
    strings->source = copy_string(source, PATH_MAX);
    strings->options = copy_string(options, OPTIONS_MAX);
    int error = IS_ERR(strings->type)      ? PTR_ERR(strings->type)
                : IS_ERR(strings->source)  ? PTR_ERR(strings->source)
                : IS_ERR(strings->options) ? PTR_ERR(strings->options)
                                           : 0;
    if (error)
        free_strings(strings);
    return error;
}

/* With `source` a path: bind or move it to `target`. */
static int from_path(const char *source, const struct path *target, uint32_t flags) {
    struct path from;
    if (!source || !*source)
        return -EINVAL;
    int error = path_lookup(NULL, source, 0, &from);
    if (error)
        return error;
    error = (flags & MS_MOVE) ? mount_move(&from, target) : mount_bind(&from, target, flags & MS_REC);
    path_put(&from);
    return error;
}

static int do_mount(const struct mount_strings *strings, const struct path *target, uint32_t flags) {
    if (!cred_has(current_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    if (flags & MS_REMOUNT)
        return mount_remount(target, flags, flags & MS_BIND);
    if (flags & (MS_BIND | MS_MOVE))
        return from_path(strings->source, target, flags);
    if (flags & PROPAGATION) /* there is one name space: all mounts are private already */
        return (flags & MS_PRIVATE) ? 0 : -EINVAL;
    if (!strings->type)
        return -EINVAL;
    return mount_new(strings->type, strings->source, target, flags, strings->options);
}

int64_t sys_mount(const char *source, const char *name, const char *type, uint64_t flags,
                  const void *options) {
    struct mount_strings strings;
    struct path target;
    if ((flags & MS_MAGIC_MASK) == MS_MAGIC)
        flags &= ~(uint64_t)MS_MAGIC_MASK;
    int error = copy_strings(&strings, source, type, options);
    if (error)
        return error;
    error = path_lookup_user(AT_FDCWD, name, 0, &target);
    if (!error) {
        error = do_mount(&strings, &target, (uint32_t)flags);
        path_put(&target);
    }
    free_strings(&strings);
    return error;
}

int64_t sys_umount2(const char *name, uint32_t flags) {
    struct path path;
    if (flags & ~(uint32_t)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
        return -EINVAL;
    int error = path_lookup_user(AT_FDCWD, name, (flags & UMOUNT_NOFOLLOW) ? LOOKUP_NO_FOLLOW : 0u, &path);
    if (error)
        return error;
    if (!cred_has(current_cred(), CAP_SYS_ADMIN))
        error = -EPERM;
    else if (path.dentry != path.mount->root || (flags & MNT_EXPIRE)) /* two-step expiry is for automounters: refused */
        error = -EINVAL;
    else
        error = mount_remove(&path, flags);
    path_put(&path);
    return error;
}
