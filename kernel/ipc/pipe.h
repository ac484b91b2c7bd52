/*
 * Pipes and FIFOs: a ring of pages between readers and writers.
 */
#pragma once

#include "fs/vfs/file.h"

#define PIPE_CAPACITY_DEFAULT 65536u /* pipe(7) */
#define PIPE_CAPACITY_MAX 1048576u   /* without CAP_SYS_RESOURCE: /proc/sys/fs/pipe-max-size */

struct pipe;

/* Pages of all pipes of a user without privilege, 0: any number. Beyond the soft one, new pipes are small; beyond the
 * hard one there are none. /proc/sys/fs/pipe-user-pages-soft, -hard. */
struct pipe_limits {
    uint64_t user_pages_soft, user_pages_hard;
};
extern struct pipe_limits pipe_limits;

/* Both ends of a new pipe; `flags`: O_NONBLOCK, O_DIRECT (packets). 0, -ENOMEM, -ENFILE. */
int pipe_create(uint32_t flags, struct file *ends[2]);

bool file_is_pipe(const struct file *file);
/* NULL: it is none. */
struct pipe *pipe_of_file(const struct file *file);

/* Locks it once there is something in it: 1. Without the lock: 0 at its end, -EAGAIN, -ERESTARTSYS. */
int pipe_lock_readable(struct pipe *pipe, bool nonblocking);
/* Locks it once it is not full: 0. Without the lock: -EPIPE (SIGPIPE sent), -EAGAIN, -ERESTARTSYS. */
int pipe_lock_writable(struct pipe *pipe, bool nonblocking);
/* What a read gives: bytes, 0 at its end, -EAGAIN, -ERESTARTSYS, -EFAULT. May sleep. */
int64_t pipe_read_bytes(struct pipe *pipe, struct io_buffer *buffer, bool nonblocking);
/* After bytes came or went, without the lock. */
void pipe_wake_readers(struct pipe *pipe);
void pipe_wake_writers(struct pipe *pipe);

/* Bytes it can hold; after setting, the new capacity or -EPERM, -EBUSY, -EINVAL, -ENOMEM. */
uint32_t pipe_capacity(const struct file *file);
int pipe_set_capacity(struct file *file, uint64_t bytes);

void pipe_init(void);
