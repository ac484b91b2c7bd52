/* Regular files of ramfs: the generic operations, with the size limit of the mount. */
#include "fs/ramfs/ramfs_internal.h"

#include "fs/vfs/attributes.h"
#include "fs/vfs/file.h"
#include "fs/vfs/seal.h"
#include "kernel/vm/object.h"
#include "lib/errno.h"
#include "lib/errptr.h"

/* In one step with giving back what was set aside, so that nobody finds less room than there is. */
static void charge(struct inode *inode, uint64_t pages, uint64_t reserved) {
    struct ramfs_file *file = ramfs_file_of(inode);
    atomic_fetch_add(&ramfs_super_of(inode)->pages_used, pages - file->pages_charged - reserved);
    file->pages_charged = pages;
}

void ramfs_charge(struct inode *inode, uint64_t pages) {
    charge(inode, pages, 0);
}

/* Pages of bytes [offset, end) that are not there yet; `count` of them at most, from the byte *end on. */
static uint64_t count_missing(struct inode *inode, uint64_t offset, uint64_t *end, uint64_t count) {
    uint64_t missing = 0;
    for (uint64_t index = offset / PAGE_SIZE; index * PAGE_SIZE < *end; index++) {
        struct page *page = object_page_cached(inode->object, index);
        if (page) {
            page_put(page);
        } else if (missing++ == count) {
            *end = MAX(index * PAGE_SIZE, offset);
            return count;
        }
    }
    return missing;
}

/*
 * Sets pages of the mount aside for bytes from `offset` on, so that others that write at the same time do not
 * count on them too. Returns how many of the `size` bytes have room, and in *reserved the pages, which the caller
 * gives back with settle().
 */
static size_t reserve(struct inode *inode, uint64_t offset, size_t size, uint64_t *reserved) {
    struct ramfs_super *ramfs = ramfs_super_of(inode);
    uint64_t used = atomic_load_relaxed(&ramfs->pages_used), end;
    do {
        uint64_t left = ramfs->pages_max > used ? ramfs->pages_max - used : 0;
        end = offset + size;
        *reserved = DIV_ROUND_UP(end, PAGE_SIZE) - offset / PAGE_SIZE;
        if (ramfs->pages_max && *reserved > left)
            *reserved = count_missing(inode, offset, &end, left);
    } while (!atomic_compare_exchange(&ramfs->pages_used, &used, used + *reserved));
    return end - offset;
}

/* The file's pages are counted instead of those set aside. */
static void settle(struct inode *inode, uint64_t reserved) {
    rwsem_write_lock(&inode->lock);
    charge(inode, inode->object->page_count, reserved);
    rwsem_write_unlock(&inode->lock);
}

/* Holds back what does not fit; the rest goes the generic way. */
static int64_t ramfs_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct inode *inode = file->inode;
    uint64_t offset = (file->flags & O_APPEND) || buffer->appends ? inode->size : *position;
    size_t wanted = buffer->remaining;
    if (offset > (uint64_t)INT64_MAX - wanted)
        return regular_file_ops.write(file, buffer, position); /* it knows the limits */
    uint64_t reserved;
    size_t room = reserve(inode, offset, wanted, &reserved);
    int64_t moved = -ENOSPC;
    if (room > 0 || wanted == 0) {
        buffer->remaining = room;
        moved = regular_file_ops.write(file, buffer, position);
        buffer->remaining += wanted - room;
    }
    settle(inode, reserved);
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

/* Brings the pages in, so that later writes find them. Those brought in before a signal stay. inode->lock held. */
static int bring_in(struct inode *inode, uint64_t offset, uint64_t length) {
    for (uint64_t index = offset / PAGE_SIZE; index * PAGE_SIZE < offset + length; index++) {
        if (thread_interrupted())
            return -EINTR;
        struct page *page = object_page_for(inode->object, index, true);
        if (IS_ERR(page))
            return PTR_ERR(page);
        page_put(page);
    }
    return 0;
}

static int punch(struct inode *inode, uint64_t offset, uint64_t length) {
    if (seal_limit_write(inode, offset, 1) < 0)
        return -EPERM;
    object_punch(inode->object, offset, offset + length);
    inode_touch(inode);
    return 0;
}

static int allocate_room(struct inode *inode, uint64_t offset, uint64_t length) {
    int error = offset + length > inode->size ? seal_check_size(inode, offset + length) : 0;
    return error ? error : bring_in(inode, offset, length);
}

static int ramfs_allocate(struct file *file, enum allocate_mode mode, uint64_t offset, uint64_t length) {
    struct inode *inode = file->inode;
    uint64_t reserved = 0;
    int error = -ENOSPC;
    if (mode == ALLOCATE_HOLE || reserve(inode, offset, length, &reserved) == length) {
        rwsem_write_lock(&inode->lock);
        error = mode == ALLOCATE_HOLE ? punch(inode, offset, length) : allocate_room(inode, offset, length);
        rwsem_write_unlock(&inode->lock);
    }
    settle(inode, reserved);
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
