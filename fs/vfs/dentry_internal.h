/* What the three files of the dentry cache share. */
#pragma once

#include "fs/vfs/dentry.h"

/* A name too long for the dentry itself. */
struct long_name {
    struct rcu_head rcu;
    char text[];
};

/* Room for a name, zeroed so that it is padded; NULL: no memory. */
struct long_name *dentry_name_alloc(size_t length);
/* Frees the room that `name` had, after a grace period; nothing for the inline name. */
void dentry_name_release(struct dentry *dentry, const char *name);
/* Puts the name into `room` and sets name, length and hash. */
void dentry_name_fill(struct dentry *dentry, char *room, const char *name, size_t length);

/*
 * Publishes a new child of `parent`, whose reference is the caller's; the table gets one of its own. If another
 * has come first, that one is returned and `dentry` freed.
 */
struct dentry *dentry_insert_or_find(struct dentry *parent, struct dentry *dentry);
/* Which chain of the hash table such a child is in: for tests. */
size_t dentry_chain(const struct dentry *parent, uint32_t hash);
/* The parent as it is now - renames change it - with its lock held. */
struct dentry *dentry_lock_parent(struct dentry *dentry);
/* Into and out of the hash table and the parent's children; parent->lock held. The table's reference is
 * the caller's. */
void dentry_hash_insert(struct dentry *dentry);
void dentry_hash_remove(struct dentry *dentry);
/* Its count is 0 and nothing leads to it any more. Returns the parent, whose reference passes on; or NULL. */
struct dentry *dentry_destroy(struct dentry *dentry);

/* Into and out of the list of hashed dentries. */
void dentry_lru_add(struct dentry *dentry);
void dentry_lru_remove(struct dentry *dentry);
void dentry_lru_init(uint64_t memory_pages);
