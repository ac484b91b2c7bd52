/* splice, tee, vmsplice: pipes as buffers of the kernel's. */
#include "kernel/ipc/splice.h"

#include "fs/vfs/file_table.h"
#include "kernel/ipc/pipe.h"
#include "kernel/sys/sys_file.h"
#include "kernel/sys/transfer.h"
#include "kernel/sys/vector.h"
#include "lib/errno.h"

/* linux/splice.h. MOVE, MORE and GIFT are hints. */
enum splice_flag { SPLICE_F_MOVE = 1, SPLICE_F_NONBLOCK = 2, SPLICE_F_MORE = 4, SPLICE_F_GIFT = 8, SPLICE_F_ALL = 15 };

static bool is_nonblocking(const struct file *file, uint32_t flags) {
    return (flags & SPLICE_F_NONBLOCK) || (file->flags & O_NONBLOCK);
}

/* A range of a file: as lseek and the 64-bit end allow. */
static int check_range(uint64_t position, uint64_t size) {
    return size > INT64_MAX || position > (uint64_t)INT64_MAX - size ? -EINVAL : 0;
}

static int64_t from_pipe(struct pipe *in, struct file *out, uint64_t *offset, uint64_t size, bool nonblocking) {
    if (offset && file_refuses_offsets(out))
        return -EINVAL;
    if (out->flags & O_APPEND)
        return -EINVAL;
    int error = check_range(offset ? *offset : 0, size);
    if (error)
        return error;
    if (!(out->ops->splices & SPLICE_TO))
        return -EINVAL;
    return splice_to_file(in, out, offset, MIN(size, TRANSFER_MAX), nonblocking);
}

static int64_t into_pipe(struct file *in, uint64_t *offset, struct pipe *out, uint64_t size, bool nonblocking) {
    if (offset && file_refuses_offsets(in))
        return -EINVAL;
    size = MIN(size, TRANSFER_MAX);
    int error = check_range(offset ? *offset : 0, size);
    if (error)
        return error;
    if (!(in->ops->splices & SPLICE_FROM))
        return -EINVAL;
    return splice_from_file(in, offset, out, size, nonblocking);
}

struct splice_end {
    struct file *file;
    struct pipe *pipe;  /* NULL: it is none */
    int64_t *user;      /* where the program keeps an offset; NULL: it gave none */
    uint64_t offset;
};

static int get_offset(struct splice_end *end) {
    int64_t offset = 0;
    if (end->user && get_user(offset, end->user))
        return -EFAULT;
    end->offset = (uint64_t)offset;
    return 0;
}

static int64_t put_offset(const struct splice_end *end, int64_t result) {
    int64_t offset = (int64_t)end->offset;
    return end->user && result >= 0 && put_user(offset, end->user) ? -EFAULT : result;
}

static int64_t splice_ends(struct splice_end *in, struct splice_end *out, uint64_t size, uint32_t flags) {
    if (!(in->file->abilities & FILE_CAN_READ) || !(out->file->abilities & FILE_CAN_WRITE))
        return -EBADF;
    if (in->pipe && out->pipe) {
        bool now = is_nonblocking(in->file, flags) || is_nonblocking(out->file, flags);
        return in->pipe == out->pipe ? -EINVAL : splice_between(in->pipe, out->pipe, size, now);
    }
    if (in->pipe)
        return from_pipe(in->pipe, out->file, out->user ? &out->offset : NULL, size, is_nonblocking(in->file, flags));
    if (out->pipe)
        return into_pipe(in->file, in->user ? &in->offset : NULL, out->pipe, size, is_nonblocking(out->file, flags));
    return -EINVAL;
}

static int64_t splice_files(struct splice_end *in, struct splice_end *out, uint64_t size, uint32_t flags) {
    if (!in->file || !out->file)
        return -EBADF;
    in->pipe = pipe_of_file(in->file);
    out->pipe = pipe_of_file(out->file);
    if ((in->user && in->pipe) || (out->user && out->pipe))
        return -ESPIPE;
    int64_t result = get_offset(out);
    if (!result)
        result = get_offset(in);
    if (!result)
        result = splice_ends(in, out, size, flags);
    return put_offset(in, put_offset(out, result));
}

int64_t sys_splice(int in_descriptor, int64_t *in_offset, int out_descriptor, int64_t *out_offset, size_t size,
                   uint32_t flags) {
    if (size == 0)
        return 0;
    if (flags & ~(uint32_t)SPLICE_F_ALL)
        return -EINVAL;
    struct file_use in = file_use(in_descriptor), out = file_use(out_descriptor);
    struct splice_end in_end = {.file = in.file, .user = in_offset}, out_end = {.file = out.file, .user = out_offset};
    int64_t result = splice_files(&in_end, &out_end, size, flags);
    file_use_end(out);
    file_use_end(in);
    return result;
}

static int64_t tee_files(struct file *in, struct file *out, size_t size, uint32_t flags) {
    if (!in || !out || !(in->abilities & FILE_CAN_READ) || !(out->abilities & FILE_CAN_WRITE))
        return -EBADF;
    struct pipe *from = pipe_of_file(in), *to = pipe_of_file(out);
    if (!from || !to || from == to)
        return -EINVAL;
    return splice_tee(from, to, size, is_nonblocking(in, flags) || is_nonblocking(out, flags));
}

int64_t sys_tee(int in_descriptor, int out_descriptor, size_t size, uint32_t flags) {
    if (flags & ~(uint32_t)SPLICE_F_ALL)
        return -EINVAL;
    if (size == 0)
        return 0;
    struct file_use in = file_use(in_descriptor), out = file_use(out_descriptor);
    int64_t result = tee_files(in.file, out.file, size, flags);
    file_use_end(out);
    file_use_end(in);
    return result;
}

static int64_t vmsplice_file(const struct file *file, struct vector *vector, uint32_t flags) {
    struct pipe *pipe = pipe_of_file(file);
    struct io_buffer buffer;
    io_buffer_init(&buffer, vector->segments, vector->count, false);
    if (buffer.remaining == 0)
        return 0;
    if (!pipe)
        return -EBADF;
    if (file->abilities & FILE_CAN_WRITE)
        return splice_user_pages(&buffer, pipe, flags & SPLICE_F_NONBLOCK);
    return pipe_read_bytes(pipe, &buffer, flags & SPLICE_F_NONBLOCK); /* which copies */
}

int64_t sys_vmsplice(int descriptor, const void *user_vector, uint64_t count, uint32_t flags) {
    struct vector vector;
    if (flags & ~(uint32_t)SPLICE_F_ALL)
        return -EINVAL;
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = vector_get(&vector, user_vector, count);
    if (!result) {
        result = vmsplice_file(use.file, &vector, flags);
        vector_end(&vector);
    }
    file_use_end(use);
    return result;
}
