/*
 * Splicing (splice.h). Pages go into a pipe and come out of it with the pipe's lock held, but files are read and
 * written without it: a slot is reserved for what comes, and for what is out and may have to go back.
 */
#include "kernel/ipc/splice.h"

#include "fs/vfs/notify.h"
#include "kernel/ipc/pipe_ring.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/vm/object.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "net/socket.h"

#define BATCH_PAGES 16u /* at one go from a file */

/* Pages on their way into a pipe. */
struct batch {
    struct pipe_buffer buffers[BATCH_PAGES];
    unsigned count;
};

static void batch_drop(struct batch *batch) {
    for (unsigned i = 0; i < batch->count; i++)
        page_put(batch->buffers[i].page);
    batch->count = 0;
}

/* Waits for room and takes up to `wanted` slots: how many, or -errno. */
static int reserve(struct pipe *pipe, uint64_t wanted, bool nonblocking) {
    int error = pipe_lock_writable(pipe, nonblocking);
    if (error)
        return error;
    uint32_t slots = (uint32_t)MIN(wanted, (uint64_t)pipe_free_slots(pipe));
    atomic_store_relaxed(&pipe->reserved, pipe->reserved + slots);
    mutex_unlock(&pipe->lock);
    return (int)slots;
}

static void unreserve_locked(struct pipe *pipe, uint32_t slots) {
    ASSERT(pipe->reserved >= slots);
    atomic_store_relaxed(&pipe->reserved, pipe->reserved - slots);
}

/* Uses reserved slots for the batch and gives up the others. */
static void deliver(struct pipe *pipe, struct batch *batch, uint32_t reserved) {
    mutex_lock(&pipe->lock);
    unreserve_locked(pipe, reserved);
    for (unsigned i = 0; i < batch->count; i++)
        pipe_push(pipe, &batch->buffers[i]);
    mutex_unlock(&pipe->lock);
    if (batch->count > 0)
        pipe_wake_readers(pipe);
    if (batch->count < reserved)
        pipe_wake_writers(pipe);
    batch->count = 0;
}

/* ---- from files ---- */

/* One page of a file in memory; a hole of one that lives only there is the page of zeros. */
static struct page *object_piece(struct vm_object *object, uint64_t index) {
    struct page *page = object_page_cached(object, index);
    if (page)
        return page;
    if (object->ops->fill)
        return object_page(object, index);
    page = page_zero_frame();
    page_get(page);
    return page;
}

/* The file's own pages, as many as there are slots. Bytes or -errno. */
static int64_t gather_pages(struct file *in, uint64_t *position, uint64_t size, struct batch *batch, unsigned slots) {
    struct vm_object *object = in->inode->object;
    int64_t done = 0;
    while (batch->count < slots && size > 0) {
        uint64_t end = atomic_load(&object->size_bytes), offset = *position & (PAGE_SIZE - 1);
        if (*position >= end)
            break;
        struct page *page = object_piece(object, *position >> PAGE_SHIFT);
        if (IS_ERR(page)) {
            done = done ? done : PTR_ERR(page);
            break;
        }
        uint64_t piece = MIN(size, PAGE_SIZE - offset);
        piece = MIN(piece, end - *position);
        batch->buffers[batch->count++] = (struct pipe_buffer){page, (uint32_t)offset, (uint32_t)piece, 0};
        *position += piece;
        size -= piece;
        done += (int64_t)piece;
    }
    file_accessed(in);
    return done;
}

static int64_t read_once(struct file *in, struct io_buffer *buffer, uint64_t *position, bool nonblocking) {
    struct socket *socket = socket_of_file(in);
    if (!socket)
        return in->ops->read(in, buffer, position);
    bool now = nonblocking || (in->flags & O_NONBLOCK);
    struct socket_message message = {.data = buffer, .flags = now ? MSG_DONTWAIT : 0u};
    return socket->ops->receive(socket, &message);
}

/* Pages of the pipe's own, filled by one read. Bytes or -errno. */
static int64_t gather_bytes(struct file *in, uint64_t *position, uint64_t size, struct batch *batch, unsigned slots,
                            bool nonblocking) {
    struct io_segment segments[BATCH_PAGES];
    struct io_buffer buffer;
    for (unsigned i = 0; i < slots && size > 0; i++) {
        struct page *page = page_alloc(0, PAGE_ALLOC_USER);
        if (!page)
            break;
        uint32_t piece = (uint32_t)MIN(size, PAGE_SIZE);
        segments[i] = (struct io_segment){page_to_virt(page), piece};
        batch->buffers[batch->count++] = (struct pipe_buffer){page, 0, piece, 0};
        size -= piece;
    }
    if (batch->count == 0)
        return -ENOMEM;
    io_buffer_init(&buffer, segments, batch->count, true);
    int64_t got = read_once(in, &buffer, position, nonblocking);
    uint64_t left = got > 0 ? (uint64_t)got : 0;
    unsigned used = 0;
    for (unsigned i = 0; i < batch->count; i++) {
        struct pipe_buffer *piece = &batch->buffers[i];
        if (left == 0)
            page_put(piece->page);
        else
            used++;
        piece->length = (uint32_t)MIN(left, (uint64_t)piece->length);
        left -= piece->length;
    }
    batch->count = used;
    return got;
}

static int64_t gather(struct file *in, uint64_t *position, uint64_t size, struct batch *batch, unsigned slots,
                      bool nonblocking) {
    if ((in->ops->splices & SPLICE_PAGES) && in->inode->object)
        return gather_pages(in, position, size, batch, slots);
    return gather_bytes(in, position, size, batch, slots, nonblocking);
}

static int64_t gather_at(struct file *in, uint64_t *offset, uint64_t size, struct batch *batch, unsigned slots,
                         bool nonblocking) {
    uint64_t no_position = 0;
    if (offset)
        return gather(in, offset, size, batch, slots, nonblocking);
    if (in->abilities & FILE_IS_STREAM)
        return gather(in, &no_position, size, batch, slots, nonblocking);
    mutex_lock(&in->position_lock);
    int64_t got = gather(in, &in->position, size, batch, slots, nonblocking);
    mutex_unlock(&in->position_lock);
    return got;
}

int64_t splice_from_file(struct file *in, uint64_t *offset, struct pipe *out, uint64_t size, bool nonblocking) {
    uint64_t first = offset ? *offset : in->position;
    int64_t total = 0, got = 0;
    bool again = (in->ops->splices & SPLICE_PAGES) != 0; /* a stream is read only once: it might wait */
    do {
        struct batch batch = {.count = 0};
        uint64_t wanted = DIV_ROUND_UP((first + (uint64_t)total) % PAGE_SIZE + size, PAGE_SIZE);
        int slots = reserve(out, MIN(wanted, (uint64_t)BATCH_PAGES), total ? true : nonblocking);
        if (slots < 0)
            return total ? total : slots;
        got = gather_at(in, offset, size, &batch, (unsigned)slots, nonblocking);
        if (got > 0)
            notify_file(in, IN_ACCESS);
        if (got <= 0)
            batch_drop(&batch);
        deliver(out, &batch, (uint32_t)slots);
        if (got > 0) {
            total += got;
            size -= (uint64_t)got;
        }
    } while (again && got > 0 && size > 0);
    return total ? total : got;
}

/* ---- to files ---- */

/* The oldest buffer, out of the ring with its slot kept for its return: 1, or as pipe_lock_readable. */
static int borrow(struct pipe *pipe, bool nonblocking, struct pipe_buffer *piece) {
    int ready = pipe_lock_readable(pipe, nonblocking);
    if (ready <= 0)
        return ready;
    *piece = pipe_pop(pipe, UINT32_MAX);
    atomic_store_relaxed(&pipe->reserved, pipe->reserved + 1);
    mutex_unlock(&pipe->lock);
    return 1;
}

/* What is left of it goes back; without writers, readers have waited for whether anything does. */
static void give_back(struct pipe *pipe, struct pipe_buffer *piece, uint32_t used) {
    piece->offset += used;
    piece->length -= used;
    mutex_lock(&pipe->lock);
    unreserve_locked(pipe, 1);
    if (piece->length > 0)
        pipe_unpop(pipe, piece);
    bool ended = pipe->writers == 0;
    mutex_unlock(&pipe->lock);
    if (piece->length == 0)
        page_put(piece->page);
    if (piece->length > 0 || ended)
        pipe_wake_readers(pipe);
    if (used > 0)
        pipe_wake_writers(pipe);
}

/* As much of it as is wanted. Bytes or -errno. */
static int64_t write_piece(struct file *out, uint64_t *offset, const struct pipe_buffer *piece, uint64_t limit) {
    struct io_segment segment = {(char *)page_to_virt(piece->page) + piece->offset, MIN((uint64_t)piece->length, limit)};
    struct io_buffer buffer;
    io_buffer_init(&buffer, &segment, 1, true);
    return offset ? file_write_position(out, &buffer, offset) : file_transfer(out, &buffer, true, file_write_position);
}

int64_t splice_to_file(struct pipe *in, struct file *out, uint64_t *offset, uint64_t size, bool nonblocking) {
    int64_t total = 0;
    while (size > 0) {
        struct pipe_buffer piece;
        int ready = borrow(in, total ? true : nonblocking, &piece);
        if (ready <= 0)
            return total ? total : ready;
        int64_t moved = write_piece(out, offset, &piece, size);
        give_back(in, &piece, moved > 0 ? (uint32_t)moved : 0);
        if (moved <= 0)
            return total ? total : moved;
        total += moved;
        size -= (uint64_t)moved;
    }
    return total;
}

/* ---- between pipes ---- */

int64_t splice_between(struct pipe *in, struct pipe *out, uint64_t size, bool nonblocking) {
    int64_t total = 0;
    while (size > 0) {
        struct batch batch = {.count = 0};
        int ready = pipe_lock_readable(in, total ? true : nonblocking);
        if (ready <= 0)
            return total ? total : ready;
        mutex_unlock(&in->lock);
        int slots = reserve(out, 1, total ? true : nonblocking);
        if (slots < 0)
            return total ? total : slots;
        mutex_lock(&in->lock);
        if (!pipe_is_empty(in)) /* else another reader was faster */
            batch.buffers[batch.count++] = pipe_pop(in, size);
        mutex_unlock(&in->lock);
        uint64_t moved = batch.count ? batch.buffers[0].length : 0;
        deliver(out, &batch, (uint32_t)slots);
        if (moved > 0)
            pipe_wake_writers(in);
        total += (int64_t)moved;
        size -= moved;
    }
    return total;
}

/* References on up to `slots` buffers from the `skip`th on. in->lock held. Bytes. */
static int64_t share_some(struct pipe *in, uint32_t from, uint64_t size, struct batch *batch, unsigned slots) {
    int64_t total = 0;
    for (uint32_t i = from; i != in->head && batch->count < slots && size > 0; i++) {
        struct pipe_buffer piece = *pipe_slot(in, i);
        page_get(piece.page);
        piece.flags &= ~(uint32_t)PIPE_BUFFER_OPEN; /* one of the two may append, and not here */
        piece.length = (uint32_t)MIN(size, (uint64_t)piece.length);
        batch->buffers[batch->count++] = piece;
        size -= piece.length;
        total += piece.length;
    }
    return total;
}

int64_t splice_tee(struct pipe *in, struct pipe *out, uint64_t size, bool nonblocking) {
    int64_t total = 0, moved;
    uint32_t next = 0;
    do {
        struct batch batch = {.count = 0};
        int ready = pipe_lock_readable(in, total ? true : nonblocking);
        if (ready <= 0)
            return total ? total : ready;
        next = total && (int32_t)(next - in->tail) > 0 ? next : in->tail;
        bool more = next != in->head;
        mutex_unlock(&in->lock);
        int slots = more ? reserve(out, BATCH_PAGES, total ? true : nonblocking) : 0;
        if (slots <= 0)
            return total ? total : slots;
        mutex_lock(&in->lock);
        next = (int32_t)(next - in->tail) > 0 ? next : in->tail;
        moved = share_some(in, next, size, &batch, (unsigned)slots);
        mutex_unlock(&in->lock);
        next += batch.count;
        deliver(out, &batch, (uint32_t)slots);
        total += moved;
        size -= (uint64_t)moved;
    } while (moved > 0 && size > 0);
    return total;
}

/* ---- a program's pages ---- */

/* Pages under the first segments of `from`. Bytes, fewer at a page that is not there. */
static int64_t gather_user(struct io_buffer *from, struct batch *batch, unsigned slots) {
    struct space *space = current_task()->space;
    int64_t total = 0;
    while (from->remaining > 0 && batch->count < slots) {
        size_t left = from->segments->length - from->offset;
        if (left == 0) {
            from->segments++;
            from->offset = 0;
            continue;
        }
        uint64_t address = (uintptr_t)from->segments->base + from->offset, offset = address & (PAGE_SIZE - 1);
        uint32_t piece = (uint32_t)MIN(left, PAGE_SIZE - offset);
        struct page *page = space_page(space, address, false);
        if (!page)
            break;
        batch->buffers[batch->count++] = (struct pipe_buffer){page, (uint32_t)offset, piece, 0};
        from->offset += piece;
        from->remaining -= piece;
        total += piece;
    }
    return total;
}

int64_t splice_user_pages(struct io_buffer *from, struct pipe *out, bool nonblocking) {
    int64_t total = 0, got = 0;
    do {
        struct batch batch = {.count = 0};
        int slots = reserve(out, BATCH_PAGES, total ? true : nonblocking);
        if (slots < 0)
            return total ? total : slots;
        got = gather_user(from, &batch, (unsigned)slots);
        deliver(out, &batch, (uint32_t)slots);
        total += got;
    } while (got > 0 && from->remaining > 0);
    return total ? total : -EFAULT;
}
