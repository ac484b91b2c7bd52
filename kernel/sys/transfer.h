/* What the calls of the read and write families share. */
#pragma once

#include "fs/vfs/file_table.h"
#include "kernel/vm/io_buffer.h"

/* One call moves at most this much: Linux's MAX_RW_COUNT, INT_MAX rounded down to a page. */
#define TRANSFER_MAX 0x7ffff000ull

/* Is the file open for it, and has it the method (a directory's answers -EISDIR)? 0, -EBADF, -EINVAL. */
int transfer_check(const struct file *file, uint32_t ability);
/* read() or write(): at the file's own position. */
int64_t transfer_simple(int descriptor, void *memory, size_t size, uint32_t ability,
                        file_transfer_at *transfer);
