/* inotify: watching files. */
#include "kernel/ipc/inotify.h"

#include "fs/vfs/dentry.h"
#include "fs/vfs/file_table.h"
#include "fs/vfs/notify.h"
#include "kernel/sys/at_flags.h"
#include "kernel/sys/sys_file.h"
#include "lib/errno.h"
#include "lib/errptr.h"

int64_t sys_inotify_init1(uint32_t flags) {
    if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    return descriptor_open(inotify_create(flags & O_NONBLOCK), flags & O_CLOEXEC);
}

int64_t sys_inotify_init(void) {
    return sys_inotify_init1(0);
}

/* All that may be said, and what is an event. */
#define MASK_KNOWN \
    (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | \
     IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)

static int64_t watch_name(struct file *file, const char *user_name, uint32_t mask) {
    unsigned lookup = ((mask & IN_DONT_FOLLOW) ? LOOKUP_NO_FOLLOW : 0u) | ((mask & IN_ONLYDIR) ? LOOKUP_DIRECTORY : 0u);
    struct path path;
    int error = path_lookup_user(AT_FDCWD, user_name, lookup, &path);
    if (error)
        return error;
    error = inode_permission(path.dentry->inode, ACCESS_READ);
    int64_t result = error ? error : inotify_watch(file, path.dentry->inode, mask);
    path_put(&path);
    return result;
}

int64_t sys_inotify_add_watch(int descriptor, const char *name, uint32_t mask) {
    if ((mask & ~MASK_KNOWN) || !(mask & MASK_KNOWN))
        return -EINVAL;
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    bool both = (mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE);
    int64_t result = both || !file_is_inotify(use.file) ? -EINVAL : watch_name(use.file, name, mask);
    file_use_end(use);
    return result;
}

int64_t sys_inotify_rm_watch(int descriptor, int number) {
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = file_is_inotify(use.file) ? inotify_unwatch(use.file, number) : -EINVAL;
    file_use_end(use);
    return result;
}
