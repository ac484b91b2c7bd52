/*
 * Opening: from a name, flags and a mode to an open file, with the checks of open(2) in Linux's order.
 */
#include "fs/vfs/attributes.h"
#include "fs/vfs/entry.h"
#include "fs/vfs/file.h"
#include "fs/vfs/fs_context.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/notify.h"
#include "fs/vfs/walk.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define O_TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
#define PATH_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) /* all that O_PATH heeds */

/* What the flags say will be done with the file. */
static unsigned wanted_access(uint32_t flags) {
    static const uint8_t wanted[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_READ | ACCESS_WRITE,
                                     ACCESS_READ | ACCESS_WRITE};
    return wanted[flags & O_ACCMODE] | ((flags & O_TRUNC) ? (unsigned)ACCESS_WRITE : 0u);
}

/* May the running thread open what is at `path` with these flags? */
static int may_open(const struct path *path, uint32_t flags) {
    const struct inode *inode = path->dentry->inode;
    unsigned want = wanted_access(flags);
    switch (inode->mode & S_IFMT) {
    case S_IFLNK:
        return -ELOOP;
    case S_IFDIR:
        if (want & ACCESS_WRITE)
            return -EISDIR;
        break;
    case S_IFBLK:
    case S_IFCHR:
        if (path->mount->flags & MS_NODEV)
            return -EACCES;
        break;
    case S_IFREG:
        if ((want & ACCESS_WRITE) && mount_check_write(path->mount))
            return -EROFS;
        break;
    default:
        break;
    }
    int error = inode_permission(inode, want);
    if (!error && (flags & O_NOATIME) && !inode_is_owner(inode))
        error = -EPERM;
    return error;
}

/* Counts a writer of a regular file: against executors, and against a remount read-only. */
static int count_writer(struct file *file) {
    if (!(file->abilities & FILE_CAN_WRITE) || !S_IS(file->inode->mode, S_IFREG))
        return 0;
    int error = inode_allow_write(file->inode);
    if (error)
        return error;
    atomic_fetch_add(&file->path.mount->super->writers, 1u);
    file->abilities |= FILE_COUNTS_WRITER;
    return 0;
}

struct file *file_open_granted(const struct path *path, uint32_t flags) {
    struct file *file = file_alloc(path, flags & ~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC));
    if (!file)
        return ERR_PTR(-ENOMEM);
    if (file->abilities & FILE_IS_PATH)
        return file;
    file->open_flags = flags;
    file->ops = file->inode->file_ops;
    int error = file->ops ? count_writer(file) : -ENXIO;
    if (!error && file->ops->open)
        error = file->ops->open(file->inode, file);
    if (!error && (flags & O_DIRECT) && !S_IS(file->inode->mode, S_IFBLK)) /* what is in memory has no other way */
        error = -EINVAL;
    if (!error)
        return file;
    file_discard(file);
    return ERR_PTR(error);
}

static struct file *open_existing(const struct path *path, uint32_t flags) {
    int error = may_open(path, flags);
    if (error)
        return ERR_PTR(error);
    struct file *file = file_open_granted(path, flags);
    if (!IS_ERR(file) && (flags & O_TRUNC) && S_IS(file->inode->mode, S_IFREG) && file->inode->object) {
        error = inode_truncate(file->inode, 0);
        if (!error)
            notify_dentry(path->dentry, IN_MODIFY);
        if (error) {
            file_put(file);
            return ERR_PTR(error);
        }
    }
    return file;
}

struct file *file_open_path(const struct path *path, uint32_t flags) {
    return (flags & O_PATH) ? file_open_granted(path, flags & PATH_FLAGS) : open_existing(path, flags);
}

/* ---- by name, without O_CREAT ---- */

static struct file *open_name(const struct path *start, const char *name, uint32_t flags, unsigned restrictions) {
    struct path path;
    unsigned lookup = restrictions | ((flags & O_NOFOLLOW) ? LOOKUP_NO_FOLLOW : 0u) |
                      ((flags & O_DIRECTORY) ? LOOKUP_DIRECTORY : 0u);
    int error = path_lookup(start, name, lookup, &path);
    if (error)
        return ERR_PTR(error);
    struct file *file = file_open_path(&path, flags);
    path_put(&path);
    return file;
}

/* ---- O_TMPFILE ---- */

static struct file *open_unnamed(const struct path *start, const char *name, uint32_t flags,
                                 uint32_t mode, unsigned restrictions) {
    struct path directory, path;
    if (!(wanted_access(flags) & ACCESS_WRITE))
        return ERR_PTR(-EINVAL);
    int error = path_lookup(start, name, LOOKUP_DIRECTORY | restrictions, &directory);
    if (error)
        return ERR_PTR(error);
    error = entry_create_unnamed(&directory, mode, !(flags & O_EXCL), &path.dentry);
    path.mount = directory.mount;
    struct file *file = error ? ERR_PTR(error) : file_open_granted(&path, flags);
    if (!error)
        dentry_put(path.dentry);
    path_put(&directory);
    return file;
}

/* ---- O_CREAT ---- */

/* The text that a symlink in the last place leads on with; kfree it. ERR_PTR. */
static char *read_last_link(struct inode *inode) {
    char *text = kmalloc(PATH_MAX);
    if (!text)
        return ERR_PTR(-ENOMEM);
    int64_t length = inode_read_link(inode, text, PATH_MAX - 1);
    if (length < 0) {
        kfree(text);
        return ERR_PTR((int)length);
    }
    text[length] = '\0';
    return text;
}

/* What open(O_CREAT) found in the last place: a file of its own, or a link to go on with. */
struct create_step {
    struct path directory;
    char last[NAME_MAX + 1];
    char *link_text; /* not NULL: go on with this name from `directory` */
};

/* `path` exists (reference passed over). */
static struct file *create_found(struct create_step *step, struct path *path, uint32_t flags) {
    struct inode *inode = path->dentry->inode;
    struct file *file;
    if (flags & O_EXCL)
        file = ERR_PTR(-EEXIST);
    else if (S_IS(inode->mode, S_IFLNK) && !(flags & O_NOFOLLOW) && !inode->ops->follow_link) {
        step->link_text = read_last_link(inode);
        file = IS_ERR(step->link_text) ? ERR_PTR(PTR_ERR(step->link_text)) : NULL;
        if (IS_ERR(file))
            step->link_text = NULL;
    } else if (S_IS(inode->mode, S_IFDIR)) {
        file = ERR_PTR(-EISDIR);
    } else {
        file = open_existing(path, flags);
    }
    path_put(path);
    return file;
}

/* One name of the chain: creates, opens, or says in step->link_text (file NULL) how to go on. */
static struct file *create_step(struct create_step *step, uint32_t flags, uint32_t mode) {
    struct path path = {.mount = step->directory.mount};
    if (step->last[0] == '\0' || strcmp(step->last, ".") == 0 || strcmp(step->last, "..") == 0)
        return ERR_PTR(flags & O_EXCL ? -EEXIST : -EISDIR);
    int error = entry_create(&step->directory, step->last, S_IFREG | mode, 0, &path.dentry);
    if (error == -EPERM && !step->directory.dentry->inode->ops->create)
        error = -EACCES;
    if (!error) {
        struct file *file = file_open_granted(&path, flags);
        dentry_put(path.dentry);
        return file;
    }
    if (error != -EEXIST)
        return ERR_PTR(error);
    path.dentry = dentry_lookup(step->directory.dentry, step->last, strlen(step->last));
    if (IS_ERR(path.dentry))
        return ERR_PTR(PTR_ERR(path.dentry));
    mount_get(path.mount);
    mount_descend(&path);
    if (!path.dentry->inode) { /* removed again meanwhile */
        path_put(&path);
        return ERR_PTR(-ENOENT);
    }
    return create_found(step, &path, flags);
}

/*
 * What a restricted walk goes on with: the name with the link's text for its last part, from the start, so that all of
 * it is restricted. Frees the text. ERR_PTR.
 */
static char *name_through_link(const char *name, char *text, unsigned restrictions) {
    const char *slash = *text == '/' ? NULL : strrchr(name, '/');
    size_t kept = slash ? (size_t)(slash - name) + 1 : 0, length = strlen(text);
    char *whole = (restrictions & LOOKUP_NO_LINKS) ? ERR_PTR(-ELOOP) : kmalloc(kept + length + 1);
    if (!whole)
        whole = ERR_PTR(-ENOMEM);
    if (!IS_ERR(whole)) {
        memcpy(whole, name, kept);
        memcpy(whole + kept, text, length + 1);
    }
    kfree(text);
    return whole;
}

static bool ends_in_slash(const char *name) {
    size_t length = strlen(name);
    return length > 0 && name[length - 1] == '/';
}

static struct file *open_create(const struct path *start, const char *name, uint32_t flags,
                                uint32_t mode, unsigned restrictions) {
    /* Most often the file is there, and the fast walk finds it. Links in the last place included. */
    if (!(flags & O_EXCL) && !ends_in_slash(name)) {
        struct file *file = open_name(start, name, flags & ~(uint32_t)O_CREAT, restrictions);
        if (!IS_ERR(file) && S_IS(file->inode->mode, S_IFDIR)) {
            file_put(file);
            return ERR_PTR(-EISDIR);
        }
        if (!IS_ERR(file) || PTR_ERR(file) != -ENOENT)
            return file;
    }
    struct create_step *step = kzalloc(sizeof *step);
    if (!step)
        return ERR_PTR(-ENOMEM);
    struct file *file = NULL;
    char *text = NULL;
    bool restricted = restrictions & LOOKUP_RESTRICTED;
    for (unsigned links = 0; !file; links++) {
        struct path old = step->directory;
        bool trailing_slash;
        int error = links > SYMLINKS_MAX
                        ? -ELOOP
                        : path_lookup_parent_restricted(text && !restricted ? &old : start, text ? text : name,
                                                        restrictions, &step->directory, step->last, &trailing_slash);
        if (text)
            path_put(&old);
        if (error) {
            kfree(text);
            kfree(step);
            return ERR_PTR(error);
        }
        step->link_text = NULL;
        file = trailing_slash ? ERR_PTR(-EISDIR) : create_step(step, flags, mode);
        char *next = step->link_text;
        if (unlikely(next && restricted)) {
            next = name_through_link(text ? text : name, next, restrictions);
            file = IS_ERR(next) ? (void *)next : NULL;
        }
        kfree(text);
        text = IS_ERR(next) ? NULL : next;
    }
    path_put(&step->directory);
    kfree(step);
    return file;
}

static struct file *open_by_flags(const struct path *start, const char *name, uint32_t flags, uint32_t mode,
                                  unsigned restrictions) {
    mode &= 07777u & ~current_task()->fs->umask;
    if (flags & O_PATH)
        return open_name(start, name, flags & PATH_FLAGS, restrictions);
    if (flags & O_TMPFILE_BIT)
        return (flags & O_DIRECTORY) ? open_unnamed(start, name, flags, mode, restrictions) : ERR_PTR(-EINVAL);
    if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
        return ERR_PTR(-EINVAL);
    return (flags & O_CREAT) ? open_create(start, name, flags, mode, restrictions)
                             : open_name(start, name, flags, restrictions);
}

struct file *file_open_restricted(const struct path *start, const char *name, uint32_t flags, uint32_t mode,
                                  unsigned restrictions) {
    struct file *file = open_by_flags(start, name, flags, mode, restrictions);
    if (notify_is_on() && !IS_ERR(file))
        notify_file_slow(file, IN_OPEN);
    return file;
}

struct file *file_open_at(const struct path *start, const char *name, uint32_t flags, uint32_t mode) {
    return file_open_restricted(start, name, flags, mode, 0);
}

struct file *file_open(const char *path, uint32_t flags, uint32_t mode) {
    return file_open_at(NULL, path, flags, mode);
}
