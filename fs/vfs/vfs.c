/* Brings the VFS up, and tells the address-space code how files are mapped. */
#include "fs/vfs/vfs.h"

#include "fs/vfs/entry.h"
#include "fs/vfs/file.h"
#include "fs/vfs/notify.h"
#include "fs/vfs/super.h"
#include "kernel/vm/oom.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"

/* mmap() of a file: 0 or Linux's errno. */
static int map_file(struct file *file, struct vma *vma) {
    bool noexec = mount_is_noexec(file->path.mount);
    if (!(file->abilities & FILE_CAN_READ))
        return -EACCES;
    if ((vma->flags & VMA_EXECUTE) && noexec)
        return -EPERM;
    if ((vma->flags & VMA_SHARED) && !(file->abilities & FILE_CAN_WRITE)) {
        if (vma->flags & VMA_WRITE)
            return -EACCES;
        vma->flags &= ~(uint32_t)VMA_MAY_WRITE;
    }
    if (noexec)
        vma->flags &= ~(uint32_t)VMA_MAY_EXECUTE;
    return file->ops->map ? file->ops->map(file, vma) : -ENODEV;
}

static void get_mapped(struct file *file) {
    file_get(file);
    if (file->ops->mapped)
        file->ops->mapped(file, true);
}

static void put_mapped(struct file *file) {
    if (file->ops->mapped)
        file->ops->mapped(file, false);
    file_put(file);
}

static void execute_file(struct file *file, bool begin) {
    if (!begin) {
        inode_end_deny(file->inode);
        return;
    }
    int error = inode_deny_write(file->inode);
    ASSERT(error == 0); /* it is denied already */
}

static int punch_file(struct file *file, uint64_t offset, uint64_t length) {
    int error = file->ops->allocate ? file->ops->allocate(file, ALLOCATE_HOLE, offset, length) : -EOPNOTSUPP;
    if (!error)
        notify_file(file, IN_MODIFY);
    return error;
}

static const struct vma_file_hooks hooks = {
    .map = map_file, .get = get_mapped, .put = put_mapped, .execute = execute_file, .punch = punch_file,
};

void vfs_init(void) {
    inode_cache_init();
    dentry_cache_init();
    super_init();
    mount_init();
    rename_init();
    notify_init();
    file_cache_init();
    space_set_file_hooks(&hooks);
    oom_set_shrinker(dentry_shrink);
}
