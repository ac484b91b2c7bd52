/* The files of /proc/PID, file by file; used by the table in process_directory.c. */
#pragma once

#include "fs/procfs/node.h"
#include "kernel/arch/pte.h"

struct page;
struct vma;

/* process_stat.c */
int proc_show_stat(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_status(const struct proc_node *node, struct view_buffer *buffer);

/* process_memory.c */
int proc_show_statm(const struct proc_node *node, struct view_buffer *buffer);
/* The Vm lines of status. May sleep. */
void proc_show_memory(struct space *space, struct view_buffer *buffer);

/* process_text.c */
int proc_show_cmdline(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_environ(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_auxv(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_comm(const struct proc_node *node, struct view_buffer *buffer);
int proc_store_comm(const struct proc_node *node, const char *text, size_t length);
int proc_show_limits(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_wchan(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_cgroup(const struct proc_node *node, struct view_buffer *buffer);

/* process_oom.c */
int proc_show_oom_score(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_oom_adjust(const struct proc_node *node, struct view_buffer *buffer);
int proc_store_oom_adjust(const struct proc_node *node, const char *text, size_t length);

/* process_settings.c */
int proc_show_timer_slack(const struct proc_node *node, struct view_buffer *buffer);
int proc_store_timer_slack(const struct proc_node *node, const char *text, size_t length);
int proc_show_personality(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_oom_adj(const struct proc_node *node, struct view_buffer *buffer);
int proc_store_oom_adj(const struct proc_node *node, const char *text, size_t length);
int proc_show_children(const struct proc_node *node, struct view_buffer *buffer);

/* process_maps.c */
int proc_show_maps(const struct proc_node *node, struct view_buffer *buffer);
/* One line of it; `path_space` has PATH_MAX bytes. The space's lock is held. */
typedef void proc_show_one_mapping(const struct space *space, const struct vma *vma, char *path_space,
                                   struct view_buffer *buffer);
proc_show_one_mapping proc_show_mapping;
/* Shows each mapping of a process so: 0 or -errno. */
int proc_show_mappings(const struct proc_node *node, struct view_buffer *buffer, proc_show_one_mapping *show);

/* process_smaps.c */
int proc_show_smaps(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_smaps_rollup(const struct proc_node *node, struct view_buffer *buffer);
/* Calls `visit` for every entry of the mapping that has a page, with its page (NULL: device memory). Lock held. */
void proc_each_page(const struct vma *vma, void (*visit)(pte_t entry, const struct page *page, void *context), void *context);

/* How many mappings show the page. */
uint32_t proc_page_sharers(const struct page *page);

/* process_pagemap.c */
extern const struct file_ops proc_pagemap_file_ops;

/* process_call.c */
int proc_show_call(const struct proc_node *node, struct view_buffer *buffer);

/* mounts.c */
int proc_show_mounts(const struct proc_node *node, struct view_buffer *buffer);
int proc_show_mountinfo(const struct proc_node *node, struct view_buffer *buffer);

/* process_links.c */
int proc_follow_exe(const struct proc_node *node, struct path *path);
int proc_follow_cwd(const struct proc_node *node, struct path *path);
int proc_follow_root(const struct proc_node *node, struct path *path);
/* The text of any link: the name of the place it leads to. */
int64_t proc_read_link(struct inode *inode, char *target, size_t size);
int proc_follow_link(struct inode *inode, struct path *path);

/* process_fd.c */
extern const struct inode_ops proc_fd_directory_ops, proc_fdinfo_directory_ops;
extern const struct file_ops proc_fd_directory_file_ops;

/* process_directory.c */
struct inode *proc_process_inode(struct super_block *super, struct pid *pid);
extern const struct inode_ops proc_task_directory_ops;
extern const struct file_ops proc_task_directory_file_ops;
/* A decimal number without leading zeros below PID_MAX * 32, or -1. */
int proc_parse_number(const char *name, size_t length);
