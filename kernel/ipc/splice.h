/*
 * Moving bytes into and out of pipes without a program's memory in between (splice(2), tee(2), vmsplice(2)). All
 * may sleep, and return bytes or -errno: 0 at the end of the source, -EAGAIN where they would wait and
 * `nonblocking` is set, -ERESTARTSYS, -EPIPE (SIGPIPE sent). They wait for the first byte only.
 */
#pragma once

#include "kernel/ipc/pipe.h"

/* From a file at *offset, which moves, or at its position (NULL). The caller has checked that it may be read. */
int64_t splice_from_file(struct file *in, uint64_t *offset, struct pipe *out, uint64_t size, bool nonblocking);
int64_t splice_to_file(struct pipe *in, struct file *out, uint64_t *offset, uint64_t size, bool nonblocking);
/* Two different pipes. */
int64_t splice_between(struct pipe *in, struct pipe *out, uint64_t size, bool nonblocking);
/* The same bytes into another pipe too: pages are shared, none is copied. */
int64_t splice_tee(struct pipe *in, struct pipe *out, uint64_t size, bool nonblocking);
/* A program's own pages: what it writes to them later is seen by the pipe's reader. Also -EFAULT. */
int64_t splice_user_pages(struct io_buffer *from, struct pipe *out, bool nonblocking);
