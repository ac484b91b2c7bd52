/*
 * Opening device nodes and FIFOs. A node is a name for a number; whoever registered the number
 * provides the operations, so a node made by mknod anywhere works.
 */
#include "fs/vfs/special.h"

#include "kernel/sched/mutex.h"
#include "kernel/view/view.h"
#include "lib/errno.h"

DEFINE_LOCK_CLASS(devices_class, "device numbers");

static struct spinlock devices_lock = SPINLOCK_INIT(devices_class);
static struct list_node devices = LIST_INIT(devices); /* devices_lock */
static const struct file_ops *fifo_ops;               /* set once at start */

static uint64_t device_major(uint64_t device) {
    return device >> 8 & 0xfff; /* DEVICE_NUMBER() */
}

/* devices_lock held. */
static struct device_operations *find(uint32_t type, uint64_t device) {
    struct device_operations *operations;
    list_for_each_entry(operations, &devices, node) {
        bool same = operations->every_minor ? device_major(operations->device) == device_major(device)
                                            : operations->device == device;
        if (same && operations->type == type)
            return operations;
    }
    return NULL;
}

int device_operations_register(struct device_operations *operations) {
    spin_lock(&devices_lock);
    bool taken = find(operations->type, operations->device) != NULL;
    if (!taken)
        list_add_tail(&operations->node, &devices);
    spin_unlock(&devices_lock);
    return taken ? -EEXIST : 0;
}

void device_operations_unregister(struct device_operations *operations) {
    spin_lock(&devices_lock);
    list_remove(&operations->node);
    spin_unlock(&devices_lock);
}

/* The registration with the lowest major >= `major`, or NULL. devices_lock held. */
static struct device_operations *next_major(uint32_t type, uint64_t major) {
    struct device_operations *operations, *found = NULL;
    list_for_each_entry(operations, &devices, node) {
        if (operations->type == type && device_major(operations->device) >= major &&
            (!found || device_major(operations->device) < device_major(found->device)))
            found = operations;
    }
    return found;
}

void device_majors_show(struct view_buffer *buffer, uint32_t type) {
    for (uint64_t major = 0;;) {
        spin_lock(&devices_lock);
        const struct device_operations *operations = next_major(type, major);
        const char *name = operations ? operations->name : NULL;
        if (operations)
            major = device_major(operations->device) + 1;
        spin_unlock(&devices_lock);
        if (!operations)
            return;
        view_printf(buffer, "%3llu %s\n", (unsigned long long)(major - 1), name);
    }
}

void special_set_fifo_ops(const struct file_ops *ops) {
    fifo_ops = ops;
}

static int open_device(struct inode *inode, struct file *file) {
    spin_lock(&devices_lock);
    struct device_operations *operations = find(inode->mode & S_IFMT, inode->device);
    const struct file_ops *ops = operations ? operations->ops : NULL;
    if (operations)
        file->private = operations->private;
    spin_unlock(&devices_lock);
    if (!ops)
        return -ENXIO;
    file->ops = ops;
    return ops->open ? ops->open(inode, file) : 0;
}

static int special_open(struct inode *inode, struct file *file) {
    if (S_IS(inode->mode, S_IFIFO) && fifo_ops) {
        file->ops = fifo_ops;
        return fifo_ops->open(inode, file);
    }
    if (S_IS(inode->mode, S_IFCHR) || S_IS(inode->mode, S_IFBLK))
        return open_device(inode, file);
    return -ENXIO; /* a socket's name */
}

const struct file_ops special_file_ops = {.open = special_open};
