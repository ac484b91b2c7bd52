/* inotify(7): a file from which events of other files are read. */
#pragma once

#include "fs/vfs/file.h"

/* `flags`: O_NONBLOCK. Or ERR_PTR: -EMFILE (as many as the user may have), -ENOMEM. */
struct file *inotify_create(uint32_t flags);
bool file_is_inotify(const struct file *file);
/* Watches an inode, or changes how: the watch's number, -EEXIST, -ENOSPC, -ENOMEM. `mask`: enum notify_bit. */
int inotify_watch(struct file *file, struct inode *inode, uint32_t mask);
/* 0 or -EINVAL: there is no such watch. */
int inotify_unwatch(struct file *file, int number);

/* /proc/sys/fs/inotify: limits, changed there. */
struct inotify_limits {
    uint64_t queued_events, user_instances, user_watches;
};
extern struct inotify_limits inotify_limits;
