/* read, write and their positioned forms; lseek. */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/file_table.h"
#include "kernel/sys/transfer.h"
#include "lib/errno.h"

int64_t sys_read(int descriptor, void *buffer, size_t size) {
    return transfer_simple(descriptor, buffer, size, FILE_CAN_READ, file_read_position);
}

int64_t sys_write(int descriptor, const void *buffer, size_t size) {
    return transfer_simple(descriptor, (void *)(uintptr_t)buffer, size, FILE_CAN_WRITE, file_write_position);
}

static int64_t transfer_positioned(int descriptor, void *memory, size_t size, int64_t offset,
                                   uint32_t ability, file_transfer_at *transfer) {
    struct io_segment segment = {memory, MIN(size, (size_t)TRANSFER_MAX)};
    struct io_buffer buffer;
    if (offset < 0)
        return -EINVAL;
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    bool refused = file_refuses_offsets(use.file) || (ability == FILE_CAN_WRITE && (use.file->abilities & FILE_NO_WRITES_AT));
    int64_t result = refused ? -ESPIPE : transfer_check(use.file, ability);
    if (!result && !user_range_ok(memory, size))
        result = -EFAULT;
    if (!result && (uint64_t)offset + size > INT64_MAX)
        result = -EINVAL;
    if (!result) {
        uint64_t position = (uint64_t)offset;
        io_buffer_init(&buffer, &segment, 1, false);
        result = transfer(use.file, &buffer, &position);
    }
    file_use_end(use);
    return result;
}

int64_t sys_pread64(int descriptor, void *buffer, size_t size, int64_t offset) {
    return transfer_positioned(descriptor, buffer, size, offset, FILE_CAN_READ, file_read_position);
}

int64_t sys_pwrite64(int descriptor, const void *buffer, size_t size, int64_t offset) {
    return transfer_positioned(descriptor, (void *)(uintptr_t)buffer, size, offset, FILE_CAN_WRITE,
                               file_write_position);
}

#define SEEK_LAST 4u /* SEEK_HOLE, linux/fs.h */

int64_t sys_lseek(int descriptor, int64_t offset, unsigned whence) {
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    const struct file_ops *ops = use.file->ops;
    int64_t result;
    if (whence > SEEK_LAST)
        result = -EINVAL;
    else if (file_refuses_offsets(use.file) && !ops->seek)
        result = -ESPIPE;
    else {
        mutex_lock(&use.file->position_lock);
        result = ops->seek ? ops->seek(use.file, offset, (int)whence)
                           : file_seek_sized(use.file, offset, (int)whence, use.file->inode->size);
        mutex_unlock(&use.file->position_lock);
    }
    file_use_end(use);
    return result;
}
