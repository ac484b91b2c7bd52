/*
 * What is inside a pipe: a ring of buffers, each a stretch of one page. A write fills pages of the pipe's own;
 * splice and vmsplice put pages of files and programs there, and tee the same pages twice.
 *
 * Invariants (pipe->lock held): head - tail <= slots, and so it stays when all that is reserved is used; a buffer
 * in the ring has a referenced page and at least one byte.
 */
#pragma once

#include "fs/vfs/async.h"
#include "kernel/sched/mutex.h"
#include "kernel/vm/io_buffer.h"

struct page;
struct user;

enum pipe_buffer_flag {
    PIPE_BUFFER_OPEN = 1u << 0,   /* the page is the pipe's: more bytes may be appended */
    PIPE_BUFFER_PACKET = 1u << 1, /* one read takes no more than this, and what it leaves is lost (O_DIRECT) */
};

struct pipe_buffer {
    struct page *page; /* referenced */
    uint32_t offset, length;
    uint32_t flags; /* enum pipe_buffer_flag */
};

struct pipe {
    struct mutex lock; /* guards everything below but the queues and `users` */
    struct wait_queue readers_wait, writers_wait;
    struct async_queue async_readers, async_writers;
    struct pipe_buffer *buffers; /* `slots` of them */
    uint32_t slots;              /* a power of two */
    uint32_t head, tail;         /* next to fill, next to empty; read without the lock by waiters and poll */
    uint32_t reserved;           /* slots for what is under way from elsewhere (splice.c) */
    struct page *spare;          /* of the last buffer that was emptied: a busy small pipe lives in one page */
    uint32_t readers, writers;           /* open ends */
    uint32_t reader_opens, writer_opens; /* ever: FIFO opens wait for a change */
    uint32_t users;                      /* open files and opens under way; inode->lock */
    struct user *user;                   /* for whom the slots count; referenced (pipe_charge.h) */
    bool unnamed;                        /* made by pipe(): opening it again by /proc waits for nobody */
};

/* Any time, without the lock. */
static inline bool pipe_is_empty(const struct pipe *pipe) {
    return atomic_load_relaxed(&pipe->head) == atomic_load_relaxed(&pipe->tail);
}
/* Without the lock it may be off, and negative. */
static inline int32_t pipe_free_slots(const struct pipe *pipe) {
    uint32_t used = atomic_load_relaxed(&pipe->head) - atomic_load_relaxed(&pipe->tail);
    return (int32_t)(atomic_load_relaxed(&pipe->slots) - atomic_load_relaxed(&pipe->reserved) - used);
}
/* Nothing comes any more: no writer, and nothing taken out that may go back. Without the lock: as of now. */
static inline bool pipe_has_ended(const struct pipe *pipe) {
    return atomic_load_relaxed(&pipe->writers) == 0 && atomic_load_relaxed(&pipe->reserved) == 0;
}
static inline bool pipe_is_full(const struct pipe *pipe) {
    return pipe_free_slots(pipe) <= 0;
}

static inline struct pipe_buffer *pipe_slot(const struct pipe *pipe, uint32_t number) {
    return &pipe->buffers[number & (pipe->slots - 1)];
}

/* The ring of a new pipe: 0 or -ENOMEM. */
int pipe_ring_init(struct pipe *pipe, uint32_t slots);
void pipe_ring_free(struct pipe *pipe);
/* Another number of slots: 0, -EBUSY, -ENOMEM. Lock held. */
int pipe_ring_resize(struct pipe *pipe, uint32_t slots);

/*
 * As much as there is room for: bytes, 0 when there is none, -EFAULT, -ENOMEM. `first`: of a write, whose odd
 * bytes may go behind those of the last buffer. Lock held.
 */
int64_t pipe_put_bytes(struct pipe *pipe, struct io_buffer *buffer, bool first, bool packets);
/* All there is, as far as the buffer goes: bytes, or -EFAULT. Lock held. */
int64_t pipe_take_bytes(struct pipe *pipe, struct io_buffer *buffer);

/* Appends, taking the page over; there must be a free or reserved slot. Lock held. */
void pipe_push(struct pipe *pipe, const struct pipe_buffer *buffer);
/* Up to `limit` bytes of the oldest buffer, with a reference for the caller. Not empty. Lock held. */
struct pipe_buffer pipe_pop(struct pipe *pipe, uint64_t limit);
/* Back to where pipe_pop took all of it from; takes the page over. There must be a free or reserved slot. Lock held. */
void pipe_unpop(struct pipe *pipe, const struct pipe_buffer *buffer);
/* How many bytes it holds. Lock held. */
uint64_t pipe_bytes(const struct pipe *pipe);
