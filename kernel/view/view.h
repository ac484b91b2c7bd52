/*
 * Live kernel state, readable as files. A subsystem registers a view {path, show}; kernelfs
 * (/kernel) and procfs (/proc) only render what is registered. `show` writes text into a growing
 * buffer; it may sleep and take its own subsystem's locks.
 */
#pragma once

#include "lib/bits.h"
#include "lib/list.h"

struct view_buffer {
    char *text;
    size_t length, capacity;
    bool failed; /* out of memory: the reader gets -ENOMEM */
};
void view_printf(struct view_buffer *buffer, const char *fmt, ...) printf_like(2, 3);
void view_write(struct view_buffer *buffer, const char *text, size_t length);

enum view_tree { VIEW_KERNEL, VIEW_PROC };

struct view {
    struct list_node node;
    enum view_tree tree;
    const char *path; /* below the tree's root: "hw/cpu", "meminfo" */
    const char *help; /* one line: what it shows, columns and units; /kernel/README lists it */
    void (*show)(struct view_buffer *buffer, void *context);
    void *context;
};
/* Views live for ever or until unregistered. May sleep. */
void view_register(struct view *view);
void view_unregister(struct view *view);
