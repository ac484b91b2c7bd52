/*
 * Inodes: one per file of a mounted filesystem, whatever names lead to it. `lock` (rwsem) guards a
 * directory's entries and a file's size and metadata changes; it may be held while sleeping.
 */
#pragma once

#include "kernel/sched/mutex.h"
#include "kernel/sync/rcu.h"
#include "lib/hlist.h"
#include "lib/refcount.h"

struct dentry;
struct file;
struct file_ops;
struct notify_mark;
struct inode;
struct super_block;
struct vm_object;
struct path;
struct stat_info;
struct dir_context;

/* struct stat's st_mode bits, asm-generic/stat.h */
#define S_IFMT 0170000u
#define S_IFSOCK 0140000u
#define S_IFLNK 0120000u
#define S_IFREG 0100000u
#define S_IFBLK 0060000u
#define S_IFDIR 0040000u
#define S_IFCHR 0020000u
#define S_IFIFO 0010000u
#define S_ISUID 0004000u
#define S_ISGID 0002000u
#define S_ISVTX 0001000u
#define S_IRWXU 0000700u
#define S_IRUSR 0000400u
#define S_IWUSR 0000200u
#define S_IXUSR 0000100u
#define S_IXGRP 0000010u
#define S_IS(mode, type) (((mode) & S_IFMT) == (type))

struct timestamp {
    int64_t seconds;
    uint32_t nanoseconds;
};

enum inode_flag {
    INODE_UNNAMED = 1u << 0, /* made without a name by O_TMPFILE: link() may give it one */
    INODE_SEALABLE = 1u << 1, /* its `seals` mean something */
};

struct inode {
    struct refcount refcount;
    struct super_block *super;
    const struct inode_ops *ops;
    const struct file_ops *file_ops; /* of a file opened on it */
    uint64_t number;
    uint32_t mode, uid, gid, link_count;
    uint32_t flags;             /* enum inode_flag */
    uint32_t seals;             /* enum inode_seal */
    uint64_t device;            /* st_rdev of a device node: new_encode_dev form */
    uint64_t size;              /* bytes; for a file with an object, the object's size_bytes follows */
    struct timestamp access_time, modify_time, change_time, birth_time;
    struct rwsem lock;
    struct vm_object *object;   /* page cache; NULL: not a regular file */
    struct spinlock lock_list_lock; /* guards file_locks */
    struct list_node file_locks;    /* fs/vfs/file_lock.c */
    int32_t writers;            /* open for writing; negative: being executed, writing denied; atomic */
    const char *link_text;      /* a symlink's target where it stays in memory (kmalloc; freed after a grace period) */
    struct pipe *pipe;          /* a FIFO's, while open */
    struct notify_mark *marks;  /* who wants to be told of what happens to it: fs/vfs/notify.h */
    void *private;              /* the filesystem's */
    struct hlist_node hash_node;
    struct rcu_head rcu;
};

/* What chmod, chown, truncate and utimensat change: the fields whose bits are in `valid`. */
enum attribute_bit {
    ATTR_MODE = 1, ATTR_UID = 2, ATTR_GID = 4, ATTR_SIZE = 8, ATTR_ACCESS_TIME = 16, ATTR_MODIFY_TIME = 32,
};
struct attributes {
    uint32_t valid, mode, uid, gid;
    uint64_t size;
    struct timestamp access_time, modify_time;
};

/*
 * A filesystem's operations. All may sleep; permission checks are already done; the directory's
 * `lock` is held for writing by the caller (for reading in lookup). NULL: -EPERM, or the default said.
 */
struct inode_ops {
    /* The child's inode with a reference, NULL if there is none, or ERR_PTR. */
    struct inode *(*lookup)(struct inode *directory, const char *name, size_t length);
    /* Makes a file, directory, node or FIFO of `mode` (type included); returns its inode or ERR_PTR. */
    struct inode *(*create)(struct inode *directory, const char *name, size_t length, uint32_t mode,
                            uint64_t device);
    /* A regular file without a name. [-EOPNOTSUPP] */
    struct inode *(*create_unnamed)(struct inode *directory, uint32_t mode);
    struct inode *(*symlink)(struct inode *directory, const char *name, size_t length,
                             const char *target);
    int (*link)(struct inode *directory, const char *name, size_t length, struct inode *inode);
    int (*unlink)(struct inode *directory, const char *name, size_t length, struct inode *inode);
    int (*remove_directory)(struct inode *directory, const char *name, size_t length,
                            struct inode *inode);
    int (*rename)(struct inode *old_directory, const char *old_name, size_t old_length,
                  struct inode *new_directory, const char *new_name, size_t new_length,
                  struct inode *inode, struct inode *replaced, unsigned flags);
    /* Copies the target (no NUL); its length or -errno. */
    int64_t (*read_link)(struct inode *inode, char *target, size_t size);
    /* Where a magic link such as /proc/self/fd/3 leads: fills *path with references. NULL: use read_link. */
    int (*follow_link)(struct inode *inode, struct path *path);
    int (*set_attributes)(struct inode *inode, const struct attributes *attributes); /* NULL: generic */
    int (*get_attributes)(struct inode *inode, struct stat_info *stat);              /* NULL: generic */
    /* Filesystems with volatile names: the name no longer means this inode. Under RCU; must not sleep. */
    bool (*is_stale)(const struct inode *inode);
    void (*release)(struct inode *inode); /* last reference gone: free private data, blocks if link_count is 0 */
};

uint64_t inode_count(void); /* inodes in memory */
struct inode *inode_alloc(struct super_block *super); /* reference 1; NULL: no memory */
/* Said of a new directory: its lock is of another class, taken before those of the files in it. */
void inode_set_directory_lock(struct inode *inode);
void inode_get(struct inode *inode);
void inode_put(struct inode *inode);
enum access_mask { ACCESS_EXECUTE = 1, ACCESS_WRITE = 2, ACCESS_READ = 4 };

struct cred;
/* 0 or -EACCES (-EROFS: writing a file on a read-only super block); `want` is a mask of enum access_mask. */
int inode_permission(const struct inode *inode, unsigned want);
int inode_permission_as(const struct cred *cred, const struct inode *inode, unsigned want);
/* The running thread owns the inode or has CAP_FOWNER. */
bool inode_is_owner(const struct inode *inode);
struct timestamp timestamp_now(void);
/* Sets modify and change time (or change time alone) to now. */
void inode_touch(struct inode *inode);
void inode_touch_change(struct inode *inode);

/* Writers and executors exclude each other: 0 or -ETXTBSY. Each success needs its counterpart. */
int inode_allow_write(struct inode *inode);
void inode_end_write(struct inode *inode);
int inode_deny_write(struct inode *inode);
void inode_end_deny(struct inode *inode);

/* A symlink's text (no NUL): its length or -errno; -EINVAL: not a symlink. */
int64_t inode_read_link(struct inode *inode, char *text, size_t size);
/* Owner and mode of something new in `directory` (NULL: outside the tree): the running thread's ids, the
 * directory's group if that is set-gid. */
void inode_set_owner(struct inode *inode, const struct inode *directory, uint32_t mode);

void inode_cache_init(void);
