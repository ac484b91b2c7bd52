/*
 * Pipes and FIFOs (pipe(7), fifo(7)).
 *
 * Bytes are numbered from the pipe's beginning: `written` and `consumed` only grow, and byte n is in
 * slot (n / PAGE_SIZE) % slots. Pages come when bytes first enter a slot; when the pipe runs empty
 * both numbers go back to 0, so that a busy small pipe lives in one page.
 *
 * Invariants (pipe->lock held): held = written - consumed; consumed <= written <= consumed + capacity; a slot has a page if it
 * holds bytes.
 *
 * Locks: inode->lock guards inode->pipe and pipe->users (FIFOs); then pipe->lock.
 */
#include "kernel/ipc/pipe.h"

#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/string.h"

#define FIONREAD 0x541bu /* asm-generic/ioctls.h */

struct pipe {
    struct mutex lock; /* guards everything below but `users` */
    struct wait_queue readers_wait, writers_wait;
    struct page **pages; /* `slots` of them */
    uint32_t slots;      /* a power of two */
    uint64_t written, consumed;
    uint64_t held;       /* their difference: read without the lock by waiters and poll */
    uint32_t readers, writers;           /* open ends */
    uint32_t reader_opens, writer_opens; /* ever: FIFO opens wait for a change */
    uint32_t users;                      /* open files and opens under way; inode->lock */
    bool unnamed;                        /* made by pipe(): opening it again by /proc waits for nobody */
};

DEFINE_LOCK_CLASS(pipe_class, "pipe");

static const struct file_ops pipe_file_ops;

/* ---- the ring ---- */

static struct pipe *pipe_alloc(void) {
    struct pipe *pipe = kzalloc(sizeof *pipe);
    if (!pipe)
        return NULL;
    pipe->slots = PIPE_CAPACITY_DEFAULT / PAGE_SIZE;
    pipe->pages = kcalloc(pipe->slots, sizeof(struct page *));
    if (!pipe->pages) {
        kfree(pipe);
        return NULL;
    }
    mutex_init(&pipe->lock, pipe_class);
    wait_queue_init(&pipe->readers_wait);
    wait_queue_init(&pipe->writers_wait);
    return pipe;
}

/* Keeps the first page unless `all`. */
static void free_pages(struct pipe *pipe, bool all) {
    for (uint32_t i = all ? 0 : 1; i < pipe->slots; i++) {
        if (!pipe->pages[i])
            continue;
        page_put(pipe->pages[i]);
        pipe->pages[i] = NULL;
    }
}

static void pipe_free(struct pipe *pipe) {
    free_pages(pipe, true);
    kfree(pipe->pages);
    kfree(pipe);
}

static uint64_t bytes_held(const struct pipe *pipe) {
    return atomic_load_relaxed(&pipe->held);
}

/* pipe->lock held. */
static void update_held(struct pipe *pipe) {
    atomic_store_relaxed(&pipe->held, pipe->written - pipe->consumed);
}

static uint64_t bytes_free(const struct pipe *pipe) {
    return (uint64_t)pipe->slots * PAGE_SIZE - bytes_held(pipe);
}

static struct page **slot_of(const struct pipe *pipe, uint64_t position) {
    return &pipe->pages[position / PAGE_SIZE & (pipe->slots - 1)];
}

/* Moves at most up to the end of one page. Bytes, 0 when there is nothing to move, -EFAULT, -ENOMEM. */
static int64_t put_piece(struct pipe *pipe, struct io_buffer *buffer, uint64_t limit) {
    uint64_t offset = pipe->written % PAGE_SIZE;
    size_t size = MIN(buffer->remaining, PAGE_SIZE - offset);
    struct page **slot = slot_of(pipe, pipe->written);
    size = MIN(size, limit);
    if (size == 0)
        return 0;
    if (!*slot)
        *slot = page_alloc(0, PAGE_ALLOC_USER);
    if (!*slot)
        return -ENOMEM;
    size_t copied = io_copy_from(buffer, (char *)page_to_virt(*slot) + offset, size);
    pipe->written += copied;
    update_held(pipe);
    return copied ? (int64_t)copied : -EFAULT;
}

static int64_t take_piece(struct pipe *pipe, struct io_buffer *buffer) {
    uint64_t offset = pipe->consumed % PAGE_SIZE;
    size_t size = MIN(buffer->remaining, PAGE_SIZE - offset);
    size = MIN(size, bytes_held(pipe));
    if (size == 0)
        return 0;
    const char *from = page_to_virt(*slot_of(pipe, pipe->consumed));
    size_t copied = io_copy_to(buffer, from + offset, size);
    pipe->consumed += copied;
    update_held(pipe);
    return copied ? (int64_t)copied : -EFAULT;
}

/* Empty: start again at the first page and keep only that one. */
static void rewind_if_empty(struct pipe *pipe) {
    if (pipe->written != pipe->consumed || pipe->written == 0)
        return;
    bool several = pipe->written > PAGE_SIZE;
    pipe->written = pipe->consumed = 0;
    if (several)
        free_pages(pipe, false);
}

/* ---- reading and writing ---- */

/* All there is, as far as the buffer goes. pipe->lock held. */
static int64_t take_all(struct pipe *pipe, struct io_buffer *buffer) {
    int64_t moved = 0, piece;
    while ((piece = take_piece(pipe, buffer)) > 0)
        moved += piece;
    rewind_if_empty(pipe);
    return moved ? moved : piece;
}

static bool readable(const struct pipe *pipe) {
    return bytes_held(pipe) > 0 || atomic_load_relaxed(&pipe->writers) == 0;
}

static int64_t pipe_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct pipe *pipe = file->private;
    (void)position;
    if (buffer->remaining == 0)
        return 0;
    mutex_lock(&pipe->lock);
    while (bytes_held(pipe) == 0) {
        bool ended = pipe->writers == 0;
        mutex_unlock(&pipe->lock);
        if (ended)
            return 0;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&pipe->readers_wait, readable(pipe), WAIT_FOREVER))
            return -ERESTARTSYS;
        mutex_lock(&pipe->lock);
    }
    int64_t moved = take_all(pipe, buffer);
    mutex_unlock(&pipe->lock);
    if (moved > 0)
        wait_wake(&pipe->writers_wait, 1, POLLOUT | POLLWRNORM, true);
    return moved;
}

/* As much as fits now; a small write all or nothing. 0: no room. pipe->lock held. */
static int64_t put_some(struct pipe *pipe, struct io_buffer *buffer, bool atomic) {
    int64_t moved = 0, piece;
    uint64_t room = bytes_free(pipe);
    if (atomic && room < buffer->remaining)
        return 0;
    while ((piece = put_piece(pipe, buffer, room)) > 0) {
        moved += piece;
        room -= (uint64_t)piece;
    }
    return moved ? moved : piece;
}

static bool writable(const struct pipe *pipe, size_t wanted) {
    return bytes_free(pipe) >= MIN(wanted, (size_t)PIPE_BUF) || atomic_load_relaxed(&pipe->readers) == 0;
}

/* One round of a write: bytes moved, 0 when there is no room, -EPIPE. */
static int64_t write_round(struct pipe *pipe, struct io_buffer *buffer, bool atomic) {
    mutex_lock(&pipe->lock);
    int64_t moved = pipe->readers == 0 ? -EPIPE : put_some(pipe, buffer, atomic);
    mutex_unlock(&pipe->lock);
    if (moved > 0)
        wait_wake(&pipe->readers_wait, 1, POLLIN | POLLRDNORM, true);
    return moved;
}

static int64_t pipe_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct pipe *pipe = file->private;
    bool atomic = buffer->remaining <= PIPE_BUF;
    int64_t total = 0;
    (void)position;
    while (buffer->remaining > 0) {
        int64_t moved = write_round(pipe, buffer, atomic);
        if (moved == -EPIPE)
            signal_send_task(current_task(), SIGPIPE, NULL);
        if (moved < 0)
            return total ? total : moved;
        total += moved;
        if (moved > 0)
            continue;
        if (file->flags & O_NONBLOCK)
            return total ? total : -EAGAIN;
        size_t wanted = buffer->remaining;
        if (WAIT_EVENT_INTERRUPTIBLE(&pipe->writers_wait, writable(pipe, atomic ? wanted : 1), WAIT_FOREVER))
            return total ? total : -ERESTARTSYS;
    }
    return total;
}

static uint32_t pipe_poll(struct file *file, struct poll_table *table) {
    struct pipe *pipe = file->private;
    uint32_t events = 0;
    if (file->abilities & FILE_CAN_READ) {
        poll_wait(table, &pipe->readers_wait);
        if (bytes_held(pipe) > 0)
            events |= POLLIN | POLLRDNORM;
        /* A FIFO that no writer has opened since this reader did has not hung up. */
        if (pipe->writers == 0 && pipe->writer_opens != (uint32_t)file->position)
            events |= POLLHUP;
    }
    if (file->abilities & FILE_CAN_WRITE) {
        poll_wait(table, &pipe->writers_wait);
        if (bytes_free(pipe) >= PIPE_BUF)
            events |= POLLOUT | POLLWRNORM;
        if (pipe->readers == 0)
            events |= POLLERR;
    }
    return events;
}

static int64_t pipe_ioctl(struct file *file, unsigned request, uint64_t argument) {
    if (request != FIONREAD)
        return -ENOTTY;
    int32_t held = (int32_t)bytes_held(file->private);
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
    mutex_unlock(&pipe->lock);
    wait_wake(&pipe->readers_wait, ~0u, POLLIN | POLLHUP, false);
    wait_wake(&pipe->writers_wait, ~0u, POLLOUT | POLLERR, false);
}

/* The inode's pipe, made if there is none, counted for one more user. NULL: no memory. */
static struct pipe *pipe_use(struct inode *inode) {
    rwsem_write_lock(&inode->lock);
    if (!inode->pipe)
        inode->pipe = pipe_alloc();
    struct pipe *pipe = inode->pipe;
    if (pipe)
        pipe->users++;
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
    if (!pipe)
        return -ENOMEM;
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
};

static struct file *make_end(struct inode *inode, uint32_t flags) {
    char name[32];
    format_snprintf(name, sizeof name, "pipe:[%llu]", (unsigned long long)inode->number);
    struct pipe *pipe = pipe_use(inode);
    if (!pipe) {
        inode_put(inode);
        return ERR_PTR(-ENOMEM);
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
        return -ENOMEM;
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

uint32_t pipe_capacity(const struct file *file) {
    const struct pipe *pipe = file->private;
    return pipe->slots * (uint32_t)PAGE_SIZE;
}

/* In a full ring the newest bytes may share a page with the oldest: a larger ring has two slots for them. */
static int split_shared_page(const struct pipe *pipe, uint64_t last, struct page **slot) {
    struct page *copy = page_alloc(0, PAGE_ALLOC_USER);
    if (!copy)
        return -ENOMEM;
    memcpy(page_to_virt(copy), page_to_virt(*slot_of(pipe, last * PAGE_SIZE)), PAGE_SIZE);
    *slot = copy;
    return 0;
}

/* Moves the pages that hold bytes into a ring of another size. pipe->lock held. */
static int change_ring(struct pipe *pipe, uint32_t slots) {
    uint64_t first = pipe->consumed / PAGE_SIZE, end = DIV_ROUND_UP(pipe->written, PAGE_SIZE);
    if (slots == pipe->slots)
        return 0;
    if (end - first > slots)
        return -EBUSY;
    struct page **pages = kcalloc(slots, sizeof(struct page *));
    if (!pages)
        return -ENOMEM;
    if (end - first > pipe->slots) {
        end--;
        if (split_shared_page(pipe, end, &pages[end & (slots - 1)]) != 0) {
            kfree(pages);
            return -ENOMEM;
        }
    }
    for (uint64_t i = first; i < end; i++) {
        struct page **slot = slot_of(pipe, i * PAGE_SIZE);
        pages[i & (slots - 1)] = *slot;
        *slot = NULL;
    }
    free_pages(pipe, true);
    kfree(pipe->pages);
    pipe->pages = pages;
    pipe->slots = slots;
    return 0;
}

int pipe_set_capacity(struct file *file, uint64_t bytes) {
    struct pipe *pipe = file->private;
    if (bytes == 0 || bytes > INT32_MAX)
        return -EINVAL;
    uint32_t slots = 1u << log2_ceil(DIV_ROUND_UP(bytes, PAGE_SIZE));
    if (slots > PIPE_CAPACITY_MAX / PAGE_SIZE && !cred_has(current_cred(), CAP_SYS_RESOURCE))
        return -EPERM;
    mutex_lock(&pipe->lock);
    int error = change_ring(pipe, slots);
    mutex_unlock(&pipe->lock);
    wait_wake_all(&pipe->writers_wait);
    return error ? error : (int)pipe_capacity(file);
}

void pipe_init(void) {
    special_set_fifo_ops(&pipe_file_ops);
}
