/*
 * Descriptor tables. Readers find a file under RCU; `lock` guards changes. 64 slots are inline; a
 * two-level bitmap finds the lowest free number. When a table is not shared, file_table_use takes
 * no reference on the file.
 */
#pragma once

#include "fs/vfs/file.h"

struct file_table;

struct file_table *file_table_create(void);
struct file_table *file_table_copy(struct file_table *table); /* for fork; NULL: no memory */
void file_table_get(struct file_table *table);
/* Under RCU, for a table found there: false if it is going away. */
bool file_table_get_not_zero(struct file_table *table);
void file_table_put(struct file_table *table); /* closes everything with the last reference */
void file_table_close_on_exec(struct file_table *table);

/* A file borrowed for the length of a system call; file NULL: -EBADF. Always give it back. */
struct file_use {
    struct file *file;
    bool referenced;
};
struct file_use file_use(int descriptor); /* not files opened with O_PATH */
struct file_use file_use_path(int descriptor); /* those too */
static inline void file_use_end(struct file_use use) {
    if (use.referenced)
        file_put(use.file);
}
/* With a reference of its own, or NULL. */
struct file *file_table_file(struct file_table *table, int descriptor);
/* Whether an open descriptor of it goes at exec. */
bool file_table_closes_on_exec(struct file_table *table, int descriptor);

/* Lowest free descriptor >= minimum, reserved; -EMFILE. Then install or cancel it. */
int descriptor_reserve(int minimum, bool close_on_exec);
void descriptor_install(int descriptor, struct file *file); /* takes over the reference */
void descriptor_cancel(int descriptor);
/* The lowest free descriptor for a file, whose reference it takes over; -EMFILE, or what the file says if it is an ERR_PTR. */
int descriptor_open(struct file *file, bool close_on_exec);
int descriptor_close(int descriptor);
/* Makes `descriptor` refer to `file` (takes over the reference), closing what it was. It or -EBADF, -EBUSY, -ENOMEM. */
int descriptor_replace(int descriptor, struct file *file, bool close_on_exec);
/* Close-on-exec flag: read, write; -EBADF. */
int descriptor_close_on_exec(int descriptor);
int descriptor_set_close_on_exec(int descriptor, bool on);
/* Closes, or marks close-on-exec, first..last. */
void descriptor_close_range(unsigned first, unsigned last, bool only_mark);
/* A private copy of the running task's table if it is shared. 0 or -ENOMEM. */
int file_table_unshare(void);
/* Open descriptors in order, for /proc/PID/fd: the first >= start, or -1. */
int file_table_next(struct file_table *table, int start);
