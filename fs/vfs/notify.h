/*
 * Being told of what happens to files (inotify(7)). Whoever changes or uses a file says so here; a mark on an inode
 * passes it on to the group of watches it belongs to. While nobody watches anything, saying so costs a test.
 *
 * Locks: "file marks" (rwsem) guards all marks, and is read-held while events are passed on. It is taken inside the
 * locks of inodes and directories; callers hold no spin lock and no position in a pipe.
 */
#pragma once

#include "fs/vfs/file.h"

/* linux/inotify.h: what happened, and (from ONLYDIR on) how to watch */
enum notify_bit {
    IN_ACCESS = 0x1, IN_MODIFY = 0x2, IN_ATTRIB = 0x4, IN_CLOSE_WRITE = 0x8, IN_CLOSE_NOWRITE = 0x10, IN_OPEN = 0x20,
    IN_MOVED_FROM = 0x40, IN_MOVED_TO = 0x80, IN_CREATE = 0x100, IN_DELETE = 0x200, IN_DELETE_SELF = 0x400,
    IN_MOVE_SELF = 0x800, IN_ALL_EVENTS = 0xfff, IN_UNMOUNT = 0x2000, IN_Q_OVERFLOW = 0x4000, IN_IGNORED = 0x8000,
    IN_ONLYDIR = 0x1000000, IN_DONT_FOLLOW = 0x2000000, IN_EXCL_UNLINK = 0x4000000, IN_MASK_CREATE = 0x10000000,
    IN_MASK_ADD = 0x20000000, IN_ISDIR = 0x40000000,
};
#define IN_ONESHOT 0x80000000u

struct notify_group;

struct notify_mark {
    struct notify_mark *next;    /* on the same inode */
    struct list_node group_node; /* of one group */
    struct list_node all_node;   /* of all */
    struct notify_group *group;
    struct inode *inode;         /* referenced; NULL: the mark is off */
    uint32_t mask;               /* enum notify_bit: the events wanted, ONESHOT, EXCL_UNLINK */
    bool spent;                  /* a one-shot that has fired; atomic */
    int32_t number;              /* the group's name for it */
};

/* What a mark's group is told. */
struct notify_event {
    uint32_t mask;
    uint32_t cookie;
    const char *name; /* in the directory that is marked; NULL: of the marked inode itself */
    size_t length;
};

struct notify_group {
    struct list_node marks;
    /* Marks read-held; may sleep. Not in interrupt context. */
    void (*tell)(struct notify_group *group, const struct notify_mark *mark, const struct notify_event *event);
    /* The mark is off its inode: the last that is heard of it. Marks held for writing. */
    void (*removed)(struct notify_group *group, struct notify_mark *mark);
};

/* ---- what happens to files ---- */

extern uint32_t notify_mark_count; /* atomic */
static inline bool notify_is_on(void) {
    return unlikely(atomic_load_relaxed(&notify_mark_count) != 0);
}

/* Not for use outside: see below. */
void notify_file_slow(const struct file *file, uint32_t mask);
void notify_dentry_slow(struct dentry *dentry, uint32_t mask);
void notify_inode_slow(struct inode *inode, uint32_t mask);
void notify_name_slow(struct inode *directory, const char *name, size_t length, uint32_t mask, uint32_t cookie);

/* Of an open file: ACCESS, MODIFY, OPEN, CLOSE. */
static inline void notify_file(const struct file *file, uint32_t mask) {
    if (notify_is_on())
        notify_file_slow(file, mask);
}
/* Of whatever a name leads to, told to its directory too. */
static inline void notify_dentry(struct dentry *dentry, uint32_t mask) {
    if (notify_is_on())
        notify_dentry_slow(dentry, mask);
}
/* Of an inode under whatever name. */
static inline void notify_inode(struct inode *inode, uint32_t mask) {
    if (notify_is_on())
        notify_inode_slow(inode, mask);
}
/* Of a name in a directory. */
static inline void notify_name(struct inode *directory, const char *name, size_t length, uint32_t mask) {
    if (notify_is_on())
        notify_name_slow(directory, name, length, mask, 0);
}
/* `moved` went from one directory and name to another; its dentry is where it is now. */
struct notify_move {
    struct inode *from, *to, *moved;
    struct inode *replaced; /* has lost a link to it; NULL: none */
    const char *old_name, *new_name;
    size_t old_length, new_length;
};
void notify_moved(const struct notify_move *move);
/* The inode has no name and no user any more: DELETE_SELF, and its marks go. */
void notify_inode_gone(struct inode *inode);
/* The same for all inodes of a file system that goes: UNMOUNT. */
void notify_super_gone(const struct super_block *super);

/* ---- marks ---- */

void notify_group_init(struct notify_group *group);
/* The group's mark on the inode, or NULL. Marks held. */
struct notify_mark *notify_find(const struct notify_group *group, const struct inode *inode);
/* Held for writing: to add, change or look for marks. */
void notify_lock(void);
void notify_unlock(void);
/* Puts a mark whose group, mask and number are set on the inode, of which it takes a reference. Held for writing. */
void notify_add(struct notify_mark *mark, struct inode *inode);
/* Takes it off, tells its group and frees it. Held for writing; the inode is returned, to be put after unlocking. */
struct inode *notify_remove(struct notify_mark *mark);
/* All of a group's, for its end. */
void notify_remove_all(struct notify_group *group);

void notify_init(void);
