/* The ring of buffers inside a pipe (pipe_ring.h). Each function is called with pipe->lock held. */
#include "kernel/ipc/pipe_ring.h"

#include "kernel/log/panic.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"

int pipe_ring_init(struct pipe *pipe, uint32_t slots) {
    pipe->slots = slots;
    pipe->buffers = kcalloc(slots, sizeof(struct pipe_buffer));
    return pipe->buffers ? 0 : -ENOMEM;
}

void pipe_ring_free(struct pipe *pipe) {
    for (uint32_t i = pipe->tail; i != pipe->head; i++)
        page_put(pipe_slot(pipe, i)->page);
    if (pipe->spare)
        page_put(pipe->spare);
    kfree(pipe->buffers);
}

int pipe_ring_resize(struct pipe *pipe, uint32_t slots) {
    if (pipe->head - pipe->tail + pipe->reserved > slots)
        return -EBUSY;
    struct pipe_buffer *buffers = kcalloc(slots, sizeof(struct pipe_buffer));
    if (!buffers)
        return -ENOMEM;
    for (uint32_t i = pipe->tail; i != pipe->head; i++)
        buffers[i & (slots - 1)] = *pipe_slot(pipe, i);
    kfree(pipe->buffers);
    pipe->buffers = buffers;
    atomic_store_relaxed(&pipe->slots, slots);
    return 0;
}

/* ---- whole buffers ---- */

void pipe_push(struct pipe *pipe, const struct pipe_buffer *buffer) {
    ASSERT(pipe->head - pipe->tail < pipe->slots);
    *pipe_slot(pipe, pipe->head) = *buffer;
    atomic_store_relaxed(&pipe->head, pipe->head + 1);
}

void pipe_unpop(struct pipe *pipe, const struct pipe_buffer *buffer) {
    ASSERT(pipe->head - pipe->tail < pipe->slots);
    *pipe_slot(pipe, pipe->tail - 1) = *buffer;
    atomic_store_relaxed(&pipe->tail, pipe->tail - 1);
}

struct pipe_buffer pipe_pop(struct pipe *pipe, uint64_t limit) {
    ASSERT(pipe->tail != pipe->head);
    struct pipe_buffer *oldest = pipe_slot(pipe, pipe->tail), taken = *oldest;
    if (limit >= oldest->length) {
        atomic_store_relaxed(&pipe->tail, pipe->tail + 1);
        return taken;
    }
    page_get(taken.page);
    taken.length = (uint32_t)limit;
    taken.flags &= ~(uint32_t)PIPE_BUFFER_OPEN; /* what follows these bytes is not theirs */
    oldest->offset += taken.length;
    oldest->length -= taken.length;
    return taken;
}

uint64_t pipe_bytes(const struct pipe *pipe) {
    uint64_t bytes = 0;
    for (uint32_t i = pipe->tail; i != pipe->head; i++)
        bytes += pipe_slot(pipe, i)->length;
    return bytes;
}

/* ---- bytes ---- */

static struct page *new_page(struct pipe *pipe) {
    struct page *page = pipe->spare;
    pipe->spare = NULL;
    return page ? page : page_alloc(0, PAGE_ALLOC_USER);
}

/* Keeps it for the next write if nobody else has it. */
static void give_page_back(struct pipe *pipe, const struct pipe_buffer *buffer) {
    if ((buffer->flags & PIPE_BUFFER_OPEN) && !pipe->spare && atomic_load(&buffer->page->refcount) == 1)
        pipe->spare = buffer->page;
    else
        page_put(buffer->page);
}

/* What is more than whole pages goes behind the last bytes if it fits there. Bytes, 0: it does not; -EFAULT. */
static int64_t append(struct pipe *pipe, struct io_buffer *buffer) {
    if (pipe_is_empty(pipe))
        return 0;
    struct pipe_buffer *last = pipe_slot(pipe, pipe->head - 1);
    size_t odd = buffer->remaining & (PAGE_SIZE - 1), end = last->offset + last->length;
    if (odd == 0 || !(last->flags & PIPE_BUFFER_OPEN) || end + odd > PAGE_SIZE)
        return 0;
    if (io_copy_from(buffer, (char *)page_to_virt(last->page) + end, odd) != odd)
        return -EFAULT;
    last->length += (uint32_t)odd;
    return (int64_t)odd;
}

static int64_t put_page(struct pipe *pipe, struct io_buffer *buffer, uint32_t flags) {
    size_t size = MIN(buffer->remaining, PAGE_SIZE);
    struct page *page = new_page(pipe);
    if (!page)
        return -ENOMEM;
    if (io_copy_from(buffer, page_to_virt(page), size) != size) {
        page_put(page);
        return -EFAULT;
    }
    *pipe_slot(pipe, pipe->head) = (struct pipe_buffer){.page = page, .length = (uint32_t)size, .flags = flags};
    atomic_store_relaxed(&pipe->head, pipe->head + 1);
    return (int64_t)size;
}

int64_t pipe_put_bytes(struct pipe *pipe, struct io_buffer *buffer, bool first, bool packets) {
    uint32_t flags = packets ? PIPE_BUFFER_PACKET : PIPE_BUFFER_OPEN;
    int64_t moved = first ? append(pipe, buffer) : 0;
    while (moved >= 0 && buffer->remaining > 0 && !pipe_is_full(pipe)) {
        int64_t piece = put_page(pipe, buffer, flags);
        if (piece < 0)
            return moved ? moved : piece;
        moved += piece;
    }
    return moved;
}

int64_t pipe_take_bytes(struct pipe *pipe, struct io_buffer *buffer) {
    int64_t moved = 0;
    while (!pipe_is_empty(pipe) && buffer->remaining > 0) {
        struct pipe_buffer *oldest = pipe_slot(pipe, pipe->tail);
        size_t size = MIN(buffer->remaining, (size_t)oldest->length);
        if (io_copy_to(buffer, (char *)page_to_virt(oldest->page) + oldest->offset, size) != size)
            return moved ? moved : -EFAULT;
        moved += (int64_t)size;
        oldest->offset += (uint32_t)size;
        oldest->length -= (uint32_t)size;
        bool packet = oldest->flags & PIPE_BUFFER_PACKET;
        if (oldest->length == 0 || packet) {
            struct pipe_buffer emptied = *oldest;
            atomic_store_relaxed(&pipe->tail, pipe->tail + 1);
            give_page_back(pipe, &emptied);
        }
        if (packet)
            break;
    }
    return moved;
}
