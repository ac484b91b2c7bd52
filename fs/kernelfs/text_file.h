/*
 * Files whose contents are made when they are read: rendered as a whole at a read of position 0, so
 * that one reader sees one moment, and again when the reader goes back to the start.
 */
#pragma once

#include "fs/vfs/file.h"
#include "kernel/view/view.h"

struct text_source {
    /* 0 or -errno. May sleep. */
    int (*render)(struct file *file, struct view_buffer *buffer);
    /* What was written, NUL-terminated, at most a page; 0 or -errno. NULL: not writable. */
    int (*store)(struct file *file, const char *text, size_t length);
};

/* To be called by a file's open. 0 or -ENOMEM. The source must outlive the file. */
int text_file_open(struct file *file, const struct text_source *source);
extern const struct file_ops text_file_ops; /* without an open of its own */
