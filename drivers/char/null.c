/* /dev/null, /dev/zero and /dev/full: null(4), full(4). Programs that seek before they write are content. */
#include "drivers/char/char_devices.h"
#include "kernel/vm/vma.h"

static int64_t read_nothing(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    (void)file;
    (void)buffer;
    (void)position;
    return 0;
}

static int64_t write_anything(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    size_t size = buffer->remaining;
    (void)file;
    (void)position;
    buffer->remaining = 0;
    return (int64_t)size;
}

static int64_t write_full(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    (void)file;
    (void)position;
    (void)buffer;
    return -ENOSPC;
}

static int64_t read_zeros(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    size_t wanted = buffer->remaining, done = io_clear(buffer, wanted);
    (void)file;
    (void)position;
    return done || !wanted ? (int64_t)done : -EFAULT;
}

/* Private: anonymous memory. Shared: that too, of its own. */
static int map_zeros(struct file *file, struct vma *vma) {
    (void)file;
    return vma->flags & VMA_SHARED ? vma_attach_shared_memory(vma) : 0;
}

static const struct file_ops null_ops = {
    .open = never_waiting_open, .read = read_nothing, .write = write_anything, .seek = noop_seek,
    .splices = SPLICE_TO,
};
static const struct file_ops zero_ops = {
    .open = never_waiting_open, .read = read_zeros, .write = write_anything, .seek = noop_seek, .map = map_zeros,
};
static const struct file_ops full_ops = {
    .open = same_anywhere_open, .read = read_zeros, .write = write_full, .seek = noop_seek,
};

struct devfs_node null_node = {
    .name = "null", .mode = S_IFCHR | 0666, .major = MEMORY_MAJOR, .minor = 3, .ops = &null_ops,
};
struct devfs_node zero_node = {
    .name = "zero", .mode = S_IFCHR | 0666, .major = MEMORY_MAJOR, .minor = 5, .ops = &zero_ops,
};
struct devfs_node full_node = {
    .name = "full", .mode = S_IFCHR | 0666, .major = MEMORY_MAJOR, .minor = 7, .ops = &full_ops,
};
