/*
 * What a file below /proc/PID refers to: a process or thread, held by its number object, which
 * outlives it. Resources are looked up when they are asked for; gone ones give -ESRCH.
 */
#pragma once

#include "fs/vfs/inode.h"
#include "fs/vfs/path.h"
#include "kernel/task/task.h"
#include "kernel/view/view.h"

struct file_table;
struct space;
struct proc_node;

/* A name in /proc/PID or /proc/PID/task/TID. */
struct proc_entry {
    const char *name;
    uint32_t mode;      /* type and permissions */
    bool only_process;  /* not in task/TID */
    bool only_thread;   /* there alone */
    uint32_t manner;     /* S_IFREG: enum text_manner */
    /* S_IFREG: writes the text; 0 or -errno. */
    int (*render)(const struct proc_node *node, struct view_buffer *buffer);
    int (*store)(const struct proc_node *node, const char *text, size_t length);
    const struct file_ops *file_ops; /* S_IFREG that is no text */
    /* S_IFLNK: where it leads, with references. */
    int (*follow)(const struct proc_node *node, struct path *path);
    /* S_IFDIR */
    const struct inode_ops *directory_ops;
    const struct file_ops *directory_file_ops;
};

struct proc_node {
    struct pid *pid;                /* referenced */
    bool thread;                    /* task/TID: this thread; else the whole process */
    const struct proc_entry *entry; /* NULL: the directory of the process or thread itself */
    int descriptor;                 /* in fd/ and fdinfo/ */
    struct rcu_head rcu;
};

static inline const struct proc_node *proc_node_of(const struct inode *inode) {
    return inode->private;
}

/* An inode for the node described (fields but `rcu`; the pid is referenced anew). `id` tells nodes of one pid
 * apart. ERR_PTR(-ENOMEM). */
struct inode *proc_inode_create(struct super_block *super, const struct proc_node *like, uint32_t mode,
                                const struct inode_ops *ops, const struct file_ops *file_ops, uint64_t id);
/* inode_ops that all of them use. */
void proc_inode_release(struct inode *inode);
bool proc_inode_is_stale(const struct inode *inode);
int proc_inode_get_attributes(struct inode *inode, struct stat_info *stat);
int proc_inode_set_attributes(struct inode *inode, const struct attributes *attributes); /* not the mode: -EPERM */
int proc_process_set_attributes(struct inode *inode, const struct attributes *attributes); /* nothing: -EPERM */

/* The process, with a reference, or NULL: reaped. */
struct process *proc_process(const struct proc_node *node);
/* Under rcu_read_lock: the thread, or one of the process's; NULL: gone or a zombie. */
struct task *proc_task_rcu(const struct proc_node *node);
/* With a reference; NULL: gone, or a thread without. */
struct space *proc_space(const struct proc_node *node);
struct file_table *proc_files(const struct proc_node *node);
const struct cred *proc_cred(const struct proc_node *node);

/* May the running thread look into the process's memory and files? As Linux's PTRACE_MODE_READ. 0, -EACCES, -ESRCH. */
int proc_may_look(const struct proc_node *node);
