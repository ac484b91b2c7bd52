/* Descriptors: close, dup, close_range. */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/file_table.h"
#include "lib/errno.h"

enum { CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4 }; /* linux/close_range.h */

int64_t sys_close(int descriptor) {
    return descriptor_close(descriptor);
}

int64_t sys_close_range(unsigned first, unsigned last, unsigned flags) {
    if ((flags & ~(unsigned)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
        return -EINVAL;
    if (flags & CLOSE_RANGE_UNSHARE) {
        int error = file_table_unshare();
        if (error)
            return error;
    }
    descriptor_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
    return 0;
}

/* Another reference to the open file, O_PATH ones too; NULL: -EBADF. */
static struct file *get_file(int descriptor) {
    struct file_use use = file_use_path(descriptor);
    if (use.file && !use.referenced)
        file_get(use.file);
    return use.file;
}

int64_t sys_dup(int from) {
    struct file *file = get_file(from);
    return file ? descriptor_open(file, false) : -EBADF;
}

int64_t sys_dup3(int from, int to, uint32_t flags) {
    if ((flags & ~(uint32_t)O_CLOEXEC) || from == to)
        return -EINVAL;
    struct file *file = get_file(from);
    return file ? descriptor_replace(to, file, flags & O_CLOEXEC) : -EBADF;
}

int64_t sys_dup2(int from, int to) {
    if (from != to)
        return sys_dup3(from, to, 0);
    struct file_use use = file_use_path(from);
    file_use_end(use);
    return use.file ? to : -EBADF;
}
