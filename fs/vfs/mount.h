/*
 * Filesystem types, mounted instances, and where they hang in the tree. A mount hangs on
 * (parent mount, dentry), so bind mounts and chroot see the right thing. `mount_lock` guards the
 * tree of mounts; lookups read it under RCU.
 */
#pragma once

#include "fs/vfs/dentry.h"
#include "fs/vfs/path.h"

struct statfs_info; /* fs/vfs/stat.h */

struct filesystem_type {
    struct list_node node;
    const char *name;
    bool needs_device;
    /* Mounts `source` with `options` (may be NULL): a super block with its root dentry, or ERR_PTR. */
    struct super_block *(*mount)(struct filesystem_type *type, const char *source, uint32_t flags,
                                 const char *options);
};

struct super_ops {
    void (*release)(struct super_block *super);
    int (*statfs)(struct super_block *super, struct statfs_info *info);
    int (*sync)(struct super_block *super);
    /* Extra text for /proc/mounts, such as ",size=1024k"; NULL: none. */
    void (*show_options)(struct super_block *super, char *text, size_t size);
};

struct super_block {
    struct refcount refcount;
    struct filesystem_type *type;
    const struct super_ops *ops;
    struct dentry *root;
    uint64_t device;      /* st_dev */
    uint32_t block_size, flags;
    uint64_t magic;       /* statfs f_type */
    uint64_t next_inode_number;
    void *private;
};

struct mount {
    struct refcount refcount;
    struct super_block *super;
    struct dentry *root;          /* what is seen at the mount point */
    struct mount *parent;         /* itself: the root of all */
    struct dentry *mountpoint;
    uint32_t flags;               /* MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC ... */
    char source[64];
    struct list_node children, sibling, all_node;
    struct hlist_node hash_node;
    struct rcu_head rcu;
};

/* linux/mount.h */
enum mount_flag {
    MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_SYNCHRONOUS = 16, MS_REMOUNT = 32,
    MS_NOATIME = 1024, MS_BIND = 4096, MS_MOVE = 8192, MS_REC = 16384, MS_SILENT = 32768,
    MS_RELATIME = 1 << 21,
};

void filesystem_register(struct filesystem_type *type);
/* Allocates an anonymous device number and a super block with reference 1; NULL: no memory. */
struct super_block *super_create(struct filesystem_type *type, const struct super_ops *ops);

/* Mounts `type_name` at `path`; the first mount (path "/") becomes the root of all. 0 or -errno. */
int mount_at(const char *type_name, const char *source, const char *path, uint32_t flags, const char *options);
int mount_remove(const struct path *path, unsigned flags);
extern struct path root_path; /* of the first mount */
