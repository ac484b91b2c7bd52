/*
 * /kernel, type "kernelfs": the views of VIEW_KERNEL and README, which lists them. There is one super
 * block; each mount shows it.
 */
#include "fs/kernelfs/kernelfs.h"

#include "fs/kernelfs/view_inode.h"
#include "fs/vfs/mount.h"
#include "lib/errno.h"
#include "lib/errptr.h"

#define KERNELFS_MAGIC 0x61737472u /* "astr" */

static struct super_block *kernelfs_super;

static const struct super_ops kernelfs_super_ops;

static struct super_block *kernelfs_mount(struct filesystem_type *type, const char *source,
                                          uint32_t flags, const char *options) {
    (void)type, (void)source, (void)flags, (void)options;
    super_get(kernelfs_super);
    return kernelfs_super;
}

static struct filesystem_type kernelfs_type = {.name = "kernelfs", .mount = kernelfs_mount};

static void show_readme(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer,
                "The kernel's live state. Every file here is made when it is read, and is text: a\n"
                "name and a value a line, or a table whose first line names the columns. Units are in\n"
                "the names. /proc shows the same for programs that expect Linux's.\n\n");
    view_show_help(VIEW_KERNEL, buffer);
}

static struct view readme_view = {
    .tree = VIEW_KERNEL, .path = "README", .help = "this text", .show = show_readme,
};

void kernelfs_init(void) {
    view_register(&readme_view);
    kernelfs_super = super_create(&kernelfs_type, &kernelfs_super_ops);
    ASSERT(kernelfs_super);
    kernelfs_super->magic = KERNELFS_MAGIC;
    kernelfs_super->flags |= MS_NOEXEC;
    kernelfs_super->volatile_names = true;
    struct inode *root = view_inode(kernelfs_super, VIEW_KERNEL, "");
    ASSERT(!IS_ERR_OR_NULL(root));
    kernelfs_super->root = dentry_make_root(root);
    ASSERT(kernelfs_super->root);
    filesystem_register(&kernelfs_type);
}
