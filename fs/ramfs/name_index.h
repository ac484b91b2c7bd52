/*
 * The names in one directory: found by name, and listed by a cookie that never changes while the
 * name lives, so that reading a directory goes on at the right place whatever is added or removed.
 * The directory's lock serialises changes and reading.
 */
#pragma once

#include "fs/vfs/inode.h"
#include "lib/rbtree.h"

struct index_entry {
    struct rb_node by_name, by_cookie;
    uint64_t cookie;
    uint32_t hash;
    uint32_t length;
    struct inode *inode; /* referenced */
    char name[];
};

struct name_index {
    struct rb_root names, cookies;
    uint64_t next_cookie;
};

/* The first two positions of a directory are "." and "..". */
#define INDEX_FIRST_COOKIE 2u

void name_index_init(struct name_index *index);
static inline bool name_index_is_empty(const struct name_index *index) {
    return index->names.top == NULL;
}
struct index_entry *name_index_find(const struct name_index *index, const char *name, size_t length);
/* Takes a reference on the inode. The name must not exist yet. 0 or -ENOMEM. */
int name_index_add(struct name_index *index, const char *name, size_t length, struct inode *inode);
/* Frees the entry; its reference on the inode passes to the caller. */
struct inode *name_index_remove(struct name_index *index, struct index_entry *entry);
/* The first entry with cookie >= `cookie`, or NULL. */
struct index_entry *name_index_from(const struct name_index *index, uint64_t cookie);
/* The one after it, or NULL. */
struct index_entry *name_index_next(const struct index_entry *entry);
