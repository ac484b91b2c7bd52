/* Device nodes and FIFOs: inodes whose operations are found by number when they are opened. */
#pragma once

#include "fs/vfs/file.h"

/* A range of character or block device numbers and their driver's operations. */
struct device_operations {
    struct list_node node;
    uint32_t type;         /* S_IFCHR or S_IFBLK */
    uint64_t device;       /* DEVICE_NUMBER() form */
    bool every_minor;      /* `device` stands for all numbers of its major */
    const char *name;      /* for /proc/devices */
    const struct file_ops *ops;
    void *private;         /* file->private at open */
};

/* -EEXIST when the number is taken. May sleep. */
int device_operations_register(struct device_operations *operations);
void device_operations_unregister(struct device_operations *operations);

struct view_buffer;
/* A line for each major number of the type in use, lowest first: number and the first name in it. */
void device_majors_show(struct view_buffer *buffer, uint32_t type);
