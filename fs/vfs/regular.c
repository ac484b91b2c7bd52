/*
 * Regular files whose bytes are in the page cache: read, write and mappings share inode->object's
 * pages. Writers hold inode->lock; readers do not: a read may see part of a write, as on Linux.
 */
#include "fs/vfs/file.h"
#include "fs/vfs/attributes.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/seal.h"
#include "kernel/task/task.h"
#include "kernel/vm/object.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"

#define RELATIME_STALE_S (24 * 60 * 60)

static bool time_before(const struct timestamp *a, const struct timestamp *b) {
    return a->seconds != b->seconds ? a->seconds < b->seconds : a->nanoseconds < b->nanoseconds;
}

void file_accessed(struct file *file) {
    struct inode *inode = file->inode;
    const struct mount *mount = file->path.mount;
    if ((file->flags & O_NOATIME) || ((mount->flags | mount->super->flags) & (MS_NOATIME | MS_RDONLY)))
        return;
    if ((mount->flags & MS_NODIRATIME) && S_IS(inode->mode, S_IFDIR))
        return;
    struct timestamp now = timestamp_now();
    if ((mount->flags & MS_RELATIME) && time_before(&inode->modify_time, &inode->access_time) &&
        time_before(&inode->change_time, &inode->access_time) &&
        now.seconds - inode->access_time.seconds < RELATIME_STALE_S)
        return;
    inode->access_time = now;
}

int64_t file_write_limit(uint64_t offset, size_t size) {
    uint64_t limit = rlimit_current(RLIMIT_FSIZE);
    if (limit != RLIM_INFINITY && offset >= limit) {
        signal_send_task(current_task(), SIGXFSZ, NULL);
        return -EFBIG;
    }
    limit = MIN(limit, (uint64_t)INT64_MAX);
    if (offset >= limit)
        return -EFBIG;
    return (int64_t)MIN(size, limit - offset);
}

static int64_t regular_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    int64_t moved = object_read(file->inode->object, *position, buffer);
    if (moved > 0)
        *position += (uint64_t)moved;
    file_accessed(file);
    return moved;
}

/* inode->lock held. Cuts the transfer to what the size limits allow. */
static int64_t write_limited(struct inode *inode, struct io_buffer *buffer, uint64_t offset) {
    int64_t allowed = file_write_limit(offset, buffer->remaining);
    if (allowed >= 0)
        allowed = seal_limit_write(inode, offset, (uint64_t)allowed);
    if (allowed < 0)
        return allowed;
    size_t beyond = buffer->remaining - (size_t)allowed;
    buffer->remaining = (size_t)allowed;
    int64_t moved = object_write(inode->object, offset, buffer);
    buffer->remaining += beyond;
    return moved;
}

static int64_t regular_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct inode *inode = file->inode;
    if (buffer->remaining == 0)
        return 0;
    rwsem_write_lock(&inode->lock);
    uint64_t offset = (file->flags & O_APPEND) || buffer->appends ? inode->size : *position;
    inode_drop_set_id(inode);
    int64_t moved = write_limited(inode, buffer, offset);
    if (moved > 0) {
        *position = offset + (uint64_t)moved;
        inode->size = MAX(inode->size, *position);
        inode_touch(inode);
    }
    rwsem_write_unlock(&inode->lock);
    if (moved > 0 && (file->flags & O_DSYNC)) {
        int error = object_sync(inode->object, offset, *position);
        if (error)
            return error;
    }
    return moved;
}

int64_t file_seek_sized(struct file *file, int64_t offset, int whence, uint64_t size) {
    enum { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE };
    int64_t base = 0;
    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = (int64_t)file->position;
        break;
    case SEEK_END:
        base = (int64_t)size;
        break;
    case SEEK_DATA: /* no holes are told of: all is data, and a hole is at the end */
    case SEEK_HOLE:
        if (offset < 0 || (uint64_t)offset >= size)
            return -ENXIO;
        base = whence == SEEK_HOLE ? (int64_t)size - offset : 0;
        break;
    default:
        return -EINVAL;
    }
    int64_t target;
    if (__builtin_add_overflow(base, offset, &target))
        return -EOVERFLOW;
    if (target < 0)
        return -EINVAL;
    file->position = (uint64_t)target;
    return target;
}

/* The next bytes that are there, or that are not, of a file whose pages are all there is of it. */
static int64_t seek_pages(struct file *file, uint64_t offset, bool data) {
    struct inode *inode = file->inode;
    if (offset >= inode->size)
        return -ENXIO;
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t found = data ? object_next_data(inode->object, index) : object_next_hole(inode->object, index);
    if (found > inode->size >> PAGE_SHIFT || found << PAGE_SHIFT >= inode->size) {
        if (data)
            return -ENXIO;
        file->position = inode->size;
    } else {
        file->position = MAX(offset, found << PAGE_SHIFT);
    }
    return (int64_t)file->position;
}

static int64_t regular_seek(struct file *file, int64_t offset, int whence) {
    enum { SEEK_DATA = 3, SEEK_HOLE = 4 };
    bool pages = file->inode->object && !file->inode->object->ops->fill;
    if (pages && (whence == SEEK_DATA || whence == SEEK_HOLE))
        return offset < 0 ? -ENXIO : seek_pages(file, (uint64_t)offset, whence == SEEK_DATA);
    return file_seek_sized(file, offset, whence, file->inode->size);
}

static int regular_map(struct file *file, struct vma *vma) {
    int error = seal_check_map(file->inode, vma);
    if (error)
        return error;
    vma->object = file->inode->object;
    object_get(vma->object);
    file_accessed(file);
    return 0;
}

static int regular_sync(struct file *file, uint64_t start, uint64_t end) {
    return object_sync(file->inode->object, start, end);
}

const struct file_ops regular_file_ops = {
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
    .map = regular_map,
    .sync = regular_sync,
    .splices = SPLICE_FROM | SPLICE_TO | SPLICE_PAGES,
};

int64_t directory_seek(struct file *file, int64_t offset, int whence) {
    return whence > 1 ? -EINVAL : file_seek_sized(file, offset, whence, 0);
}

int64_t listing_seek(struct file *file, int64_t offset, int whence) {
    bool is_place = whence == 0 || whence == 1; /* SEEK_SET, SEEK_CUR */
    return is_place && offset > INT32_MAX ? -EINVAL : file_seek_sized(file, offset, whence, 0);
}
