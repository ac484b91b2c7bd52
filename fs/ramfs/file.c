/* Regular files of ramfs: the generic operations, with the size limit of the mount. */
#include "fs/ramfs/ramfs_internal.h"

#include "fs/vfs/attributes.h"
#include "fs/vfs/file.h"
#include "fs/vfs/seal.h"
#include "kernel/vm/object.h"
#include "lib/errno.h"
#include "lib/errptr.h"

void ramfs_charge(struct inode *inode, uint64_t pages) {
    struct ramfs_file *file = ramfs_file_of(inode);
    atomic_fetch_add(&ramfs_super_of(inode)->pages_used, pages - file->pages_charged);
    file->pages_charged = pages;
}

/* How many of the bytes from `offset` on may be written before the mount is full. */
static size_t room_for(struct inode *inode, uint64_t offset, size_t size) {
    const struct ramfs_super *ramfs = ramfs_super_of(inode);
    uint64_t used = atomic_load_relaxed(&ramfs->pages_used);
    uint64_t left = ramfs->pages_max > used ? ramfs->pages_max - used : 0;
    uint64_t end = offset + size;
    if (!ramfs->pages_max || DIV_ROUND_UP(end, PAGE_SIZE) - offset / PAGE_SIZE <= left)
        return size;
    for (uint64_t index = offset / PAGE_SIZE; index * PAGE_SIZE < end; index++) {
        struct page *page = object_page_cached(inode->object, index);
        if (page)
            page_put(page);
        else if (left-- == 0)
            return index * PAGE_SIZE > offset ? index * PAGE_SIZE - offset : 0;
    }
    return size;
}

/* Holds back what does not fit; the rest goes the generic way. */
static int64_t ramfs_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct inode *inode = file->inode;
    uint64_t offset = (file->flags & O_APPEND) ? inode->size : *position;
    size_t wanted = buffer->remaining;
    if (offset > (uint64_t)INT64_MAX - wanted)
        return regular_file_ops.write(file, buffer, position); /* it knows the limits */
    size_t room = room_for(inode, offset, wanted);
    if (room == 0 && wanted > 0)
        return -ENOSPC;
    buffer->remaining = room;
    int64_t moved = regular_file_ops.write(file, buffer, position);
    buffer->remaining += wanted - room;
    rwsem_write_lock(&inode->lock);
    ramfs_charge(inode, inode->object->page_count);
    rwsem_write_unlock(&inode->lock);
    return moved;
}

static int64_t ramfs_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    return regular_file_ops.read(file, buffer, position);
}

static int64_t ramfs_seek(struct file *file, int64_t offset, int whence) {
    return regular_file_ops.seek(file, offset, whence);
}

static int ramfs_map(struct file *file, struct vma *vma) {
    return regular_file_ops.map(file, vma);
}

static int ramfs_sync(struct file *file, uint64_t start, uint64_t end) {
    (void)file, (void)start, (void)end;
    return 0; /* memory is the only store */
}

/* Brings the pages in, so that later writes find them. inode->lock held. */
static int bring_in(struct inode *inode, uint64_t offset, uint64_t length) {
    for (uint64_t index = offset / PAGE_SIZE; index * PAGE_SIZE < offset + length; index++) {
        struct page *page = object_page_for(inode->object, index, true);
        if (IS_ERR(page))
            return PTR_ERR(page);
        page_put(page);
    }
    return 0;
}

static int ramfs_allocate(struct file *file, enum allocate_mode mode, uint64_t offset, uint64_t length) {
    struct inode *inode = file->inode;
    int error = 0;
    if (mode == ALLOCATE_ROOM && room_for(inode, offset, length) < length)
        return -ENOSPC;
    rwsem_write_lock(&inode->lock);
    if (mode == ALLOCATE_HOLE)
        error = seal_limit_write(inode, offset, 1) < 0 ? -EPERM : 0;
    else if (offset + length > inode->size)
        error = seal_check_size(inode, offset + length);
    if (!error && mode == ALLOCATE_HOLE) {
        object_punch(inode->object, offset, offset + length);
        inode_touch(inode);
    } else if (!error) {
        error = bring_in(inode, offset, length);
    }
    ramfs_charge(inode, inode->object->page_count);
    rwsem_write_unlock(&inode->lock);
    return error;
}

const struct file_ops ramfs_file_ops = {
    .read = ramfs_read,
    .write = ramfs_write,
    .seek = ramfs_seek,
    .map = ramfs_map,
    .sync = ramfs_sync,
    .allocate = ramfs_allocate,
    .splices = SPLICE_FROM | SPLICE_TO | SPLICE_PAGES,
};
