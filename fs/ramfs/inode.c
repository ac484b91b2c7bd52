/* Inodes and directories of ramfs. The VFS holds the directory's lock around every operation. */
#include "fs/ramfs/ramfs_internal.h"

#include "fs/vfs/attributes.h"
#include "fs/vfs/entry.h"
#include "fs/vfs/file.h"
#include "fs/vfs/path.h"
#include "fs/vfs/seal.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

/* What one name adds to a directory's st_size, as tmpfs has it. */
#define ENTRY_SIZE 20u

/* ---- inodes ---- */

static void file_object_release(struct vm_object *object) {
    kfree(container_of(object, struct ramfs_file, object));
}

/* The fault's mapping holds the file, so the inode is there. */
static void file_object_written(struct vm_object *object) {
    inode_touch(object->owner);
}

static const struct object_ops file_object_ops = {.written = file_object_written, .release = file_object_release};

static bool init_regular(struct inode *inode) {
    struct ramfs_file *file = kzalloc(sizeof *file);
    if (!file)
        return false;
    object_init(&file->object, &file_object_ops, inode);
    inode->object = &file->object;
    inode->ops = &ramfs_inode_ops;
    inode->file_ops = &ramfs_file_ops;
    return true;
}

static bool init_directory(struct inode *inode) {
    struct name_index *index = kmalloc(sizeof *index);
    if (!index)
        return false;
    name_index_init(index);
    inode->private = index;
    inode->link_count = 2; /* its name and its "." */
    inode->ops = &ramfs_directory_ops;
    inode->file_ops = &ramfs_directory_file_ops;
    inode_set_directory_lock(inode);
    return true;
}

struct inode *ramfs_new_inode(struct super_block *super, uint32_t mode, uint64_t device) {
    struct inode *inode = inode_alloc(super);
    if (!inode)
        return ERR_PTR(-ENOMEM);
    inode->mode = mode;
    inode->device = device;
    inode->ops = &ramfs_inode_ops;
    bool ok = true;
    if (S_IS(mode, S_IFREG))
        ok = init_regular(inode);
    else if (S_IS(mode, S_IFDIR))
        ok = init_directory(inode);
    else if (!S_IS(mode, S_IFLNK))
        inode->file_ops = &special_file_ops;
    atomic_fetch_add(&ramfs_super_of(inode)->inodes, 1ull);
    if (ok && S_IS(mode, S_IFREG) && super->magic == TMPFS_MAGIC) {
        inode->flags |= INODE_SEALABLE;
        inode->seals = SEAL_SEAL; /* only a memfd that was asked for it takes others */
    }
    if (ok)
        return inode;
    inode_put(inode);
    return ERR_PTR(-ENOMEM);
}

static void ramfs_release_inode(struct inode *inode) {
    atomic_fetch_sub(&ramfs_super_of(inode)->inodes, 1ull);
    if (inode->object) {
        ramfs_charge(inode, 0);
        object_put(inode->object);
    }
    if (S_IS(inode->mode, S_IFDIR) && inode->private) {
        ASSERT(name_index_is_empty(ramfs_index_of(inode)));
        kfree(inode->private);
    }
}

/* ---- names ---- */

static struct inode *ramfs_lookup(struct inode *directory, const char *name, size_t length) {
    struct index_entry *entry = name_index_find(ramfs_index_of(directory), name, length);
    if (!entry)
        return NULL;
    inode_get(entry->inode);
    return entry->inode;
}

int ramfs_add_entry(struct inode *directory, const char *name, size_t length, struct inode *inode) {
    int error = name_index_add(ramfs_index_of(directory), name, length, inode);
    if (error)
        return error;
    if (S_IS(inode->mode, S_IFDIR))
        directory->link_count++; /* the child's ".." */
    directory->size += ENTRY_SIZE;
    inode_touch(directory);
    return 0;
}

/* Takes `name` out of `directory` and drops the reference it held. */
static void remove_entry(struct inode *directory, const char *name, size_t length) {
    struct name_index *index = ramfs_index_of(directory);
    struct index_entry *entry = name_index_find(index, name, length);
    ASSERT(entry);
    struct inode *inode = name_index_remove(index, entry);
    if (S_IS(inode->mode, S_IFDIR))
        directory->link_count--;
    directory->size -= ENTRY_SIZE;
    inode_touch(directory);
    inode_put(inode);
}

/* A new inode's way into its directory; frees it on failure. */
static struct inode *enter(struct inode *directory, const char *name, size_t length, struct inode *inode) {
    int error = ramfs_add_entry(directory, name, length, inode);
    if (!error)
        return inode;
    inode_put(inode);
    return ERR_PTR(error);
}

static struct inode *ramfs_create(struct inode *directory, const char *name, size_t length,
                                  uint32_t mode, uint64_t device) {
    struct inode *inode = ramfs_new_inode(directory->super, mode, device);
    if (IS_ERR(inode))
        return inode;
    inode_set_owner(inode, directory, mode);
    return enter(directory, name, length, inode);
}

static struct inode *ramfs_create_unnamed(struct inode *directory, uint32_t mode) {
    struct inode *inode = ramfs_new_inode(directory->super, mode, 0);
    if (IS_ERR(inode))
        return inode;
    inode_set_owner(inode, directory, mode);
    inode->link_count = 0;
    return inode;
}

static struct inode *ramfs_symlink(struct inode *directory, const char *name, size_t length,
                                   const char *target) {
    struct inode *inode = ramfs_new_inode(directory->super, S_IFLNK | 0777, 0);
    if (IS_ERR(inode))
        return inode;
    inode_set_owner(inode, directory, S_IFLNK | 0777);
    inode->link_text = kstrdup(target);
    inode->size = strlen(target);
    if (!inode->link_text) {
        inode_put(inode);
        return ERR_PTR(-ENOMEM);
    }
    return enter(directory, name, length, inode);
}

static int ramfs_link(struct inode *directory, const char *name, size_t length, struct inode *inode) {
    int error = ramfs_add_entry(directory, name, length, inode);
    if (error)
        return error;
    inode->link_count++;
    inode_touch_change(inode);
    return 0;
}

static int ramfs_unlink(struct inode *directory, const char *name, size_t length, struct inode *inode) {
    inode->link_count--;
    inode_touch_change(inode);
    remove_entry(directory, name, length);
    return 0;
}

static int ramfs_remove_directory(struct inode *directory, const char *name, size_t length,
                                  struct inode *inode) {
    if (!name_index_is_empty(ramfs_index_of(inode)))
        return -ENOTEMPTY;
    inode->link_count = 0;
    inode_touch_change(inode);
    remove_entry(directory, name, length);
    return 0;
}

/* Makes `name` mean another inode; the entry and its cookie stay. */
static void retarget(struct inode *directory, struct index_entry *entry, struct inode *inode) {
    int old_directory = S_IS(entry->inode->mode, S_IFDIR), new_directory = S_IS(inode->mode, S_IFDIR);
    directory->link_count += (uint32_t)(new_directory - old_directory);
    inode_touch(directory);
    entry->inode = inode;
}

static int exchange(struct inode *old_directory, struct index_entry *a, struct inode *new_directory,
                    struct index_entry *b) {
    struct inode *inode_a = a->inode, *inode_b = b->inode;
    retarget(old_directory, a, inode_b);
    retarget(new_directory, b, inode_a);
    inode_touch_change(inode_a);
    inode_touch_change(inode_b);
    return 0;
}

/* What a rename onto an existing name takes away. */
static void drop_replaced(struct inode *replaced) {
    if (S_IS(replaced->mode, S_IFDIR))
        replaced->link_count = 0;
    else
        replaced->link_count--;
    inode_touch_change(replaced);
    inode_put(replaced);
}

static int ramfs_rename(struct inode *old_directory, const char *old_name, size_t old_length,
                        struct inode *new_directory, const char *new_name, size_t new_length,
                        struct inode *inode, struct inode *replaced, unsigned flags) {
    struct index_entry *source = name_index_find(ramfs_index_of(old_directory), old_name, old_length);
    struct index_entry *target = name_index_find(ramfs_index_of(new_directory), new_name, new_length);
    ASSERT(source && source->inode == inode);
    ASSERT((target ? target->inode : NULL) == replaced);
    if (flags & RENAME_WHITEOUT)
        return -EINVAL;
    if (flags & RENAME_EXCHANGE)
        return exchange(old_directory, source, new_directory, target);
    if (replaced && S_IS(replaced->mode, S_IFDIR) && !name_index_is_empty(ramfs_index_of(replaced)))
        return -ENOTEMPTY;
    if (replaced) {
        inode_get(inode);
        retarget(new_directory, target, inode);
        drop_replaced(replaced);
    } else {
        int error = ramfs_add_entry(new_directory, new_name, new_length, inode);
        if (error)
            return error;
    }
    remove_entry(old_directory, old_name, old_length);
    inode_touch_change(inode);
    return 0;
}

/* ---- reading directories ---- */

static int ramfs_read_directory(struct file *file, struct dir_context *context) {
    struct inode *directory = file->inode;
    struct inode *parent = file->path.dentry->parent->inode;
    if (context->position == 0 &&
        !context->emit(context, ".", 1, directory->number, S_IFDIR >> 12, 1))
        return 0;
    if (context->position <= 1 && !context->emit(context, "..", 2, parent->number, S_IFDIR >> 12,
                                                 INDEX_FIRST_COOKIE))
        return 0;
    struct index_entry *entry = name_index_from(ramfs_index_of(directory), context->position);
    while (entry && context->emit(context, entry->name, entry->length, entry->inode->number,
                                  (entry->inode->mode & S_IFMT) >> 12, entry->cookie + 1))
        entry = name_index_next(entry);
    return 0;
}

static int ramfs_sync_directory(struct file *file, uint64_t start, uint64_t end) {
    (void)file, (void)start, (void)end;
    return 0; /* memory is the only store */
}

/* Truncation changes how many pages count. */
static int ramfs_set_attributes(struct inode *inode, const struct attributes *attributes) {
    int error = inode_set_generic(inode, attributes);
    if (!error && (attributes->valid & ATTR_SIZE))
        ramfs_charge(inode, inode->object->page_count);
    return error;
}

const struct inode_ops ramfs_directory_ops = {
    .lookup = ramfs_lookup,
    .create = ramfs_create,
    .create_unnamed = ramfs_create_unnamed,
    .symlink = ramfs_symlink,
    .link = ramfs_link,
    .unlink = ramfs_unlink,
    .remove_directory = ramfs_remove_directory,
    .rename = ramfs_rename,
    .release = ramfs_release_inode,
};
const struct inode_ops ramfs_inode_ops = {
    .set_attributes = ramfs_set_attributes,
    .release = ramfs_release_inode,
};
const struct file_ops ramfs_directory_file_ops = {
    .seek = directory_seek,
    .read_directory = ramfs_read_directory,
    .sync = ramfs_sync_directory,
};
