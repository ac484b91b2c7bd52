/* Names from programs. Most are short: they are copied to the stack and allocate nothing. */
#include "fs/vfs/user_name.h"

#include "kernel/mm/slab.h"
#include "kernel/vm/uaccess.h"

static int copy_text(struct user_name *name, const char *user_text) {
    int64_t length = copy_string_from_user(name->small, user_text, sizeof name->small);
    name->text = name->small;
    name->allocated = NULL;
    if (length != -ENAMETOOLONG)
        return length < 0 ? (int)length : 0;
    name->allocated = kmalloc(PATH_MAX);
    if (!name->allocated)
        return -ENOMEM;
    name->text = name->allocated;
    length = copy_string_from_user(name->allocated, user_text, PATH_MAX);
    if (length < 0)
        kfree(name->allocated);
    return length < 0 ? (int)length : 0;
}

static int find_start(struct user_name *name, int directory_fd) {
    name->start = NULL;
    name->use = (struct file_use){NULL, false};
    if (directory_fd == AT_FDCWD || name->text[0] == '/')
        return 0;
    name->use = file_use_path(directory_fd);
    if (!name->use.file)
        return -EBADF;
    if (name->text[0] != '\0' && !S_IS(name->use.file->inode->mode, S_IFDIR)) {
        file_use_end(name->use);
        return -ENOTDIR;
    }
    name->start = &name->use.file->path;
    return 0;
}

int user_name_get(struct user_name *name, int directory_fd, const char *user_text, bool empty_allowed) {
    int error = copy_text(name, user_text);
    if (error)
        return error;
    error = name->text[0] == '\0' && !empty_allowed ? -ENOENT : find_start(name, directory_fd);
    if (error)
        kfree(name->allocated);
    return error;
}

void user_name_end(struct user_name *name) {
    file_use_end(name->use);
    kfree(name->allocated);
}
