/*
 * /dev is one ramfs tree, whatever number of mounts show it, in which the kernel makes and removes
 * nodes as drivers come and go; programs may add names of their own. A node is only a name for a
 * number: the operations are found by number at open (fs/vfs/special.c).
 */
#include "fs/devfs/devfs.h"

#include "fs/ramfs/tree.h"
#include "fs/vfs/special.h"
#include "fs/vfs/super.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define DIRECTORY_MODE 0755u
#define SHM_MODE 01777u

static struct super_block *devfs_super;

/* A directory's dentry and what is left of a name below it. */
struct place {
    struct dentry *directory; /* referenced */
    const char *name;
    size_t length;
};

/* What the cache knows of `name` is out of date. The directory's lock is held. */
static void forget_name(struct dentry *directory, const char *name, size_t length) {
    struct dentry *dentry = dentry_lookup_locked(directory, name, length);
    if (IS_ERR(dentry))
        return;
    dentry_unhash(dentry);
    dentry_put(dentry);
}

/* Enters `inode` (whose reference is taken over) in the directory. 0, -EEXIST, -ENOMEM. */
static int add_name(const struct place *place, struct inode *inode) {
    struct inode *directory = place->directory->inode;
    int error = -EEXIST;
    rwsem_write_lock(&directory->lock);
    if (!name_index_find(ramfs_index_of(directory), place->name, place->length)) {
        forget_name(place->directory, place->name, place->length);
        error = ramfs_add_entry(directory, place->name, place->length, inode);
    }
    rwsem_write_unlock(&directory->lock);
    inode_put(inode);
    return error;
}

static int make_directory(const struct place *place, uint32_t mode) {
    struct inode *inode = ramfs_new_inode(devfs_super, S_IFDIR | mode, 0);
    return IS_ERR(inode) ? PTR_ERR(inode) : add_name(place, inode);
}

/* Goes down to the directory of "pts/ptmx", making what is missing. 0 or -errno. */
static int find_place(const char *path, struct place *place) {
    *place = (struct place){devfs_super->root, path, strlen(path)};
    dentry_get(place->directory);
    for (const char *slash; (slash = strchr(place->name, '/')) != NULL;) {
        place->length = (size_t)(slash - place->name);
        int error = make_directory(place, DIRECTORY_MODE);
        struct dentry *next = ERR_PTR(error);
        if (error == 0 || error == -EEXIST)
            next = dentry_lookup(place->directory, place->name, place->length);
        if (!IS_ERR(next) && (!next->inode || !S_IS(next->inode->mode, S_IFDIR))) {
            dentry_put(next);
            next = ERR_PTR(-ENOTDIR);
        }
        dentry_put(place->directory);
        if (IS_ERR(next))
            return PTR_ERR(next);
        *place = (struct place){next, slash + 1, strlen(slash + 1)};
    }
    return 0;
}

/* Gives `path` to a new inode, whose reference is taken over. */
static int add_path(const char *path, struct inode *inode) {
    struct place place;
    if (IS_ERR(inode))
        return PTR_ERR(inode);
    int error = find_place(path, &place);
    if (error) {
        inode_put(inode);
        return error;
    }
    error = add_name(&place, inode);
    dentry_put(place.directory);
    return error;
}

int devfs_register(struct devfs_node *node) {
    struct device_operations *operations = &node->operations;
    operations->type = node->mode & S_IFMT;
    operations->device = DEVICE_NUMBER(node->major, node->minor);
    operations->ops = node->ops;
    operations->name = node->name;
    operations->private = node->data;
    int error = device_operations_register(operations);
    if (error)
        return error;
    struct inode *inode = ramfs_new_inode(devfs_super, node->mode, operations->device);
    if (!IS_ERR(inode)) {
        inode->uid = node->uid;
        inode->gid = node->gid;
    }
    error = add_path(node->name, inode);
    if (error)
        device_operations_unregister(operations);
    return error;
}

/* Takes the name away if it still is the node's; a program may have put another there. */
static void remove_name(const struct place *place, uint64_t device) {
    struct inode *directory = place->directory->inode;
    rwsem_write_lock(&directory->lock);
    struct index_entry *entry =
        name_index_find(ramfs_index_of(directory), place->name, place->length);
    if (entry && entry->inode->device == device)
        directory->ops->unlink(directory, place->name, place->length, entry->inode);
    forget_name(place->directory, place->name, place->length);
    rwsem_write_unlock(&directory->lock);
}

void devfs_unregister(struct devfs_node *node) {
    struct place place;
    device_operations_unregister(&node->operations);
    if (find_place(node->name, &place) != 0)
        return;
    remove_name(&place, node->operations.device);
    dentry_put(place.directory);
}

int devfs_symlink(const char *name, const char *target) {
    struct inode *inode = ramfs_new_inode(devfs_super, S_IFLNK | 0777u, 0);
    if (IS_ERR(inode))
        return PTR_ERR(inode);
    inode->link_text = kstrdup(target);
    inode->size = strlen(target);
    if (inode->link_text)
        return add_path(name, inode);
    inode_put(inode);
    return -ENOMEM;
}

/* ---- the filesystem type ---- */

static struct super_block *devfs_mount(struct filesystem_type *type, const char *source,
                                       uint32_t flags, const char *options) {
    (void)type, (void)source, (void)flags, (void)options;
    super_get(devfs_super);
    return devfs_super;
}

static struct filesystem_type devfs_type = {.name = "devfs", .mount = devfs_mount};
static struct filesystem_type devtmpfs_type = {.name = "devtmpfs", .mount = devfs_mount}; /* Linux's name */

void devfs_init(void) {
    static const char *const links[][2] = {
        {"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"},
        {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
    };
    struct place shm, pts;
    devfs_super = ramfs_make_super(&devfs_type);
    ASSERT(!IS_ERR(devfs_super));
    filesystem_register(&devfs_type);
    filesystem_register(&devtmpfs_type);
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        int error = devfs_symlink(links[i][0], links[i][1]);
        ASSERT(!error);
    }
    shm = (struct place){devfs_super->root, "shm", 3};
    pts = (struct place){devfs_super->root, "pts", 3};
    int error = make_directory(&shm, SHM_MODE);
    ASSERT(!error);
    error = make_directory(&pts, DIRECTORY_MODE);
    ASSERT(!error || error == -EEXIST);
}
