/* /proc/PID/fd: a link for each open descriptor; /proc/PID/fdinfo: position and flags of each. */
#include "fs/procfs/process.h"

#include "fs/kernelfs/text_file.h"
#include "fs/kernelfs/view_inode.h"
#include "fs/vfs/file_table.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/stat.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/string.h"

#define DOTS 2u
#define FD_ID 0x6664ull      /* "fd": tells inode numbers apart */
#define FDINFO_ID 0x666469ull

/* The open file, with a reference, or NULL. `close_on_exec` may be NULL. */
static struct file *find_file(const struct proc_node *node, bool *close_on_exec) {
    struct file_table *files = proc_files(node);
    if (!files)
        return NULL;
    struct file *file = file_table_file(files, node->descriptor);
    if (close_on_exec)
        *close_on_exec = file_table_closes_on_exec(files, node->descriptor);
    file_table_put(files);
    return file;
}

/* ---- the links ---- */

static int follow_descriptor(const struct proc_node *node, struct path *path) {
    struct file *file = find_file(node, NULL);
    if (!file)
        return -ENOENT;
    *path = file->path;
    path_get(path);
    file_put(file);
    return 0;
}

static const struct proc_entry descriptor_entry = {.name = "fd", .mode = S_IFLNK, .follow = follow_descriptor};

/* Which descriptor a number means changes all the time: ask again. */
static bool always_stale(const struct inode *inode) {
    (void)inode;
    return true;
}

/* The owner's bits of the link say how the file is open. */
static int link_attributes(struct inode *inode, struct stat_info *stat) {
    struct file *file = find_file(proc_node_of(inode), NULL);
    stat->mode = S_IFLNK;
    if (file) {
        stat->mode |= ((file->abilities & FILE_CAN_READ) ? S_IRUSR | S_IXUSR : 0) |
                      ((file->abilities & FILE_CAN_WRITE) ? S_IWUSR | S_IXUSR : 0);
        file_put(file);
    }
    stat->size = 64; /* as Linux has it: the length is not known */
    return proc_inode_get_attributes(inode, stat);
}

static const struct inode_ops link_ops = {
    .follow_link = proc_follow_link,
    .read_link = proc_read_link,
    .get_attributes = link_attributes,
    .is_stale = always_stale,
    .release = proc_inode_release,
};

/* ---- fdinfo ---- */

static int show_info(struct file *reader, struct view_buffer *buffer) {
    bool close_on_exec = false;
    struct file *file = find_file(proc_node_of(reader->inode), &close_on_exec);
    if (!file)
        return -ENOENT;
    uint32_t flags = file->flags | (close_on_exec ? (uint32_t)O_CLOEXEC : 0);
    view_printf(buffer, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
                (unsigned long long)((file->abilities & FILE_IS_STREAM) ? 0 : file->position), flags,
                file->path.mount->id, (unsigned long long)file->inode->number);
    if (file->ops && file->ops->show)
        file->ops->show(file, buffer);
    file_put(file);
    return 0;
}

static const struct text_source info_source = {.render = show_info};

static int info_open(struct inode *inode, struct file *file) {
    (void)inode;
    return text_file_open(file, &info_source);
}

static const struct inode_ops info_ops = {
    .get_attributes = proc_inode_get_attributes,
    .is_stale = always_stale,
    .release = proc_inode_release,
};
static const struct file_ops info_file_ops = {.open = info_open};

/* ---- the directories ---- */

/* A node for the descriptor `name`; false: there is no such open descriptor. */
static bool child_node(const struct inode *directory, const char *name, size_t length, struct proc_node *node) {
    *node = *proc_node_of(directory);
    node->entry = &descriptor_entry;
    node->descriptor = proc_parse_number(name, length);
    if (node->descriptor < 0)
        return false;
    struct file *file = find_file(node, NULL);
    if (file)
        file_put(file);
    return file != NULL;
}

static struct inode *fd_lookup(struct inode *directory, const char *name, size_t length) {
    struct proc_node node;
    int error = proc_may_look(proc_node_of(directory));
    if (error)
        return ERR_PTR(error);
    if (!child_node(directory, name, length, &node))
        return NULL;
    return proc_inode_create(directory->super, &node, S_IFLNK | 0777u, &link_ops, NULL,
                             FD_ID << 32 | (uint32_t)node.descriptor);
}

static struct inode *fdinfo_lookup(struct inode *directory, const char *name, size_t length) {
    struct proc_node node;
    int error = proc_may_look(proc_node_of(directory));
    if (error)
        return ERR_PTR(error);
    if (!child_node(directory, name, length, &node))
        return NULL;
    return proc_inode_create(directory->super, &node, S_IFREG | 0444u, &info_ops, &info_file_ops,
                             FDINFO_ID << 32 | (uint32_t)node.descriptor);
}

static int fd_read_directory(struct file *file, struct dir_context *context) {
    const struct proc_node *node = proc_node_of(file->inode);
    int error = proc_may_look(node);
    if (error)
        return error;
    struct file_table *files = proc_files(node);
    if (!files)
        return -ESRCH;
    if (directory_emit_dots(file, context)) {
        int fd = (int)(MAX(context->position, (uint64_t)DOTS) - DOTS);
        char name[16];
        while ((fd = file_table_next(files, fd)) >= 0) {
            int length = format_snprintf(name, sizeof name, "%d", fd);
            if (!context->emit(context, name, (size_t)length, file->inode->number + (uint64_t)fd + 1,
                               S_IFLNK >> 12, (uint64_t)fd + 1 + DOTS))
                break;
            fd++;
        }
    }
    file_table_put(files);
    return 0;
}

const struct inode_ops proc_fd_directory_ops = {
    .set_attributes = proc_inode_set_attributes,
    .lookup = fd_lookup,
    .get_attributes = proc_inode_get_attributes,
    .is_stale = proc_inode_is_stale,
    .release = proc_inode_release,
};
const struct inode_ops proc_fdinfo_directory_ops = {
    .set_attributes = proc_inode_set_attributes,
    .lookup = fdinfo_lookup,
    .get_attributes = proc_inode_get_attributes,
    .is_stale = proc_inode_is_stale,
    .release = proc_inode_release,
};
const struct file_ops proc_fd_directory_file_ops = {
    .seek = listing_seek,
    .read_directory = fd_read_directory,
};
