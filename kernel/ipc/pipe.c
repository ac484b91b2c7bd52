/*
 * Pipes and FIFOs (pipe(7), fifo(7)) as files: their ends, waiting, and what goes in and out. The bytes are in a
 * ring of buffers (pipe_ring.h).
 *
 * Locks: inode->lock guards inode->pipe and pipe->users (FIFOs); then pipe->lock.
 */
#include "kernel/ipc/pipe.h"

#include "kernel/ipc/pipe_charge.h"
#include "kernel/ipc/pipe_ring.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"

#define CAPACITY_LIMIT (1u << 31) /* as Linux: a larger wish is no number of bytes */
#define FIONREAD 0x541bu /* asm-generic/ioctls.h */

DEFINE_LOCK_CLASS(pipe_class, "pipe");

static const struct file_ops pipe_file_ops;

/* ERR_PTR(-ENOMEM, -ENFILE). */
static struct pipe *pipe_alloc(void) {
    struct pipe *pipe = kzalloc(sizeof *pipe);
    if (!pipe)
        return ERR_PTR(-ENOMEM);
    uint32_t slots = pipe_charge_new(pipe);
    if (slots == 0 || pipe_ring_init(pipe, slots) != 0) {
        pipe_uncharge(pipe);
        kfree(pipe);
        return ERR_PTR(slots == 0 ? -ENFILE : -ENOMEM);
    }
    mutex_init(&pipe->lock, pipe_class);
    wait_queue_init(&pipe->readers_wait);
    wait_queue_init(&pipe->writers_wait);
    return pipe;
}

static void pipe_free(struct pipe *pipe) {
    ASSERT(pipe->reserved == 0);
    pipe_ring_free(pipe);
    pipe_uncharge(pipe);
    kfree(pipe);
}

/* ---- reading and writing ---- */

static bool readable(const struct pipe *pipe) {
    return !pipe_is_empty(pipe) || pipe_has_ended(pipe);
}

int pipe_lock_readable(struct pipe *pipe, bool nonblocking) {
    mutex_lock(&pipe->lock);
    while (pipe_is_empty(pipe)) {
        bool ended = pipe_has_ended(pipe);
        mutex_unlock(&pipe->lock);
        if (ended)
            return 0;
        if (nonblocking)
            return -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&pipe->readers_wait, readable(pipe), WAIT_FOREVER))
            return -ERESTARTSYS;
        mutex_lock(&pipe->lock);
    }
    return 1;
}

void pipe_wake_writers(struct pipe *pipe) {
    wait_wake(&pipe->writers_wait, 1, POLLOUT | POLLWRNORM, true);
    async_notify(&pipe->async_writers, POLL_OUT);
}

void pipe_wake_readers(struct pipe *pipe) {
    wait_wake(&pipe->readers_wait, 1, POLLIN | POLLRDNORM, true);
    async_notify(&pipe->async_readers, POLL_IN);
}

int64_t pipe_read_bytes(struct pipe *pipe, struct io_buffer *buffer, bool nonblocking) {
    int ready = pipe_lock_readable(pipe, nonblocking);
    if (ready <= 0)
        return ready;
    int64_t moved = pipe_take_bytes(pipe, buffer);
    mutex_unlock(&pipe->lock);
    if (moved > 0)
        pipe_wake_writers(pipe);
    return moved;
}

static int64_t pipe_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    (void)position;
    return buffer->remaining == 0 ? 0 : pipe_read_bytes(file->private, buffer, file->flags & O_NONBLOCK);
}

static bool writable(const struct pipe *pipe) {
    return !pipe_is_full(pipe) || atomic_load_relaxed(&pipe->readers) == 0;
}

int pipe_lock_writable(struct pipe *pipe, bool nonblocking) {
    mutex_lock(&pipe->lock);
    while (pipe->readers > 0 && pipe_is_full(pipe)) {
        mutex_unlock(&pipe->lock);
        if (nonblocking)
            return -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&pipe->writers_wait, writable(pipe), WAIT_FOREVER))
            return -ERESTARTSYS;
        mutex_lock(&pipe->lock);
    }
    if (pipe->readers > 0)
        return 0;
    mutex_unlock(&pipe->lock);
    signal_send_task(current_task(), SIGPIPE, NULL);
    return -EPIPE;
}

/* One round of a write: bytes moved, 0 when there is no room, -EPIPE. */
static int64_t write_round(struct pipe *pipe, struct io_buffer *buffer, bool first, bool packets) {
    mutex_lock(&pipe->lock);
    int64_t moved = pipe->readers == 0 ? -EPIPE : pipe_put_bytes(pipe, buffer, first, packets);
    mutex_unlock(&pipe->lock);
    if (moved > 0)
        pipe_wake_readers(pipe);
    return moved;
}

static int64_t pipe_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct pipe *pipe = file->private;
    int64_t total = 0;
    bool first = true;
    (void)position;
    while (buffer->remaining > 0) {
        int64_t moved = write_round(pipe, buffer, first, file->flags & O_DIRECT);
        if (moved == -EPIPE)
            signal_send_task(current_task(), SIGPIPE, NULL);
        if (moved < 0)
            return total ? total : moved;
        total += moved;
        first = false;
        if (moved > 0)
            continue;
        if (file->flags & O_NONBLOCK)
            return total ? total : -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&pipe->writers_wait, writable(pipe), WAIT_FOREVER))
            return total ? total : -ERESTARTSYS;
    }
    return total;
}

static uint32_t pipe_poll(struct file *file, struct poll_table *table) {
    struct pipe *pipe = file->private;
    uint32_t events = 0;
    if (file->abilities & FILE_CAN_READ) {
        poll_wait(table, &pipe->readers_wait);
        if (!pipe_is_empty(pipe))
            events |= POLLIN | POLLRDNORM;
        /* A FIFO that no writer has opened since this reader did has not hung up. */
        if (pipe->writers == 0 && pipe->writer_opens != (uint32_t)file->position)
            events |= POLLHUP;
    }
    if (file->abilities & FILE_CAN_WRITE) {
        poll_wait(table, &pipe->writers_wait);
        if (!pipe_is_full(pipe))
            events |= POLLOUT | POLLWRNORM;
        if (pipe->readers == 0)
            events |= POLLERR;
    }
    return events;
}

static int pipe_set_async(struct file *file, int descriptor, bool on) {
    struct pipe *pipe = file->private;
    int error = 0;
    if (file->abilities & FILE_CAN_READ)
        error = async_join(&pipe->async_readers, file, descriptor, on);
    if (!error && (file->abilities & FILE_CAN_WRITE))
        error = async_join(&pipe->async_writers, file, descriptor, on);
    if (error)
        (void)async_join(&pipe->async_readers, file, descriptor, false);
    return error;
}

static int64_t pipe_ioctl(struct file *file, unsigned request, uint64_t argument) {
    if (request != FIONREAD)
        return -ENOTTY;
    struct pipe *pipe = file->private;
    mutex_lock(&pipe->lock);
    int32_t held = (int32_t)pipe_bytes(pipe);
    mutex_unlock(&pipe->lock);
    return put_user(held, (int32_t *)argument);
}

/* ---- ends come and go ---- */

static void add_end(struct pipe *pipe, const struct file *file) {
    mutex_lock(&pipe->lock);
    if (file->abilities & FILE_CAN_READ) {
        pipe->readers++;
        pipe->reader_opens++;
    }
    if (file->abilities & FILE_CAN_WRITE) {
        pipe->writers++;
        pipe->writer_opens++;
    }
    mutex_unlock(&pipe->lock);
    wait_wake_all(&pipe->readers_wait);
    wait_wake_all(&pipe->writers_wait);
}

static void remove_end(struct pipe *pipe, const struct file *file) {
    mutex_lock(&pipe->lock);
    if (file->abilities & FILE_CAN_READ)
        pipe->readers--;
    if (file->abilities & FILE_CAN_WRITE)
        pipe->writers--;
    bool one_side = !pipe->readers != !pipe->writers;
    mutex_unlock(&pipe->lock);
    wait_wake(&pipe->readers_wait, ~0u, POLLIN | POLLHUP, false);
    wait_wake(&pipe->writers_wait, ~0u, POLLOUT | POLLERR, false);
    if (one_side) {
        async_notify(&pipe->async_readers, POLL_IN);
        async_notify(&pipe->async_writers, POLL_OUT);
    }
}

/* The inode's pipe, made if there is none, counted for one more user. ERR_PTR(-ENOMEM, -ENFILE). */
static struct pipe *pipe_use(struct inode *inode) {
    rwsem_write_lock(&inode->lock);
    struct pipe *pipe = inode->pipe ? inode->pipe : pipe_alloc();
    if (!IS_ERR(pipe)) {
        inode->pipe = pipe;
        pipe->users++;
    }
    rwsem_write_unlock(&inode->lock);
    return pipe;
}

static void pipe_unuse(struct inode *inode) {
    rwsem_write_lock(&inode->lock);
    struct pipe *last = --inode->pipe->users == 0 ? inode->pipe : NULL;
    if (last)
        inode->pipe = NULL;
    rwsem_write_unlock(&inode->lock);
    if (last)
        pipe_free(last);
}

static void pipe_release(struct file *file) {
    remove_end(file->private, file);
    pipe_unuse(file->inode);
}

/* fifo(7): an end opened alone waits for the other, unless non-blocking. */
static int wait_for_other_end(struct pipe *pipe, struct file *file) {
    uint32_t access = file->flags & O_ACCMODE;
    if (pipe->unnamed)
        return 0;
    bool nonblocking = file->flags & O_NONBLOCK;
    /* Together: an open between two looks would be missed, and slept through. */
    mutex_lock(&pipe->lock);
    bool alone = access == O_RDONLY ? pipe->writers == 0 : pipe->readers == 0;
    uint32_t writers_before = pipe->writer_opens, readers_before = pipe->reader_opens;
    mutex_unlock(&pipe->lock);
    if (!alone)
        return 0;
    if (nonblocking)
        return access == O_WRONLY ? -ENXIO : 0;
    if (access == O_RDONLY)
        return WAIT_EVENT_INTERRUPTIBLE(&pipe->readers_wait,
                                        atomic_load_relaxed(&pipe->writer_opens) != writers_before, WAIT_FOREVER);
    return WAIT_EVENT_INTERRUPTIBLE(&pipe->writers_wait,
                                    atomic_load_relaxed(&pipe->reader_opens) != readers_before, WAIT_FOREVER);
}

static int fifo_open(struct inode *inode, struct file *file) {
    struct pipe *pipe = pipe_use(inode);
    if (IS_ERR(pipe))
        return -ENOMEM; /* beyond the limit of pages too, as on Linux: only pipe() says ENFILE */
    file->private = pipe;
    file->ops = &pipe_file_ops;
    file->abilities |= FILE_IS_STREAM;
    add_end(pipe, file);
    bool may_lack_writer = pipe->writers == 0 && !pipe->unnamed; /* see pipe_poll */
    file->position = may_lack_writer ? pipe->writer_opens : UINT64_MAX;
    int error = wait_for_other_end(pipe, file);
    if (!error)
        return 0;
    pipe_release(file);
    return error == -EINTR ? -ERESTARTSYS : error;
}

static const struct file_ops pipe_file_ops = {
    .open = fifo_open,
    .release = pipe_release,
    .read = pipe_read,
    .write = pipe_write,
    .seek = stream_seek,
    .ioctl = pipe_ioctl,
    .poll = pipe_poll,
    .set_async = pipe_set_async,
};

static struct file *make_end(struct inode *inode, uint32_t flags) {
    char name[32];
    format_snprintf(name, sizeof name, "pipe:[%llu]", (unsigned long long)inode->number);
    struct pipe *pipe = pipe_use(inode);
    if (IS_ERR(pipe)) {
        inode_put(inode);
        return (void *)pipe;
    }
    pipe->unnamed = true;
    inode_get(inode); /* for pipe_unuse, should there be no file */
    struct file *file = file_create_on_inode(inode, name, &pipe_file_ops, flags, pipe);
    if (IS_ERR(file)) {
        pipe_unuse(inode);
    } else {
        file->abilities |= FILE_IS_STREAM;
        file->position = UINT64_MAX;
        add_end(pipe, file);
    }
    inode_put(inode);
    return file;
}

int pipe_create(uint32_t flags, struct file *ends[2]) {
    struct inode *inode = inode_alloc_anonymous(S_IFIFO | S_IRUSR | S_IWUSR);
    if (!inode)
        return -ENOMEM;
    inode->file_ops = &special_file_ops; /* /proc/PID/fd/N is opened like a FIFO */
    inode_get(inode);
    ends[0] = make_end(inode, flags | O_RDONLY);
    if (IS_ERR(ends[0])) {
        inode_put(inode);
        return PTR_ERR(ends[0]);
    }
    ends[1] = make_end(inode, flags | O_WRONLY);
    if (!IS_ERR(ends[1]))
        return 0;
    file_put(ends[0]);
    return -ENOMEM;
}

/* ---- capacity ---- */

bool file_is_pipe(const struct file *file) {
    return file->ops == &pipe_file_ops;
}

struct pipe *pipe_of_file(const struct file *file) {
    return file_is_pipe(file) ? file->private : NULL;
}

uint32_t pipe_capacity(const struct file *file) {
    const struct pipe *pipe = file->private;
    return pipe->slots * (uint32_t)PAGE_SIZE;
}

int pipe_set_capacity(struct file *file, uint64_t bytes) {
    struct pipe *pipe = file->private;
    if (bytes > CAPACITY_LIMIT)
        return -EINVAL;
    uint32_t slots = 1u << log2_ceil(MAX(DIV_ROUND_UP(bytes, PAGE_SIZE), 1ull));
    mutex_lock(&pipe->lock);
    uint32_t before = pipe->slots;
    int error = pipe_charge_change(pipe, before, slots);
    if (!error) {
        error = pipe_ring_resize(pipe, slots);
        if (error)
            pipe_charge_undo(pipe, before, slots);
    }
    mutex_unlock(&pipe->lock);
    wait_wake_all(&pipe->writers_wait);
    return error ? error : (int)pipe_capacity(file);
}

void pipe_init(void) {
    special_set_fifo_ops(&pipe_file_ops);
}
