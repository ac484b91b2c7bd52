/* Processes as files: pidfd_open(2), CLONE_PIDFD. Ready to read once the process has ended. */
#pragma once

#include "fs/vfs/file.h"

struct pid;

/* A file for the process of that number, which is referenced; `flags`: O_NONBLOCK. Or ERR_PTR. */
struct file *pidfd_create(struct pid *pid, uint32_t flags);
/* The number that a file stands for, as long as the file is held; NULL: it is no pidfd. */
struct pid *pidfd_pid(const struct file *file);
