/* execve and execveat: from a program's strings to kernel/proc/exec.h. */
#include "kernel/sys/sys_exec.h"

#include "fs/vfs/dentry.h"
#include "fs/vfs/path.h"
#include "fs/vfs/user_name.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/exec.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

/* linux/fcntl.h */
enum { AT_SYMLINK_NOFOLLOW = 0x100, AT_EMPTY_PATH = 0x1000 };

#define FD_PREFIX_SIZE 24u /* "/dev/fd/", a number, "/" and NUL */

/* What a program found relative to a descriptor is told: /dev/fd/N/NAME, or /dev/fd/N for the file itself. */
static char *name_by_descriptor(int directory, const char *name) {
    size_t size = FD_PREFIX_SIZE + strlen(name);
    char *text = kmalloc(size);

    if (text)
        (void)format_snprintf(text, size, *name ? "/dev/fd/%d/%s" : "/dev/fd/%d%s", directory, name);
    return text;
}

static int exec_by_descriptor(const struct path *path, int directory, const struct user_name *name,
                              const struct string_vector vectors[2]) {
    char *text = name_by_descriptor(directory, name->text);
    bool stays_open = descriptor_close_on_exec(directory) == 0;

    if (!text)
        return -ENOMEM;
    int error = exec_path(path, text, stays_open, &vectors[0], &vectors[1]);
    kfree(text);
    return error;
}

static int exec_name(int directory, const struct user_name *name, const struct string_vector vectors[2],
                     unsigned lookup) {
    struct path path;
    int error = path_lookup(name->start, name->text, lookup, &path);

    if (error)
        return error;
    if (path.dentry->inode && S_IS(path.dentry->inode->mode, S_IFLNK))
        error = -ELOOP;
    else if (directory == AT_FDCWD || name->text[0] == '/')
        error = exec_path(&path, name->text, true, &vectors[0], &vectors[1]);
    else
        error = exec_by_descriptor(&path, directory, name, vectors);
    path_put(&path);
    return error;
}

int64_t sys_execveat(int directory, const char *user_text, const char *const *arguments,
                     const char *const *environment, unsigned flags) {
    const struct string_vector vectors[2] = {{.pointers = arguments}, {.pointers = environment}};
    unsigned lookup = (flags & AT_EMPTY_PATH ? (unsigned)LOOKUP_EMPTY : 0) |
                      (flags & AT_SYMLINK_NOFOLLOW ? (unsigned)LOOKUP_NO_FOLLOW : 0);
    struct user_name name;

    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = user_name_get(&name, directory, user_text, flags & AT_EMPTY_PATH);
    if (error)
        return error;
    error = exec_name(directory, &name, vectors, lookup);
    user_name_end(&name);
    return error;
}

int64_t sys_execve(const char *name, const char *const *arguments, const char *const *environment) {
    return sys_execveat(AT_FDCWD, name, arguments, environment, 0);
}
