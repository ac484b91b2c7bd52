/* Inodes of views (view_inode.h). inode->private is a struct view_node. */
#include "fs/kernelfs/view_inode.h"

#include "fs/kernelfs/text_file.h"
#include "fs/vfs/attributes.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/stat.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/hash.h"
#include "lib/string.h"

#define VIEW_PATH_MAX 192u
#define DOTS 2u
#define SETTINGS "sys"

struct view_node {
    enum view_tree tree;
    char path[]; /* of the view or directory */
};

uint64_t name_inode_number(const char *text, uint64_t seed) {
    return (hash_bytes(text, strlen(text), seed) >> 16) | 1;
}

/* ---- files ---- */

static const struct view_node *node_of(const struct file *file) {
    return file->inode->private;
}

static int render(struct file *file, struct view_buffer *buffer) {
    return view_show(node_of(file)->tree, node_of(file)->path, buffer);
}

static int store(struct file *file, const char *text, size_t length) {
    if (length > 0 && text[length - 1] == '\n')
        length--;
    return view_store(node_of(file)->tree, node_of(file)->path, text, length);
}

/* In /proc/sys: it keeps its mode and owner, and not even root opens for writing what is not writable. */
static bool is_setting(const struct view_node *node) {
    size_t length = strlen(SETTINGS);
    bool begins_so = node->tree == VIEW_PROC && strncmp(node->path, SETTINGS, length) == 0;
    return begins_so && (node->path[length] == '\0' || node->path[length] == '/');
}

static int store_setting(struct file *file, const char *text, size_t length) {
    return length ? store(file, text, length) : 0;
}

static const struct text_source view_source = {render, store, TEXT_POLLED};
static const struct text_source setting_source = {render, store_setting, TEXT_HAS_SIZE | TEXT_MOVES | TEXT_POLLED};

static int view_open(struct inode *inode, struct file *file) {
    const struct view_node *node = inode->private;
    bool setting = is_setting(node), guarded = setting || node->tree == VIEW_KERNEL;
    if (guarded && (file->abilities & FILE_CAN_WRITE) && !(inode->mode & S_IWUSR))
        return -EACCES;
    return text_file_open(file, setting ? &setting_source : &view_source);
}

static int view_set_attributes(struct inode *inode, const struct attributes *attributes) {
    bool refused = is_setting(inode->private) && (attributes->valid & (ATTR_MODE | ATTR_UID | ATTR_GID));
    return refused ? -EPERM : inode_set_generic(inode, attributes);
}

static const struct file_ops view_file_ops = {.open = view_open};

/* ---- directories ---- */

bool directory_emit_dots(struct file *file, struct dir_context *context) {
    const struct inode *inode = file->inode, *parent = file->path.dentry->parent->inode;
    if (context->position == 0 &&
        !context->emit(context, ".", 1, inode->number, S_IFDIR >> 12, 1))
        return false;
    return context->position > 1 ||
           context->emit(context, "..", 2, parent->number, S_IFDIR >> 12, DOTS);
}

void view_emit_children(struct dir_context *context, enum view_tree tree, const char *path, uint64_t base) {
    struct view_child child;
    uint64_t index = MAX(context->position, base) - base;
    while (view_list(tree, path, &index, &child)) {
        unsigned type = (child.is_directory ? S_IFDIR : S_IFREG) >> 12;
        if (!context->emit(context, child.name, strlen(child.name),
                           name_inode_number(child.name, name_inode_number(path, tree)), type, base + index))
            return;
    }
}

static int view_read_directory(struct file *file, struct dir_context *context) {
    if (directory_emit_dots(file, context))
        view_emit_children(context, node_of(file)->tree, node_of(file)->path, DOTS);
    return 0;
}

static struct inode *view_lookup(struct inode *directory, const char *name, size_t length) {
    const struct view_node *node = directory->private;
    return view_child_inode(directory->super, node->tree, node->path, name, length);
}

static void view_release_inode(struct inode *inode) {
    kfree(inode->private);
}

/* What a view shows is as new as the reading of it. */
int view_get_attributes(struct inode *inode, struct stat_info *stat) {
    (void)inode;
    stat->access_time = stat->modify_time = stat->change_time = timestamp_now();
    return 0;
}

static const struct inode_ops view_inode_ops = {
    .lookup = view_lookup, .release = view_release_inode, .get_attributes = view_get_attributes,
    .set_attributes = view_set_attributes};
static const struct file_ops view_directory_ops = {.seek = listing_seek,
                                                   .read_directory = view_read_directory};

/* ---- making ---- */

static uint32_t file_mode(enum view_kind kind) {
    if (kind == VIEW_WRITE_ONLY_FILE)
        return S_IFREG | 0200u;
    return S_IFREG | (kind == VIEW_WRITABLE_FILE ? 0644u : 0444u);
}

struct inode *view_inode(struct super_block *super, enum view_tree tree, const char *path) {
    enum view_kind kind = path[0] == '\0' ? VIEW_DIRECTORY : view_kind(tree, path);
    if (kind == VIEW_NONE)
        return NULL;
    struct view_node *node = kmalloc(sizeof *node + strlen(path) + 1);
    struct inode *inode = node ? inode_alloc(super) : NULL;
    if (!inode) {
        kfree(node);
        return ERR_PTR(-ENOMEM);
    }
    node->tree = tree;
    memcpy(node->path, path, strlen(path) + 1);
    inode->private = node;
    inode->ops = &view_inode_ops;
    inode->number = name_inode_number(path, (uint64_t)tree);
    inode->mode = file_mode(kind);
    inode->file_ops = &view_file_ops;
    if (kind == VIEW_DIRECTORY) {
        inode->mode = S_IFDIR | 0555u;
        inode->link_count = 1; /* subdirectories are not counted: programs must not conclude anything from it */
        inode->file_ops = &view_directory_ops;
        inode_set_directory_lock(inode);
    }
    return inode;
}

struct inode *view_child_inode(struct super_block *super, enum view_tree tree, const char *path,
                               const char *name, size_t length) {
    char child[VIEW_PATH_MAX];
    int total = format_snprintf(child, sizeof child, "%s%s%.*s", path, path[0] ? "/" : "", (int)length, name);
    return (size_t)total < sizeof child ? view_inode(super, tree, child) : NULL;
}
