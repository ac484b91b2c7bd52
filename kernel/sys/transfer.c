/* Checks and the common path of read() and write(). */
#include "kernel/sys/transfer.h"

#include "lib/errno.h"

int transfer_check(const struct file *file, uint32_t ability) {
    if (!(file->abilities & ability))
        return -EBADF;
    bool has_method = ability == FILE_CAN_READ ? file->ops->read != NULL : file->ops->write != NULL;
    if (has_method)
        return 0;
    return S_IS(file->inode->mode, S_IFDIR) ? 0 : -EINVAL; /* it refuses when asked for bytes: memory comes first */
}

int64_t transfer_simple(int descriptor, void *memory, size_t size, uint32_t ability,
                        file_transfer_at *transfer) {
    struct file_use use = file_use(descriptor);
    if (unlikely(!use.file))
        return -EBADF;
    int64_t result = transfer_check(use.file, ability);
    if (likely(!result)) {
        struct io_segment segment = {memory, MIN(size, (size_t)TRANSFER_MAX)};
        struct io_buffer buffer;
        io_buffer_init(&buffer, &segment, 1, false);
        result = unlikely(!user_range_ok(memory, size))
                     ? -EFAULT
                     : file_transfer(use.file, &buffer, use.referenced, transfer);
    }
    file_use_end(use);
    return result;
}
