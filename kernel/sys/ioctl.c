/* ioctl: the requests every file knows; the rest is the file's own. vhangup: of terminals too. */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/file_table.h"
#include "kernel/task/task.h"
#include "kernel/tty/job_control.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

/* asm-generic/ioctls.h */
enum {
    FIONREAD = 0x541b, FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX = 0x5451, FIOASYNC = 0x5452,
    FIOQSIZE = 0x5460,
    FIBMAP = 1, FIGETBSZ = 2, /* linux/fs.h */
};

static int64_t set_status_flag(struct file *file, uint32_t flag, const int32_t *user) {
    int32_t on;
    if (get_user(on, user))
        return -EFAULT;
    file_change_flags(file, flag, on ? flag : 0);
    return 0;
}

static int64_t set_async(struct file *file, int descriptor, const int32_t *user) {
    int32_t on;
    if (get_user(on, user))
        return -EFAULT;
    if (!on == !(file->flags & O_ASYNC))
        return 0;
    return file->ops->set_async ? file->ops->set_async(file, descriptor, on) : -ENOTTY;
}

static int64_t get_size(const struct inode *inode, int64_t *user) {
    bool has_size = S_IS(inode->mode, S_IFREG) || S_IS(inode->mode, S_IFDIR) || S_IS(inode->mode, S_IFLNK);
    return has_size ? put_user((int64_t)inode->size, user) : -ENOTTY;
}

static int64_t ioctl_regular(struct file *file, unsigned request, uint64_t argument) {
    int64_t size = (int64_t)file->inode->size;
    if (request == FIBMAP) /* blocks of no disk */
        return cred_has(current_cred(), CAP_SYS_RAWIO) ? -EINVAL : -EPERM;
    if (request != FIONREAD)
        return -ENOTTY;
    int32_t left = (int32_t)MIN(MAX(size - (int64_t)file->position, 0), INT32_MAX);
    return put_user(left, (int32_t *)argument);
}

static int64_t ioctl_file(struct file *file, unsigned request, uint64_t argument) {
    if (file->ops->ioctl)
        return file->ops->ioctl(file, request, argument);
    return S_IS(file->inode->mode, S_IFREG) ? ioctl_regular(file, request, argument) : -ENOTTY;
}

int64_t sys_ioctl(int descriptor, unsigned request, uint64_t argument) {
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result;
    switch (request) {
    case FIOCLEX:
    case FIONCLEX:
        result = descriptor_set_close_on_exec(descriptor, request == FIOCLEX);
        break;
    case FIONBIO:
        result = set_status_flag(use.file, O_NONBLOCK, (const int32_t *)argument);
        break;
    case FIOASYNC:
        result = set_async(use.file, descriptor, (const int32_t *)argument);
        break;
    case FIOQSIZE:
        result = get_size(use.file->inode, (int64_t *)argument);
        break;
    case FIGETBSZ:
        result = put_user((int32_t)PAGE_SIZE, (int32_t *)argument);
        break;
    default:
        result = ioctl_file(use.file, request, argument);
        break;
    }
    file_use_end(use);
    return result;
}

int64_t sys_vhangup(void) {
    if (!cred_has(current_cred(), CAP_SYS_TTY_CONFIG))
        return -EPERM;
    tty_hangup_controlling();
    return 0;
}
