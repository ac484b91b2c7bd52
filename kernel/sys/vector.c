/* readv and writev: transfers to and from several pieces of memory. */
#include "kernel/sys/sys_file.h"

#include "kernel/mm/slab.h"
#include "kernel/sys/transfer.h"
#include "kernel/sys/vector.h"
#include "lib/errno.h"

/* linux/fs.h: flags of preadv2 and pwritev2 */
enum {
    RWF_HIPRI = 1, RWF_DSYNC = 2, RWF_SYNC = 4, RWF_NOWAIT = 8, RWF_APPEND = 16,
    RWF_SUPPORTED = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND,
};

/* Lengths that add up to more than one call may move are cut. -EINVAL, -EFAULT. */
static int check_segments(struct vector *vector, bool foreign) {
    size_t total = 0;
    for (unsigned i = 0; i < vector->count; i++) {
        struct io_segment *segment = &vector->segments[i];
        if (segment->length > INT64_MAX)
            return -EINVAL;
        if (!foreign && !user_range_ok(segment->base, segment->length))
            return -EFAULT;
        segment->length = MIN(segment->length, (size_t)TRANSFER_MAX - total);
        total += segment->length;
    }
    return 0;
}

void vector_end(struct vector *vector) {
    if (vector->segments != vector->small)
        kfree(vector->segments);
}

static int get(struct vector *vector, const void *user_vector, uint64_t count, bool foreign) {
    if (count > VECTOR_MAX)
        return -EINVAL;
    vector->count = (unsigned)count;
    vector->segments = vector->small;
    if (count > SMALL_VECTOR)
        vector->segments = kmalloc(count * sizeof(struct io_segment));
    if (!vector->segments)
        return -ENOMEM;
    int error = copy_from_user(vector->segments, user_vector, count * sizeof(struct io_segment));
    if (!error)
        error = check_segments(vector, foreign);
    if (error)
        vector_end(vector);
    return error;
}

int vector_get(struct vector *vector, const void *user_vector, uint64_t count) {
    return get(vector, user_vector, (uint32_t)count, false); /* as Linux: only that half of the register counts */
}

int vector_get_foreign(struct vector *vector, const void *user_vector, uint64_t count) {
    return get(vector, user_vector, count, true);
}

/* What flags ask of a file that is open for it: -EOPNOTSUPP. */
static int check_flags(const struct file *file, uint32_t flags) {
    bool waits = !(file->abilities & FILE_NEVER_WAITS);
    if (S_IS(file->inode->mode, S_IFDIR))
        return flags & ~(uint32_t)RWF_HIPRI ? -EOPNOTSUPP : 0;
    return (flags & ~(uint32_t)RWF_SUPPORTED) || ((flags & RWF_NOWAIT) && waits) ? -EOPNOTSUPP : 0;
}

/* The result of a write, once what its flags ask for has reached the disk. */
static int64_t synced(struct file *file, int64_t result, uint32_t flags) {
    if (result <= 0 || !(flags & (RWF_SYNC | RWF_DSYNC)) || !file->ops->sync)
        return result;
    int error = file->ops->sync(file, 0, UINT64_MAX);
    return error ? error : result;
}

/* `offset` NULL: at the file's own position. */
static int64_t transfer_vector(int descriptor, const void *user_vector, uint64_t count,
                               const int64_t *offset, uint32_t ability, uint32_t flags) {
    file_transfer_at *transfer = ability == FILE_CAN_READ ? file_read_position : file_write_position;
    struct vector vector;
    struct io_buffer buffer;
    bool writes = ability == FILE_CAN_WRITE;
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    bool refused = file_refuses_offsets(use.file) || (writes && (use.file->abilities & FILE_NO_WRITES_AT));
    int64_t result = offset && refused ? -ESPIPE : 0;
    if (!result)
        result = vector_get(&vector, user_vector, count);
    if (!result) {
        io_buffer_init(&buffer, vector.segments, vector.count, false);
        buffer.appends = writes && (flags & RWF_APPEND);
        uint64_t position = offset ? (uint64_t)*offset : 0;
        result = transfer_check(use.file, ability);
        if (!result && position + buffer.remaining > INT64_MAX)
            result = -EINVAL;
        if (!result && buffer.remaining > 0) /* else the file is not asked */
            result = check_flags(use.file, flags);
        if (!result && buffer.remaining > 0)
            result = offset ? transfer(use.file, &buffer, &position)
                            : file_transfer(use.file, &buffer, use.referenced, transfer);
        if (writes)
            result = synced(use.file, result, flags);
        vector_end(&vector);
    }
    file_use_end(use);
    return result;
}

int64_t sys_readv(int descriptor, const void *vector, uint64_t count) {
    return transfer_vector(descriptor, vector, count, NULL, FILE_CAN_READ, 0);
}

int64_t sys_writev(int descriptor, const void *vector, uint64_t count) {
    return transfer_vector(descriptor, vector, count, NULL, FILE_CAN_WRITE, 0);
}

int64_t sys_preadv(int descriptor, const void *vector, uint64_t count, int64_t offset) {
    return offset < 0 ? -EINVAL : transfer_vector(descriptor, vector, count, &offset, FILE_CAN_READ, 0);
}

int64_t sys_pwritev(int descriptor, const void *vector, uint64_t count, int64_t offset) {
    return offset < 0 ? -EINVAL : transfer_vector(descriptor, vector, count, &offset, FILE_CAN_WRITE, 0);
}

/* Offset -1: the file's own position. */
static int64_t transfer_flagged(int descriptor, const void *vector, uint64_t count, int64_t offset, uint32_t ability,
                                uint32_t flags) {
    if (offset < -1)
        return -EINVAL;
    return transfer_vector(descriptor, vector, count, offset == -1 ? NULL : &offset, ability, flags);
}

int64_t sys_preadv2(int descriptor, const void *vector, uint64_t count, int64_t offset, uint64_t high,
                    uint32_t flags) {
    (void)high; /* on a 64-bit machine the offset is whole in one register */
    return transfer_flagged(descriptor, vector, count, offset, FILE_CAN_READ, flags);
}

int64_t sys_pwritev2(int descriptor, const void *vector, uint64_t count, int64_t offset, uint64_t high,
                     uint32_t flags) {
    (void)high;
    return transfer_flagged(descriptor, vector, count, offset, FILE_CAN_WRITE, flags);
}
