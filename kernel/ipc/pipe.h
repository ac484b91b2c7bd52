/*
 * Pipes and FIFOs: a ring of pages between readers and writers.
 */
#pragma once

#include "fs/vfs/file.h"

#define PIPE_BUF 4096u               /* writes up to this size are never mixed with others, limits.h */
#define PIPE_CAPACITY_DEFAULT 65536u /* pipe(7) */
#define PIPE_CAPACITY_MAX 1048576u   /* without CAP_SYS_RESOURCE: /proc/sys/fs/pipe-max-size */

/* Both ends of a new pipe; `flags`: O_NONBLOCK. 0, -ENOMEM. */
int pipe_create(uint32_t flags, struct file *ends[2]);

bool file_is_pipe(const struct file *file);
/* Bytes it can hold; after setting, the new capacity or -EPERM, -EBUSY, -EINVAL, -ENOMEM. */
uint32_t pipe_capacity(const struct file *file);
int pipe_set_capacity(struct file *file, uint64_t bytes);

void pipe_init(void);
