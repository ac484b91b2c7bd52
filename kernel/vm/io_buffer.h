/* Where a transfer's bytes are: a list of segments, in user or kernel memory. Moves as it is used. */
#pragma once

#include "kernel/vm/uaccess.h"

struct io_segment { /* struct iovec's layout */
    void *base;
    size_t length;
};

struct io_buffer {
    bool kernel;    /* segments are kernel memory */
    bool appends;   /* what is written goes to the file's end, wherever the position is: RWF_APPEND */
    struct io_segment *segments;
    unsigned count; /* segments left, including the current one */
    size_t offset;  /* in the current segment */
    size_t remaining;
};

void io_buffer_init(struct io_buffer *buffer, struct io_segment *segments, unsigned count, bool kernel);
/* Copy to/from the buffer's memory and advance. Bytes copied; fewer than `size` at the end or at a fault. */
size_t io_copy_to(struct io_buffer *buffer, const void *from, size_t size) must_check;
size_t io_copy_from(struct io_buffer *buffer, void *to, size_t size) must_check;
size_t io_clear(struct io_buffer *buffer, size_t size) must_check;
