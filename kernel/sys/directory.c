/* Reading directories; working and root directory. */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/file_table.h"
#include "fs/vfs/fs_context.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/notify.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

/* linux/dirent.h: the fixed part; name, NUL and (old form) the type byte follow. */
struct user_dirent64 {
    uint64_t inode;
    int64_t next_position;
    uint16_t record_length;
    uint8_t type;
} __attribute__((packed));
struct user_dirent {
    uint64_t inode;
    int64_t next_position;
    uint16_t record_length;
} __attribute__((packed));

#define DIRENT_ALIGN 8u
#define RECORD_MAX 288u /* header, NAME_MAX, NUL, type, padding */

struct getdents {
    struct dir_context context;
    char *to; /* user */
    size_t left;
    bool old_form;
    int error;
};

/* Builds a record at `record`; returns its length. */
static size_t make_record(bool old_form, char *record, const char *name, size_t length,
                          uint64_t inode, unsigned type, uint64_t next_position) {
    size_t header = old_form ? sizeof(struct user_dirent) : sizeof(struct user_dirent64);
    size_t total = ALIGN_UP(header + length + 1 + (old_form ? 1 : 0), DIRENT_ALIGN);
    struct user_dirent64 fields = {inode, (int64_t)next_position, (uint16_t)total, (uint8_t)type};
    memset(record + total - DIRENT_ALIGN, 0, DIRENT_ALIGN);
    memcpy(record, &fields, header);
    memcpy(record + header, name, length);
    record[header + length] = '\0';
    if (old_form)
        record[total - 1] = (char)type;
    return total;
}

static bool emit(struct dir_context *context, const char *name, size_t length, uint64_t inode,
                 unsigned type, uint64_t next_position) {
    struct getdents *state = container_of(context, struct getdents, context);
    char record[RECORD_MAX];
    if (length > NAME_MAX) {
        state->error = -EIO; /* a damaged filesystem */
        return false;
    }
    size_t total = make_record(state->old_form, record, name, length, inode, type, next_position);
    if (total > state->left) {
        state->error = -EINVAL; /* matters only if it was the first */
        return false;
    }
    if (copy_to_user(state->to, record, total)) {
        state->error = -EFAULT;
        return false;
    }
    state->to += total;
    state->left -= total;
    context->position = next_position;
    return true;
}

static int64_t read_directory(struct file *file, struct getdents *state) {
    struct inode *inode = file->inode;
    if (!file->ops->read_directory)
        return -ENOTDIR;
    mutex_lock(&file->position_lock);
    rwsem_read_lock(&inode->lock);
    state->context.position = file->position;
    int error = inode->link_count == 0 ? -ENOENT : file->ops->read_directory(file, &state->context);
    rwsem_read_unlock(&inode->lock);
    file->position = state->context.position;
    file_accessed(file);
    mutex_unlock(&file->position_lock);
    notify_file(file, IN_ACCESS);
    return error;
}

static int64_t getdents(int descriptor, void *buffer, uint32_t size, bool old_form) {
    size_t room = size <= INT32_MAX ? size : 0; /* a size that Linux takes for a negative one */
    struct getdents state = {.context.emit = emit, .to = buffer, .left = room, .old_form = old_form};
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t error = user_range_ok(buffer, room) ? read_directory(use.file, &state) : -EFAULT;
    file_use_end(use);
    if (state.left != room)
        return (int64_t)(room - state.left);
    return error ? error : state.error;
}

int64_t sys_getdents64(int descriptor, void *buffer, uint32_t size) {
    return getdents(descriptor, buffer, size, false);
}

int64_t sys_getdents(int descriptor, void *buffer, uint32_t size) {
    return getdents(descriptor, buffer, size, true);
}

/* ---- working and root directory ---- */

int64_t sys_getcwd(char *buffer, size_t size) {
    struct path cwd;
    char *space = kmalloc(PATH_MAX);
    if (!space)
        return -ENOMEM;
    fs_context_cwd(current_task()->fs, &cwd);
    bool removed = cwd.dentry->inode->link_count == 0;
    char *name = removed ? ERR_PTR(-ENOENT) : path_name(&cwd, space, PATH_MAX);
    path_put(&cwd);
    int64_t result;
    if (IS_ERR(name)) {
        result = PTR_ERR(name);
    } else {
        size_t length = strlen(name) + 1;
        result = length > size ? -ERANGE : (int64_t)length;
        if (result > 0 && copy_to_user(buffer, name, length))
            result = -EFAULT;
    }
    kfree(space);
    return result;
}

int64_t sys_chdir(const char *name) {
    struct path path;
    int error = path_lookup_user(AT_FDCWD, name, LOOKUP_DIRECTORY, &path);
    if (error)
        return error;
    error = inode_permission(path.dentry->inode, ACCESS_EXECUTE);
    if (error)
        path_put(&path);
    else
        fs_context_set_cwd(current_task()->fs, &path);
    return error;
}

int64_t sys_fchdir(int descriptor) {
    struct file_use use = file_use_path(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t error = S_IS(use.file->inode->mode, S_IFDIR) ? 0 : -ENOTDIR;
    if (!error)
        error = inode_permission(use.file->inode, ACCESS_EXECUTE);
    if (!error) {
        path_get(&use.file->path);
        fs_context_set_cwd(current_task()->fs, &use.file->path);
    }
    file_use_end(use);
    return error;
}

int64_t sys_chroot(const char *name) {
    struct path path;
    int error = path_lookup_user(AT_FDCWD, name, LOOKUP_DIRECTORY, &path);
    if (error)
        return error;
    error = inode_permission(path.dentry->inode, ACCESS_EXECUTE);
    if (!error && !cred_has(current_cred(), CAP_SYS_CHROOT))
        error = -EPERM;
    if (error)
        path_put(&path);
    else
        fs_context_set_root(current_task()->fs, &path);
    return error;
}
