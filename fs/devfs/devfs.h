/*
 * /dev, as type "devfs": nodes appear and go as drivers register and unregister them; all mounts
 * show the same nodes. A character device's operations are also found by number, so mknod elsewhere works.
 */
#pragma once

#include "fs/vfs/special.h"

struct devfs_node {
    const char *name; /* below /dev, may contain "/": "ttyS0", "pts/ptmx" */
    uint32_t mode;    /* S_IFCHR or S_IFBLK and permissions */
    uint32_t uid, gid;
    uint16_t major, minor; /* Linux's numbers, admin-guide/devices.txt */
    const struct file_ops *ops;
    void *data;       /* file->private at open, before ops->open */
    struct device_operations operations; /* devfs's own */
};

#define DEVICE_NUMBER(major, minor) (((uint64_t)(major) << 8) | ((uint64_t)(minor) & 0xff) | (((uint64_t)(minor) & ~0xffull) << 12))

/* The node stays the caller's. May sleep; also before devfs is mounted. 0 or -EEXIST. */
int devfs_register(struct devfs_node *node);
void devfs_unregister(struct devfs_node *node);
/* /dev/NAME -> target. */
int devfs_symlink(const char *name, const char *target);
void devfs_init(void);
