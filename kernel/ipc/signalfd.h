/* signalfd(2): signals that are blocked, read from a file. */
#pragma once

#include "fs/vfs/file.h"
#include "kernel/task/signal.h"

/* ERR_PTR(-ENOMEM). Reads and polls see the signals of the thread that makes them. */
struct file *signalfd_create(signal_set set, uint32_t flags);
bool file_is_signalfd(const struct file *file);
void signalfd_set(struct file *file, signal_set set);
