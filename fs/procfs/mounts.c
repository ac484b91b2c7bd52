/* /proc/PID/mounts and mountinfo, as seen from the reader's root. */
#include "fs/procfs/process.h"

#include "fs/vfs/mount.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define TEXT_MAX 160u

struct listing {
    struct view_buffer *buffer;
    char *path_space; /* PATH_MAX bytes */
};

/* Blanks and backslashes in octal, as mount tools expect them. */
static void write_escaped(struct view_buffer *buffer, const char *text) {
    for (; *text; text++) {
        if (strchr(" \t\n\\", *text))
            view_printf(buffer, "\\%03o", (unsigned)(unsigned char)*text);
        else
            view_write(buffer, text, 1);
    }
}

/* Where the mount is seen, or NULL if it lies outside the reader's root. */
static const char *mount_place(const struct mount *mount, char *path_space) {
    struct path place = {mount->parent, mount->mountpoint};
    if (mount->parent == mount)
        place.dentry = mount->root;
    const char *name = path_name(&place, path_space, PATH_MAX);
    return IS_ERR(name) || name[0] != '/' ? NULL : name;
}

static void show_super_options(const struct super_block *super, struct view_buffer *buffer) {
    char text[TEXT_MAX] = "";
    if (super->ops->show_options)
        super->ops->show_options((struct super_block *)(uintptr_t)super, text, sizeof text);
    view_printf(buffer, "%s", text);
}

static void show_mount(struct mount *mount, void *context) {
    struct listing *listing = context;
    char flags[TEXT_MAX];
    const char *place = mount_place(mount, listing->path_space);
    if (!place)
        return;
    mount_format_flags(mount, flags, sizeof flags);
    write_escaped(listing->buffer, mount->source);
    view_printf(listing->buffer, " ");
    write_escaped(listing->buffer, place);
    view_printf(listing->buffer, " %s %s", mount->super->type->name, flags);
    show_super_options(mount->super, listing->buffer);
    view_printf(listing->buffer, " 0 0\n");
}

static void show_mountinfo(struct mount *mount, void *context) {
    struct listing *listing = context;
    char flags[TEXT_MAX];
    char root_name[NAME_MAX + 2] = "/";
    const char *place = mount_place(mount, listing->path_space);
    if (!place)
        return;
    if (mount->root != mount->super->root) {
        size_t length = MIN((size_t)mount->root->name_length, (size_t)NAME_MAX);
        memcpy(root_name + 1, mount->root->name, length);
        root_name[length + 1] = '\0';
    }
    mount_format_flags(mount, flags, sizeof flags);
    view_printf(listing->buffer, "%u %u %u:%u ", mount->id, mount->parent->id,
                (unsigned)(mount->super->device >> 8), (unsigned)(mount->super->device & 0xff));
    write_escaped(listing->buffer, root_name);
    view_printf(listing->buffer, " ");
    write_escaped(listing->buffer, place);
    view_printf(listing->buffer, " %s - %s ", flags, mount->super->type->name);
    write_escaped(listing->buffer, mount->source);
    view_printf(listing->buffer, " %s", mount->super->flags & MS_RDONLY ? "ro" : "rw");
    show_super_options(mount->super, listing->buffer);
    view_printf(listing->buffer, "\n");
}

static int list(struct view_buffer *buffer, void (*show)(struct mount *mount, void *context)) {
    struct listing listing = {buffer, kmalloc(PATH_MAX)};
    if (!listing.path_space)
        return -ENOMEM;
    mount_each(show, &listing);
    kfree(listing.path_space);
    return 0;
}

int proc_show_mounts(const struct proc_node *node, struct view_buffer *buffer) {
    (void)node;
    return list(buffer, show_mount);
}

int proc_show_mountinfo(const struct proc_node *node, struct view_buffer *buffer) {
    (void)node;
    return list(buffer, show_mountinfo);
}
