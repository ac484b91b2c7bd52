/*
 * Live kernel state, readable as files. A subsystem registers a view {path, show}; kernelfs
 * (/kernel) and procfs (/proc) only render what is registered. `show` writes text into a growing
 * buffer; it may sleep and take its own subsystem's locks.
 *
 * A view of things that are numbered has a '#' in its path, and is a file for each of 0 .. instances - 1.
 */
#pragma once

#include "lib/bits.h"
#include "lib/list.h"

#define VIEW_INSTANCES_MAX 256u

struct view_buffer {
    char *text;
    size_t length, capacity;
    uint32_t instance; /* which is to be shown, where the view's path has a '#' */
    bool failed; /* out of memory: the reader gets -ENOMEM */
};
void view_printf(struct view_buffer *buffer, const char *fmt, ...) printf_like(2, 3);
/* The numbers of the bits that are set, as "0-2,5". */
void view_ranges(struct view_buffer *buffer, uint64_t bits);
void view_write(struct view_buffer *buffer, const char *text, size_t length);
void view_buffer_free(struct view_buffer *buffer);

enum view_tree { VIEW_KERNEL, VIEW_PROC };

struct view {
    struct list_node node;
    enum view_tree tree;
    const char *path; /* below the tree's root: "hw/cpu", "meminfo", "hw/cpus/cpu#/online"; at most one '#' */
    uint32_t instances; /* what '#' stands for; at most VIEW_INSTANCES_MAX */
    const char *help; /* one line: what it shows, columns and units; /kernel/README lists it */
    void (*show)(struct view_buffer *buffer, void *context); /* NULL: write-only */
    /* NULL: read-only. What root writes, without a final newline; 0 or -errno. */
    int (*store)(const char *text, size_t length, void *context);
    void *context;
    uint32_t users; /* calls under way; atomic */
};
/* Views live for ever or until unregistered: no call is under way after that. Unregistering may sleep. */
void view_register(struct view *view);
void view_unregister(struct view *view);

/* ---- for the filesystems that render views ---- */

enum view_kind { VIEW_NONE, VIEW_FILE, VIEW_WRITABLE_FILE, VIEW_WRITE_ONLY_FILE, VIEW_DIRECTORY };
/* What `path` is. */
enum view_kind view_kind(enum view_tree tree, const char *path);
/* Runs the view's show or store: 0, -ENOENT (it is gone), -ENOMEM, -EIO (not to be read), or what store said. May sleep. */
int view_show(enum view_tree tree, const char *path, struct view_buffer *buffer);
int view_store(enum view_tree tree, const char *path, const char *text, size_t length);

struct view_child {
    char name[64];
    bool is_directory;
    bool more; /* further instances of the same view follow */
};
/* The next child of `directory` ("": the root), each once; *index is where to go on, 0 at first. */
bool view_list(enum view_tree tree, const char *directory, uint64_t *index, struct view_child *child);
/* A line for every view of the tree: path and help. */
void view_show_help(enum view_tree tree, struct view_buffer *buffer);
