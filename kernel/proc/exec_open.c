/* Opening what is to be executed. */
#include "fs/vfs/mount.h"
#include "fs/vfs/notify.h"
#include "kernel/proc/exec_image.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define WANT_EXECUTE 1u

static int check_executable(const struct path *path) {
    const struct inode *inode = path->dentry->inode;

    if (!inode || !S_IS(inode->mode, S_IFREG) || mount_is_noexec(path->mount))
        return -EACCES;
    return inode_permission(inode, WANT_EXECUTE);
}

struct file *exec_open_path(const struct path *path) {
    int error = check_executable(path);

    struct file *file = error ? ERR_PTR(error) : file_open_granted(path, O_RDONLY);
    if (notify_is_on() && !IS_ERR(file))
        notify_file_slow(file, IN_OPEN);
    return file;
}

struct file *exec_open_file(const char *name) {
    struct path path;
    int error = path_lookup(NULL, name, 0, &path);

    if (error)
        return ERR_PTR(error);
    struct file *file = exec_open_path(&path);
    path_put(&path);
    return file;
}

void exec_release_file(struct exec_image *image) {
    if (!image->file)
        return;
    inode_end_deny(image->file->inode);
    file_put(image->file);
    image->file = NULL;
}

int exec_set_file(struct exec_image *image, struct file *file) {
    if (IS_ERR(file))
        return PTR_ERR(file);
    exec_release_file(image);
    int error = inode_deny_write(file->inode);
    if (error) {
        file_put(file);
        return error;
    }
    image->file = file;
    memset(image->head, 0, sizeof image->head);
    int64_t count = file_read_at(file, image->head, sizeof image->head, 0);
    image->head_size = count > 0 ? (size_t)count : 0;
    return count < 0 ? (int)count : 0;
}
