/* Writing back: sync, fsync and relatives; advice about future reads. */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/file_table.h"
#include "fs/vfs/mount.h"
#include "lib/errno.h"

int64_t sys_sync(void) {
    (void)super_sync_all(); /* sync(2) never fails; errors are kept for fsync */
    return 0;
}

int64_t sys_syncfs(int descriptor) {
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = super_sync(use.file->path.mount->super);
    file_use_end(use);
    return result;
}

static int64_t sync_range(int descriptor, uint64_t start, uint64_t end) {
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = use.file->ops->sync ? use.file->ops->sync(use.file, start, end) : -EINVAL;
    file_use_end(use);
    return result;
}

int64_t sys_fsync(int descriptor) {
    return sync_range(descriptor, 0, UINT64_MAX);
}

int64_t sys_fdatasync(int descriptor) {
    return sync_range(descriptor, 0, UINT64_MAX);
}

int64_t sys_sync_file_range(int descriptor, int64_t offset, int64_t length, uint32_t flags) {
    enum { SYNC_FILE_RANGE_ALL = 7 }; /* linux/fs.h: WAIT_BEFORE, WRITE, WAIT_AFTER */
    int64_t end = 0;
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    bool asked_well = !(flags & ~(uint32_t)SYNC_FILE_RANGE_ALL) && offset >= 0 && length >= 0 &&
                      !__builtin_add_overflow(offset, length, &end);
    bool directory = S_IS(use.file->inode->mode, S_IFDIR);
    bool has_pages = use.file->ops->sync && !directory;
    bool seekable = directory || S_IS(use.file->inode->mode, S_IFREG) || S_IS(use.file->inode->mode, S_IFBLK);
    file_use_end(use);
    if (!asked_well || !seekable)
        return asked_well ? -ESPIPE : -EINVAL;
    return flags && has_pages ? sync_range(descriptor, (uint64_t)offset, length ? (uint64_t)end : UINT64_MAX) : 0;
}

/* Advice is checked and taken note of by nothing: the page cache decides by itself. */
int64_t sys_fadvise64(int descriptor, int64_t offset, int64_t length, int advice) {
    enum { POSIX_FADV_NOREUSE = 5 }; /* the last one, linux/fadvise.h */
    (void)offset;
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    bool is_pipe = S_IS(use.file->inode->mode, S_IFIFO);
    file_use_end(use);
    if (is_pipe)
        return -ESPIPE;
    return length < 0 || advice < 0 || advice > POSIX_FADV_NOREUSE ? -EINVAL : 0;
}

int64_t sys_readahead(int descriptor, int64_t offset, size_t size) {
    (void)offset;
    struct file_use use = file_use(descriptor);
    if (!use.file || !(use.file->abilities & FILE_CAN_READ)) {
        file_use_end(use);
        return -EBADF;
    }
    bool cached = S_IS(use.file->inode->mode, S_IFREG) || S_IS(use.file->inode->mode, S_IFBLK);
    file_use_end(use);
    return cached && size <= INT64_MAX ? 0 : -EINVAL;
}
