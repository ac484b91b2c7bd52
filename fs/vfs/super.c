/* The registry of filesystem types, and super blocks: their numbers, references, sync and end. */
#include "fs/vfs/super.h"

#include "fs/vfs/notify.h"
#include "fs/vfs/stat.h"
#include "kernel/mm/layout.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/string.h"

DEFINE_LOCK_CLASS(list_class, "super blocks");
DEFINE_LOCK_CLASS(types_class, "filesystem types");

static struct mutex list_mutex;
static struct list_node supers = LIST_INIT(supers); /* list_mutex */
static uint64_t next_device = 1;                    /* atomic; minor of major 0, as Linux's anonymous ones */

static struct spinlock types_lock = SPINLOCK_INIT(types_class);
static struct list_node types = LIST_INIT(types); /* types_lock; only grows */

void super_init(void) {
    mutex_init(&list_mutex, list_class);
}

void filesystem_register(struct filesystem_type *type) {
    ASSERT(!filesystem_find(type->name));
    spin_lock(&types_lock);
    list_add_tail(&type->node, &types);
    spin_unlock(&types_lock);
}

void filesystem_each(bool (*visit)(const struct filesystem_type *type, void *context), void *context) {
    struct filesystem_type *type;
    list_for_each_entry_rcu(type, &types, node) {
        if (!visit(type, context))
            return;
    }
}

struct filesystem_type *filesystem_find(const char *name) {
    struct filesystem_type *type;
    list_for_each_entry_rcu(type, &types, node) {
        if (strcmp(type->name, name) == 0)
            return type;
    }
    return NULL;
}

struct super_block *super_create(struct filesystem_type *type, const struct super_ops *ops) {
    struct super_block *super = kzalloc(sizeof *super);
    if (!super)
        return NULL;
    refcount_init(&super->refcount, 1);
    super->type = type;
    super->ops = ops;
    super->device = atomic_fetch_add(&next_device, 1ull);
    super->block_size = PAGE_SIZE;
    super->next_inode_number = 1;
    mutex_lock(&list_mutex);
    list_add_tail(&super->node, &supers);
    mutex_unlock(&list_mutex);
    return super;
}

void super_get(struct super_block *super) {
    refcount_get(&super->refcount);
}

static void super_free(struct rcu_head *head) {
    kfree(container_of(head, struct super_block, rcu));
}

void super_put(struct super_block *super) {
    if (!refcount_put(&super->refcount))
        return;
    mutex_lock(&list_mutex);
    list_remove(&super->node);
    mutex_unlock(&list_mutex);
    notify_super_gone(super);
    if (super->root) {
        dentry_forget_children(super->root);
        if (super->ops->destroy_tree)
            super->ops->destroy_tree(super->root->inode);
        dentry_put(super->root);
    }
    if (super->ops->release)
        super->ops->release(super);
    rcu_defer(&super->rcu, super_free);
}

int super_sync(struct super_block *super) {
    return super->ops->sync ? super->ops->sync(super) : 0;
}

int super_sync_all(void) {
    int first_error = 0;
    struct super_block *super;
    mutex_lock(&list_mutex);
    list_for_each_entry(super, &supers, node) {
        int error = super_sync(super);
        if (!first_error)
            first_error = error;
    }
    mutex_unlock(&list_mutex);
    return first_error;
}

int super_statfs(struct super_block *super, struct statfs_info *info) {
    *info = (struct statfs_info){.type = super->magic,
                                 .block_size = super->block_size,
                                 .name_length = NAME_MAX};
    return super->ops->statfs ? super->ops->statfs(super, info) : 0;
}
