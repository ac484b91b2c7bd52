/*
 * Files whose contents are made when they are read: rendered as a whole at a read of position 0, so
 * that one reader sees one moment, and again when the reader goes back to the start.
 */
#pragma once

#include "fs/vfs/file.h"
#include "kernel/view/view.h"

/* How a file is sought in and waited for, which programs do differently with each sort of Linux's. */
enum text_manner {
    TEXT_HAS_SIZE = 1u << 0,  /* as a file of 0 bytes; else its end is not known, and writes take no offset */
    TEXT_MOVES = 1u << 1,     /* a write moves the position */
    TEXT_POLLED = 1u << 2,    /* poll finds it always ready, and epoll takes it */
    TEXT_POLLED_IN = 1u << 3, /* ready to be read alone */
};

struct text_source {
    /* 0 or -errno. May sleep. */
    int (*render)(struct file *file, struct view_buffer *buffer);
    /* What was written, NUL-terminated, at most a page; 0 or -errno. NULL: not writable. */
    int (*store)(struct file *file, const char *text, size_t length);
    uint32_t manner; /* enum text_manner */
};

/* To be called by a file's open. 0 or -ENOMEM. The source must outlive the file. */
int text_file_open(struct file *file, const struct text_source *source);
