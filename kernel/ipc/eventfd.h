/* eventfd(2): a 64-bit counter that reads as a file. */
#pragma once

#include "fs/vfs/file.h"

/* `flags`: O_NONBLOCK. ERR_PTR(-ENOMEM). */
struct file *eventfd_create(uint32_t value, bool semaphore, uint32_t flags);
