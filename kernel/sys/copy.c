/* sendfile and copy_file_range: from file to file through a page of the kernel's. */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/file_table.h"
#include "kernel/ipc/splice.h"
#include "kernel/mm/page.h"
#include "kernel/sys/transfer.h"
#include "kernel/task/signal.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

/* One end of a copy: at its own position, or at a given one which moves. */
struct copy_end {
    struct file *file;
    bool has_offset;
    uint64_t offset;
};

static int64_t move_piece(struct copy_end *end, void *memory, size_t size, file_transfer_at *transfer) {
    struct io_segment segment = {memory, size};
    struct io_buffer buffer;
    io_buffer_init(&buffer, &segment, 1, true);
    if (end->has_offset)
        return transfer(end->file, &buffer, &end->offset);
    return file_transfer(end->file, &buffer, true, transfer);
}

/* What was read but could not be written: the source's position goes back by it. */
static void give_back(struct copy_end *from, uint64_t bytes) {
    if (from->has_offset)
        from->offset -= bytes;
    else if (!(from->file->abilities & FILE_IS_STREAM))
        from->file->position -= bytes;
}

static int64_t copy_piece(struct copy_end *to, struct copy_end *from, void *page, size_t size) {
    int64_t got = move_piece(from, page, size, file_read_position);
    if (got <= 0)
        return got;
    int64_t done = 0;
    while (done < got) {
        int64_t put = move_piece(to, (char *)page + done, (size_t)(got - done), file_write_position);
        if (put <= 0) {
            give_back(from, (uint64_t)(got - done));
            return done ? done : put;
        }
        done += put;
    }
    return done;
}

/* Bytes copied, or the error if none was. */
static int64_t copy_bytes(struct copy_end *to, struct copy_end *from, size_t size) {
    struct page *page = page_alloc(0, 0);
    int64_t total = 0, moved = 0;
    if (!page)
        return -ENOMEM;
    size = MIN(size, (size_t)TRANSFER_MAX);
    while ((size_t)total < size) {
        size_t piece = MIN(size - (size_t)total, (size_t)PAGE_SIZE);
        moved = copy_piece(to, from, page_to_virt(page), piece);
        if (moved <= 0)
            break;
        total += moved;
        if ((size_t)moved < piece)
            break;
        if (thread_interrupted()) {
            moved = -ERESTARTSYS;
            break;
        }
    }
    page_put(page);
    return total ? total : moved;
}

static int get_offset(struct copy_end *end, const int64_t *user) {
    int64_t offset;
    if (!user)
        return 0;
    if (get_user(offset, user))
        return -EFAULT;
    end->has_offset = true;
    end->offset = (uint64_t)offset;
    return 0;
}

static int64_t put_offset(const struct copy_end *end, int64_t *user, int64_t result) {
    int64_t offset = (int64_t)end->offset;
    if (!user || result < 0)
        return result;
    return put_user(offset, user) ? -EFAULT : result;
}

/* What sendfile asks of its source: a regular file, since what was read and could not be written is lost otherwise. */
static int64_t send_check(const struct copy_end *to, const struct copy_end *from, size_t size) {
    bool positioned = !(from->file->abilities & FILE_IS_STREAM);
    uint64_t start = from->has_offset ? from->offset : positioned ? from->file->position : 0;
    if (from->has_offset && file_refuses_offsets(from->file))
        return -ESPIPE;
    if (size > INT64_MAX || start > (uint64_t)INT64_MAX - size)
        return -EINVAL;
    if (!to->file)
        return -EBADF;
    if (!(to->file->abilities & FILE_CAN_WRITE))
        return -EBADF;
    if (size == 0)
        return 0;
    if (!(from->file->ops->splices & SPLICE_FROM))
        return -EINVAL;
    if (file_is_pipe(to->file))
        return 0;
    bool appends = to->file->flags & O_APPEND;
    bool fit = S_IS(from->file->inode->mode, S_IFREG) && (to->file->ops->splices & SPLICE_TO);
    return appends || !fit ? -EINVAL : 0;
}

static int64_t send(struct copy_end *to, struct copy_end *from, size_t size) {
    int64_t error = send_check(to, from, size);
    if (error || size == 0)
        return error;
    struct pipe *pipe = pipe_of_file(to->file);
    if (!pipe)
        return copy_bytes(to, from, size);
    return splice_from_file(from->file, from->has_offset ? &from->offset : NULL, pipe, MIN(size, (size_t)TRANSFER_MAX),
                            to->file->flags & O_NONBLOCK);
}

int64_t sys_sendfile(int to_descriptor, int from_descriptor, int64_t *user_offset, size_t size) {
    struct file_use to = file_use(to_descriptor), from = file_use(from_descriptor);
    struct copy_end to_end = {.file = to.file}, from_end = {.file = from.file};
    int64_t result = get_offset(&from_end, user_offset);
    if (result != -EFAULT && (!from.file || !(from.file->abilities & FILE_CAN_READ)))
        result = -EBADF;
    if (!result) {
        result = send(&to_end, &from_end, size);
        result = put_offset(&from_end, user_offset, result);
    }
    file_use_end(to);
    file_use_end(from);
    return result;
}

/* Both must be regular files of one filesystem, open for it. */
static int64_t check_files(const struct file *to, const struct file *from) {
    if (S_IS(to->inode->mode, S_IFDIR) || S_IS(from->inode->mode, S_IFDIR))
        return -EISDIR;
    if (!S_IS(to->inode->mode, S_IFREG) || !S_IS(from->inode->mode, S_IFREG))
        return -EINVAL;
    if (!(from->abilities & FILE_CAN_READ) || !(to->abilities & FILE_CAN_WRITE) || (to->flags & O_APPEND))
        return -EBADF;
    if (to->inode->super != from->inode->super)
        return -EXDEV;
    return 0;
}

/* Cuts *size to what the source has; one range must not overlap the other in the same file. */
static int64_t check_range(const struct copy_end *to, const struct copy_end *from, size_t *size) {
    uint64_t to_start = to->has_offset ? to->offset : to->file->position;
    uint64_t from_start = from->has_offset ? from->offset : from->file->position;
    uint64_t held = from->file->inode->size;
    if (to_start + *size < to_start || from_start + *size < from_start)
        return -EOVERFLOW;
    if (to_start > INT64_MAX || from_start > INT64_MAX)
        return -EINVAL;
    *size = from_start < held ? MIN(*size, (size_t)(held - from_start)) : 0;
    if (*size == 0)
        return 0;
    int64_t allowed = file_write_limit(to_start, *size);
    if (allowed < 0)
        return allowed;
    uint64_t distance = to_start > from_start ? to_start - from_start : from_start - to_start;
    return to->file->inode == from->file->inode && distance < *size ? -EINVAL : 0;
}

static int64_t copy_range(struct copy_end *to, struct copy_end *from, size_t size) {
    int64_t error = check_files(to->file, from->file);
    if (!error)
        error = check_range(to, from, &size);
    return error || size == 0 ? error : copy_bytes(to, from, size);
}

int64_t sys_copy_file_range(int from_descriptor, int64_t *from_offset, int to_descriptor,
                            int64_t *to_offset, size_t size, uint32_t flags) {
    struct file_use to = file_use(to_descriptor), from = file_use(from_descriptor);
    struct copy_end to_end = {.file = to.file}, from_end = {.file = from.file};
    int64_t result = -EBADF;
    if (to.file && from.file) {
        result = get_offset(&from_end, from_offset);
        if (!result)
            result = get_offset(&to_end, to_offset);
        if (!result && flags)
            result = -EINVAL;
        if (!result)
            result = copy_range(&to_end, &from_end, size);
        result = put_offset(&from_end, from_offset, result);
        result = put_offset(&to_end, to_offset, result);
    }
    file_use_end(to);
    file_use_end(from);
    return result;
}
