/*
 * The dentry cache: names of the tree, positive or negative (known not to exist). Readers walk
 * under RCU by (parent, hash), checking each dentry's sequence count and the rename seqlock;
 * writers hold the parent inode's lock and the dentry's spin lock.
 */
#pragma once

#include "fs/vfs/inode.h"
#include "kernel/sync/seqlock.h"

#define DENTRY_INLINE_NAME 40

enum dentry_flag {
    DENTRY_VOLATILE = 1u << 0,  /* ask inode_ops.is_stale before believing it; never cached negative */
    DENTRY_ANONYMOUS = 1u << 1, /* of a file outside the tree: its name is shown as it is */
};

struct dentry {
    uint32_t hash;
    uint32_t name_length;
    struct seqcount sequence;       /* bumped when parent, name or inode change */
    struct dentry *parent;          /* itself: a root */
    struct inode *inode;            /* NULL: negative */
    const char *name;               /* inline_name or allocated (freed after a grace period), NUL-padded to a word */
    struct super_block *super;
    struct hlist_node hash_node;
    struct refcount refcount;
    struct spinlock lock;           /* guards children, inode changes */
    struct list_node children, sibling;
    struct list_node lru;
    uint32_t mount_count;           /* something is mounted here: look in the mount table */
    uint16_t flags;                 /* enum dentry_flag; fixed at creation */
    bool hashed;                    /* in the hash table and the parent's children; parent->lock */
    bool referenced;                /* used since the shrinker last looked */
    char inline_name[DENTRY_INLINE_NAME];
    struct rcu_head rcu;
};

static inline void dentry_get(struct dentry *dentry) {
    refcount_get(&dentry->refcount);
}
void dentry_put(struct dentry *dentry); /* may sleep */
/* The cached or looked-up child, possibly negative, with a reference; or ERR_PTR. May sleep. */
struct dentry *dentry_lookup(struct dentry *parent, const char *name, size_t length);
struct dentry *dentry_make_root(struct inode *inode); /* takes over the inode's reference */
/* For a file outside the tree, shown as `name`; takes over the inode's reference. NULL: no memory. */
struct dentry *dentry_make_anonymous(struct inode *inode, const char *name);
/* For an inode without a name made in `parent`: shown as a deleted `name`; takes over the inode's reference. */
struct dentry *dentry_make_detached(struct dentry *parent, const char *name, struct inode *inode);
/* A negative dentry becomes positive; takes over the reference. */
void dentry_instantiate(struct dentry *dentry, struct inode *inode);
/* The same as dentry_lookup for a caller that holds the parent inode's lock. */
struct dentry *dentry_lookup_locked(struct dentry *parent, const char *name, size_t length);
/* Forgets the name: the next lookup asks the filesystem. Whoever holds the dentry keeps it. */
void dentry_unhash(struct dentry *dentry);
/* Forgets the name and everything below it, if it is cached. */
void dentry_forget(struct dentry *parent, const char *name, size_t length);
/* Forgets what is cached below a removed directory, or one whose filesystem goes away. */
void dentry_forget_children(struct dentry *dentry);
/* Renames `dentry` to `name` in `parent`; both directories' inode locks are held for writing. 0 or -ENOMEM. */
int dentry_move(struct dentry *dentry, struct dentry *parent, const char *name, size_t length);
/* Exchanges the places of two positive dentries; locks as for dentry_move. 0 or -ENOMEM. */
int dentry_exchange(struct dentry *a, struct dentry *b);
/* `ancestor` is `dentry` or above it. Stable only while no rename can happen. */
bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor);

/* ---- for path walk (fs/vfs/walk.c) and the shrinker ---- */

/*
 * Under RCU: the cached child, or NULL (which does not mean that there is none). It is the right one only
 * if *sequence is still the dentry's when the caller has read what it wants of it.
 */
struct name_key; /* fs/vfs/name_words.h */
struct dentry *dentry_find_rcu(const struct dentry *parent, const struct name_key *key, uint32_t *sequence);

/* Held for writing where names or parents change; readers of whole paths take its lock. */
extern struct seqlock rename_lock;

struct dentry_stats {
    uint64_t total, unused;
};
void dentry_stats_read(struct dentry_stats *stats);
/* Frees up to `count` unused dentries, oldest first; how many were freed. May sleep. */
size_t dentry_shrink(size_t count);
/* Frees all unused dentries. May sleep. */
void dentry_shrink_all(void);
/* Shrinks a cache that has outgrown its share of memory; before names are added, no locks held. May sleep. */
void dentry_make_room(void);
void dentry_cache_init(void);
