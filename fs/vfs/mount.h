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
    const void *private; /* the type's own */
    /* Mounts `source` with `options` (may be NULL): a super block with its root dentry, or ERR_PTR. */
    struct super_block *(*mount)(struct filesystem_type *type, const char *source, uint32_t flags,
                                 const char *options);
};

struct super_ops {
    void (*release)(struct super_block *super);
    int (*statfs)(struct super_block *super, struct statfs_info *info);
    int (*sync)(struct super_block *super);
    /* Before the root goes: drops the references by which a tree in memory holds itself. */
    void (*destroy_tree)(struct inode *root);
    /* Extra text for /proc/mounts, such as ",size=1024k"; NULL: none. */
    void (*show_options)(struct super_block *super, char *text, size_t size);
};

struct super_block {
    struct refcount refcount;
    struct filesystem_type *type;
    const struct super_ops *ops;
    struct dentry *root;
    uint64_t device;      /* st_dev */
    uint32_t block_size;
    uint32_t flags;       /* MS_RDONLY; changed by remount under mount_lock */
    uint32_t writers;     /* files open for writing; atomic. Not 0: no remount read-only */
    bool volatile_names;  /* names come and go by themselves (procfs, devfs): see DENTRY_VOLATILE */
    uint64_t magic;       /* statfs f_type */
    uint64_t next_inode_number; /* atomic */
    void *private;
    struct list_node node;      /* all super blocks, for sync */
    struct rcu_head rcu;
};

struct mount {
    struct refcount refcount;
    struct super_block *super;
    struct dentry *root;          /* what is seen at the mount point */
    struct mount *parent;         /* itself: the root of all */
    struct dentry *mountpoint;
    uint32_t flags;               /* MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC ... */
    uint32_t id;                  /* in mountinfo */
    bool attached;                /* in the tree; mount_lock */
    struct mount *copy;           /* while a tree is being copied; mount.c */
    char source[64];
    struct list_node children, sibling, all_node;
    struct hlist_node hash_node;
    struct rcu_head rcu;
};

/* linux/mount.h */
enum mount_flag {
    MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_SYNCHRONOUS = 16, MS_REMOUNT = 32,
    MS_NOATIME = 1024, MS_BIND = 4096, MS_MOVE = 8192, MS_REC = 16384, MS_SILENT = 32768,
    MS_NODIRATIME = 2048, MS_UNBINDABLE = 1 << 17, MS_PRIVATE = 1 << 18, MS_SLAVE = 1 << 19,
    MS_SHARED = 1 << 20, MS_RELATIME = 1 << 21, MS_STRICTATIME = 1 << 24, MS_LAZYTIME = 1 << 25,
};
/* Those a mount keeps; the others say what mount() is to do. */
#define MOUNT_KEPT_FLAGS \
    (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME)

/* umount2(), linux/fs.h */
enum unmount_flag { MNT_FORCE = 1, MNT_DETACH = 2, MNT_EXPIRE = 4, UMOUNT_NOFOLLOW = 8 };

void filesystem_register(struct filesystem_type *type);
/* Visits every type until `visit` returns false. */
void filesystem_each(bool (*visit)(const struct filesystem_type *type, void *context), void *context);
/* Mounts a type without hanging it in the tree; a mount with one reference, or ERR_PTR. */
struct mount *mount_internal(const char *type_name, const char *source, uint32_t flags, const char *options);
/* Allocates an anonymous device number and a super block with reference 1; NULL: no memory. */
struct super_block *super_create(struct filesystem_type *type, const struct super_ops *ops);

/* Mounts `type_name` at `path`; the first mount (path "/") becomes the root of all. 0 or -errno. */
int mount_at(const char *type_name, const char *source, const char *path, uint32_t flags, const char *options);
int mount_remove(const struct path *path, unsigned flags);
extern struct path root_path; /* of the first mount */

/* The pieces of mount(2); `path` is where, resolved. 0 or -errno. */
int mount_new(const char *type_name, const char *source, const struct path *path, uint32_t flags, const char *options);
int mount_bind(const struct path *source, const struct path *path, bool recursive);
int mount_remount(const struct path *path, uint32_t flags, bool only_mount);
int mount_move(const struct path *source, const struct path *path);

void mount_put(struct mount *mount); /* may sleep */
static inline void mount_get(struct mount *mount) {
    refcount_get(&mount->refcount);
}
void super_get(struct super_block *super);
void super_put(struct super_block *super);

/* 0, or -EROFS when the mount or its super block is read-only. */
int mount_check_write(const struct mount *mount);
/* May nothing of it be executed, or mapped to be? */
bool mount_is_noexec(const struct mount *mount);

/* Under RCU or with a reference on `parent`: the mount that hangs at (parent, dentry), or NULL. */
struct mount *mount_find_rcu(const struct mount *parent, const struct dentry *dentry);
/* Goes down to what is mounted on `path` (top of a stack of mounts); references move along. */
void mount_descend(struct path *path);
/* From a mount's root up to the mount point; false at the root of all. References move along. */
bool mount_ascend(struct path *path);

/* Held for writing where the tree of mounts changes. Taken before rename_lock. */
extern struct seqlock mount_lock;
/* Visits the mounts in the order they were made, each with a reference held. May sleep. */
void mount_each(void (*visit)(struct mount *mount, void *context), void *context);
/* Writes everything back: 0 or the first error. */
int super_sync(struct super_block *super);
int super_sync_all(void);
/* "rw,nosuid,relatime": the mount's own flags as in /proc/mounts. */
void mount_format_flags(const struct mount *mount, char *text, size_t size);

void mount_init(void);
