/* Seals of files in memory. Contracts: seal.h. */
#include "fs/vfs/seal.h"

#include "fs/vfs/file.h"
#include "kernel/vm/object.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"

static int add_locked(struct inode *inode, uint32_t seals) {
    if (!(inode->flags & INODE_SEALABLE))
        return -EINVAL;
    if (inode->seals & SEAL_SEAL)
        return -EPERM;
    int error = seals & ~inode->seals & SEAL_WRITE ? object_deny_writable(inode->object) : 0;
    if (error == 0)
        atomic_store(&inode->seals, inode->seals | seals);
    return error;
}

int seal_add(struct file *file, uint64_t seals) {
    if (seals > UINT32_MAX)
        return -EINVAL;
    if (!(file->abilities & FILE_CAN_WRITE))
        return -EPERM;
    if (seals & ~(uint64_t)SEAL_ALL)
        return -EINVAL;
    rwsem_write_lock(&file->inode->lock);
    int error = add_locked(file->inode, (uint32_t)seals);
    rwsem_write_unlock(&file->inode->lock);
    return error;
}

int seal_get(const struct file *file) {
    return file->inode->flags & INODE_SEALABLE ? (int)atomic_load(&file->inode->seals) : -EINVAL;
}

/* Linux writes page by page: what fits before the page that would grow the file is written. */
int64_t seal_limit_write(const struct inode *inode, uint64_t offset, uint64_t size) {
    if (likely(!(inode->seals & (SEAL_GROW | SEAL_WRITE | SEAL_FUTURE_WRITE))))
        return (int64_t)size;
    if (inode->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE))
        return -EPERM;
    if (offset <= inode->size && size <= inode->size - offset)
        return (int64_t)size;
    uint64_t end = inode->size & ~(uint64_t)(PAGE_SIZE - 1);
    return offset < end ? (int64_t)(end - offset) : -EPERM;
}

int seal_check_size(const struct inode *inode, uint64_t size) {
    bool forbidden = (size < inode->size && (inode->seals & SEAL_SHRINK)) ||
                     (size > inode->size && (inode->seals & SEAL_GROW));
    return forbidden ? -EPERM : 0;
}

int seal_check_map(const struct inode *inode, struct vma *vma) {
    if (!(vma->flags & VMA_SHARED) || !(atomic_load(&inode->seals) & (SEAL_WRITE | SEAL_FUTURE_WRITE)))
        return 0;
    if (vma->flags & VMA_WRITE)
        return -EPERM;
    vma->flags &= ~(uint32_t)VMA_MAY_WRITE;
    return 0;
}
