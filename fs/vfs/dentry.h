/*
 * The dentry cache: names of the tree, positive or negative (known not to exist). Readers walk
 * under RCU by (parent, hash), checking each dentry's sequence count and the rename seqlock;
 * writers hold the parent inode's lock and the dentry's spin lock.
 */
#pragma once

#include "fs/vfs/inode.h"
#include "kernel/sync/seqlock.h"

#define DENTRY_INLINE_NAME 40

struct dentry {
    uint32_t hash;
    uint32_t name_length;
    struct seqcount sequence;       /* bumped when parent, name or inode change */
    struct dentry *parent;          /* itself: a root */
    struct inode *inode;            /* NULL: negative */
    const char *name;               /* inline_name or allocated; freed after a grace period */
    struct super_block *super;
    struct hlist_node hash_node;
    struct refcount refcount;
    struct spinlock lock;           /* guards children, inode changes */
    struct list_node children, sibling;
    struct list_node lru;
    uint32_t mount_count;           /* something is mounted here: look in the mount table */
    uint32_t flags;
    char inline_name[DENTRY_INLINE_NAME];
    struct rcu_head rcu;
};

void dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);
/* The cached or looked-up child, possibly negative, with a reference; or ERR_PTR. May sleep. */
struct dentry *dentry_lookup(struct dentry *parent, const char *name, size_t length);
struct dentry *dentry_make_root(struct inode *inode); /* takes over the inode's reference */
/* A negative dentry becomes positive; takes over the reference. */
void dentry_instantiate(struct dentry *dentry, struct inode *inode);
