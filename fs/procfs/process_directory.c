/* /proc/PID and /proc/PID/task/TID: the table of their files, and the directories. */
#include "fs/procfs/process.h"
#include "fs/procfs/procfs.h"

#include "fs/kernelfs/text_file.h"
#include "fs/kernelfs/view_inode.h"
#include "fs/vfs/mount.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/string.h"

#define DOTS 2u
#define NUMBER_MAX (1 << 20)
#define TASKS_ID (1ull << 40) /* task/ among the inode numbers of a process */

static const struct proc_entry entries[] = {
    {.name = "auxv", .manner = TEXT_HAS_SIZE, .mode = S_IFREG | 0400u, .render = proc_show_auxv},
    {.name = "cgroup", .mode = S_IFREG | 0444u, .render = proc_show_cgroup},
    {.name = "children", .mode = S_IFREG | 0444u, .only_thread = true, .render = proc_show_children},
    {.name = "cmdline", .manner = TEXT_HAS_SIZE, .mode = S_IFREG | 0444u, .render = proc_show_cmdline},
    {.name = "comm", .mode = S_IFREG | 0644u, .render = proc_show_comm, .store = proc_store_comm},
    {.name = "cwd", .mode = S_IFLNK | 0777u, .follow = proc_follow_cwd},
    {.name = "environ", .manner = TEXT_HAS_SIZE, .mode = S_IFREG | 0400u, .render = proc_show_environ},
    {.name = "exe", .mode = S_IFLNK | 0777u, .follow = proc_follow_exe},
    {.name = "fd", .mode = S_IFDIR | 0500u, .directory_ops = &proc_fd_directory_ops,
     .directory_file_ops = &proc_fd_directory_file_ops},
    {.name = "fdinfo", .mode = S_IFDIR | 0555u, .directory_ops = &proc_fdinfo_directory_ops,
     .directory_file_ops = &proc_fd_directory_file_ops},
    {.name = "limits", .mode = S_IFREG | 0444u, .render = proc_show_limits},
    {.name = "maps", .mode = S_IFREG | 0444u, .render = proc_show_maps},
    {.name = "mountinfo", .manner = TEXT_POLLED_IN, .mode = S_IFREG | 0444u, .render = proc_show_mountinfo},
    {.name = "mounts", .manner = TEXT_POLLED_IN, .mode = S_IFREG | 0444u, .render = proc_show_mounts},
    {.name = "oom_adj", .manner = TEXT_HAS_SIZE, .mode = S_IFREG | 0644u, .render = proc_show_oom_adj, .store = proc_store_oom_adj},
    {.name = "oom_score", .mode = S_IFREG | 0444u, .render = proc_show_oom_score},
    {.name = "oom_score_adj", .manner = TEXT_HAS_SIZE, .mode = S_IFREG | 0644u, .render = proc_show_oom_adjust, .store = proc_store_oom_adjust},
    {.name = "pagemap", .mode = S_IFREG | 0400u, .file_ops = &proc_pagemap_file_ops},
    {.name = "personality", .mode = S_IFREG | 0400u, .render = proc_show_personality},
    {.name = "root", .mode = S_IFLNK | 0777u, .follow = proc_follow_root},
    {.name = "smaps", .mode = S_IFREG | 0444u, .render = proc_show_smaps},
    {.name = "smaps_rollup", .mode = S_IFREG | 0444u, .render = proc_show_smaps_rollup},
    {.name = "stat", .mode = S_IFREG | 0444u, .render = proc_show_stat},
    {.name = "statm", .mode = S_IFREG | 0444u, .render = proc_show_statm},
    {.name = "status", .mode = S_IFREG | 0444u, .render = proc_show_status},
    {.name = "syscall", .mode = S_IFREG | 0400u, .render = proc_show_call},
    {.name = "task", .mode = S_IFDIR | 0555u, .only_process = true,
     .directory_ops = &proc_task_directory_ops, .directory_file_ops = &proc_task_directory_file_ops},
    {.name = "timerslack_ns", .mode = S_IFREG | 0666u, .render = proc_show_timer_slack, .store = proc_store_timer_slack},
    {.name = "wchan", .mode = S_IFREG | 0444u, .render = proc_show_wchan},
};

/* ---- text files ---- */

static int render(struct file *file, struct view_buffer *buffer) {
    const struct proc_node *node = proc_node_of(file->inode);
    return node->entry->render(node, buffer);
}

static int store(struct file *file, const char *text, size_t length) {
    const struct proc_node *node = proc_node_of(file->inode);
    return node->entry->store ? node->entry->store(node, text, length) : -EINVAL;
}

static const struct text_source entry_source = {render, store, 0};
static const struct text_source sized_source = {render, store, TEXT_HAS_SIZE};
static const struct text_source polled_source = {render, store, TEXT_POLLED_IN};

static int entry_open(struct inode *inode, struct file *file) {
    const struct proc_entry *entry = proc_node_of(inode)->entry;
    const struct text_source *polled = entry->manner & TEXT_POLLED_IN ? &polled_source : &entry_source;
    return text_file_open(file, entry->manner & TEXT_HAS_SIZE ? &sized_source : polled);
}

static const struct file_ops entry_file_ops = {.open = entry_open};
static const struct inode_ops entry_ops = {
    .set_attributes = proc_inode_set_attributes,
    .get_attributes = proc_inode_get_attributes,
    .is_stale = proc_inode_is_stale,
    .release = proc_inode_release,
};
static const struct inode_ops link_ops = {
    .follow_link = proc_follow_link,
    .read_link = proc_read_link,
    .get_attributes = proc_inode_get_attributes,
    .is_stale = proc_inode_is_stale,
    .release = proc_inode_release,
};

/* ---- the directory of a process or thread ---- */

static struct inode *make_entry(struct inode *directory, const struct proc_entry *entry) {
    struct proc_node node = *proc_node_of(directory);
    const struct inode_ops *ops = &entry_ops;
    const struct file_ops *file_ops = entry->file_ops ? entry->file_ops : &entry_file_ops;
    node.entry = entry;
    if (S_IS(entry->mode, S_IFDIR)) {
        ops = entry->directory_ops;
        file_ops = entry->directory_file_ops;
    } else if (S_IS(entry->mode, S_IFLNK)) {
        ops = &link_ops;
        file_ops = NULL;
    }
    return proc_inode_create(directory->super, &node, entry->mode, ops, file_ops,
                             (uint64_t)(entry - entries) + 1);
}

static struct inode *process_lookup(struct inode *directory, const char *name, size_t length) {
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        const struct proc_entry *entry = &entries[i];
        if (proc_node_of(directory)->thread ? entry->only_process : entry->only_thread)
            continue;
        if (strlen(entry->name) == length && memcmp(entry->name, name, length) == 0)
            return make_entry(directory, entry);
    }
    return NULL;
}

static int process_read_directory(struct file *file, struct dir_context *context) {
    bool thread = proc_node_of(file->inode)->thread;
    if (!directory_emit_dots(file, context))
        return 0;
    for (uint64_t i = MAX(context->position, (uint64_t)DOTS) - DOTS; i < ARRAY_SIZE(entries); i++) {
        if (thread ? entries[i].only_process : entries[i].only_thread)
            continue;
        if (!context->emit(context, entries[i].name, strlen(entries[i].name),
                           file->inode->number + i + 1, (entries[i].mode & S_IFMT) >> 12, i + 1 + DOTS))
            break;
    }
    return 0;
}

static const struct inode_ops process_ops = {
    .set_attributes = proc_process_set_attributes,
    .lookup = process_lookup,
    .get_attributes = proc_inode_get_attributes,
    .is_stale = proc_inode_is_stale,
    .release = proc_inode_release,
};
static const struct file_ops process_file_ops = {
    .seek = listing_seek,
    .read_directory = process_read_directory,
};

struct inode *proc_process_inode(struct super_block *super, struct pid *pid) {
    struct proc_node node = {.pid = pid};
    return proc_inode_create(super, &node, S_IFDIR | 0555u, &process_ops, &process_file_ops, 0);
}

struct pid *procfs_directory_pid(const struct file *file) {
    return file->ops == &process_file_ops && !proc_node_of(file->inode)->thread ? proc_node_of(file->inode)->pid : NULL;
}

/* ---- task/ ---- */

int proc_parse_number(const char *name, size_t length) {
    int number = 0;
    if (length == 0 || (length > 1 && name[0] == '0'))
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (name[i] - '0');
        if (number >= NUMBER_MAX)
            return -1;
    }
    return number;
}

static struct inode *task_lookup(struct inode *directory, const char *name, size_t length) {
    int number = proc_parse_number(name, length);
    struct pid *pid = number > 0 ? pid_find_get(number) : NULL;
    if (!pid)
        return NULL;
    struct proc_node node = {.pid = pid, .thread = true};
    struct process *process = proc_process(&node), *own = proc_process(proc_node_of(directory));
    struct inode *inode = NULL;
    if (process && process == own)
        inode = proc_inode_create(directory->super, &node, S_IFDIR | 0555u, &process_ops,
                                  &process_file_ops, TASKS_ID);
    if (process)
        process_put(process);
    if (own)
        process_put(own);
    pid_put(pid);
    return inode;
}

/* The lowest thread number >= `start`, or -1. */
static int next_thread(struct process *process, int start) {
    int found = -1;
    struct task *task;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    list_for_each_entry(task, &process->threads, process_node) {
        int number = task->tid->number;
        if (number >= start && (found < 0 || number < found))
            found = number;
    }
    spin_unlock_irqrestore(&process->lock, flags);
    return found;
}

static int task_read_directory(struct file *file, struct dir_context *context) {
    struct process *process = proc_process(proc_node_of(file->inode));
    if (!process)
        return -ENOENT;
    if (directory_emit_dots(file, context)) {
        int number = (int)(MAX(context->position, (uint64_t)DOTS) - DOTS);
        char name[16];
        while ((number = next_thread(process, number)) >= 0) {
            int length = format_snprintf(name, sizeof name, "%d", number);
            number++;
            if (!context->emit(context, name, (size_t)length, file->inode->number + (uint64_t)number,
                               S_IFDIR >> 12, (uint64_t)number + DOTS))
                break;
        }
    }
    process_put(process);
    return 0;
}

const struct inode_ops proc_task_directory_ops = {
    .set_attributes = proc_inode_set_attributes,
    .lookup = task_lookup,
    .get_attributes = proc_inode_get_attributes,
    .is_stale = proc_inode_is_stale,
    .release = proc_inode_release,
};
const struct file_ops proc_task_directory_file_ops = {
    .seek = listing_seek,
    .read_directory = task_read_directory,
};
