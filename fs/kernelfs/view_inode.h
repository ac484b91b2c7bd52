/*
 * Inodes of registered views: how /kernel, and the part of /proc that is not about processes, look
 * as files. Paths are the views' own; directories are what several paths have in common.
 */
#pragma once

#include "fs/vfs/inode.h"
#include "kernel/view/view.h"

/* The inode of `path` in the tree ("": its root), NULL if there is nothing, or ERR_PTR(-ENOMEM). */
struct inode *view_inode(struct super_block *super, enum view_tree tree, const char *path);
/* The child `name` of the directory `path`; as above. */
struct inode *view_child_inode(struct super_block *super, enum view_tree tree, const char *path,
                               const char *name, size_t length);
/* Emits the children of `path` as positions >= base. */
void view_emit_children(struct dir_context *context, enum view_tree tree, const char *path, uint64_t base);
/* Emits "." and ".." (positions 0 and 1); false: stop. */
bool directory_emit_dots(struct file *file, struct dir_context *context);
/* inode_ops: the times are always now. */
int view_get_attributes(struct inode *inode, struct stat_info *stat);
/* A number that stands for a name: the same every time. */
uint64_t name_inode_number(const char *text, uint64_t seed);
