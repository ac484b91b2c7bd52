/* Nodes of processes: their inodes, and safe ways to what they refer to. */
#include "fs/procfs/node.h"

#include "fs/kernelfs/view_inode.h"
#include "fs/vfs/attributes.h"
#include "fs/vfs/file_table.h"
#include "fs/vfs/stat.h"
#include "kernel/mm/slab.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/hash.h"

struct inode *proc_inode_create(struct super_block *super, const struct proc_node *like, uint32_t mode,
                                const struct inode_ops *ops, const struct file_ops *file_ops, uint64_t id) {
    struct proc_node *node = kmalloc(sizeof *node);
    struct inode *inode = node ? inode_alloc(super) : NULL;
    if (!inode) {
        kfree(node);
        return ERR_PTR(-ENOMEM);
    }
    *node = *like;
    pid_get(node->pid);
    inode->private = node;
    inode->mode = mode;
    inode->ops = ops;
    inode->file_ops = file_ops;
    inode->number = (hash_u64(id ^ hash_u64((uint64_t)node->pid->number * 2 + node->thread)) >> 16) | 1;
    if (S_IS(mode, S_IFDIR)) {
        inode->link_count = 2;
        inode_set_directory_lock(inode);
    }
    const struct cred *cred = proc_cred(node);
    if (cred) {
        inode->uid = cred->euid;
        inode->gid = cred->egid;
        cred_put(cred);
    }
    return inode;
}

static void node_free(struct rcu_head *head) {
    kfree(container_of(head, struct proc_node, rcu));
}

void proc_inode_release(struct inode *inode) {
    struct proc_node *node = inode->private;
    pid_put(node->pid);
    rcu_defer(&node->rcu, node_free);
}

/* Under RCU: is what the inode stands for gone, or of another owner? */
bool proc_inode_is_stale(const struct inode *inode) {
    const struct proc_node *node = proc_node_of(inode);
    const struct task *task = proc_task_rcu(node);
    if (!task)
        return node->thread || !atomic_load(&node->pid->process);
    return rcu_dereference(task->cred)->euid != inode->uid;
}

int proc_inode_get_attributes(struct inode *inode, struct stat_info *stat) {
    const struct cred *cred = proc_cred(proc_node_of(inode));
    if (!cred)
        return 0;
    stat->uid = cred->euid;
    stat->gid = cred->egid;
    cred_put(cred);
    return 0;
}

int proc_inode_set_attributes(struct inode *inode, const struct attributes *attributes) {
    return attributes->valid & ATTR_MODE ? -EPERM : inode_set_generic(inode, attributes);
}

int proc_process_set_attributes(struct inode *inode, const struct attributes *attributes) {
    (void)inode;
    return attributes->valid ? -EPERM : 0;
}

/* ---- ways to the process's resources ---- */

struct process *proc_process(const struct proc_node *node) {
    rcu_read_lock();
    struct process *process = node->thread ? NULL : rcu_dereference(node->pid->process);
    if (!process) { /* a thread, which /proc/TID names too */
        const struct task *task = rcu_dereference(node->pid->task);
        process = task ? task->process : NULL;
    }
    if (process && !refcount_get_not_zero(&process->refcount))
        process = NULL;
    rcu_read_unlock();
    return process;
}

/* Any thread of a process whose first has ended. */
static struct task *other_thread(struct process *process) {
    uint64_t flags = spin_lock_irqsave(&process->lock);
    struct task *task = NULL;
    if (!list_is_empty(&process->threads))
        task = list_first_entry(&process->threads, struct task, process_node);
    spin_unlock_irqrestore(&process->lock, flags);
    return task;
}

struct task *proc_task_rcu(const struct proc_node *node) {
    struct task *task = rcu_dereference(node->pid->task);
    if (task || node->thread)
        return task;
    struct process *process = rcu_dereference(node->pid->process);
    return process ? other_thread(process) : NULL;
}

struct space *proc_space(const struct proc_node *node) {
    rcu_read_lock();
    struct task *task = proc_task_rcu(node);
    struct space *space = task ? rcu_dereference(task->space) : NULL;
    if (space && !refcount_get_not_zero(&space->refcount))
        space = NULL;
    rcu_read_unlock();
    return space;
}

struct file_table *proc_files(const struct proc_node *node) {
    rcu_read_lock();
    struct task *task = proc_task_rcu(node);
    struct file_table *files = task ? rcu_dereference(task->files) : NULL;
    if (files && !file_table_get_not_zero(files))
        files = NULL;
    rcu_read_unlock();
    return files;
}

const struct cred *proc_cred(const struct proc_node *node) {
    rcu_read_lock();
    struct task *task = proc_task_rcu(node);
    struct cred *cred = task ? (struct cred *)(uintptr_t)rcu_dereference(task->cred) : NULL;
    if (cred && !refcount_get_not_zero(&cred->refcount))
        cred = NULL;
    rcu_read_unlock();
    return cred;
}

int proc_may_look(const struct proc_node *node) {
    const struct cred *mine = current_cred();
    struct process *process = proc_process(node);
    bool own = process == current_process();
    if (process)
        process_put(process);
    if (own)
        return 0;
    const struct cred *cred = proc_cred(node);
    if (!cred)
        return -ESRCH;
    bool same = mine->fsuid == cred->euid && mine->fsuid == cred->suid && mine->fsuid == cred->uid &&
                mine->fsgid == cred->egid && mine->fsgid == cred->sgid && mine->fsgid == cred->gid;
    cred_put(cred);
    return same || cred_has(mine, CAP_SYS_PTRACE) ? 0 : -EACCES;
}
