/*
 * Dentries change their places: rename and exchange. Walkers see it by the sequence counts; whoever needs
 * whole paths to stand still takes rename_lock.
 */
#include "fs/vfs/dentry_internal.h"

#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/string.h"

bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor) {
    while (dentry != ancestor && dentry->parent != dentry)
        dentry = dentry->parent;
    return dentry == ancestor;
}

/* In the order of their addresses. */
static void lock_two(struct dentry *a, struct dentry *b) {
    spin_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        spin_lock_nested(a < b ? &b->lock : &a->lock);
}

static void unlock_two(struct dentry *a, struct dentry *b) {
    spin_unlock(&a->lock);
    if (a != b)
        spin_unlock(&b->lock);
}

int dentry_move(struct dentry *dentry, struct dentry *parent, const char *name, size_t length) {
    struct dentry *old_parent = dentry->parent;
    const char *old_name = dentry->name;
    /* The inline name may be being read: a dentry that has one gets its new one from outside. */
    struct long_name *room = dentry_name_alloc(length);
    if (!room)
        return -ENOMEM;

    seqlock_write_lock(&rename_lock);
    lock_two(old_parent, parent);
    seqcount_write_begin(&dentry->sequence);
    if (dentry->hashed)
        dentry_hash_remove(dentry);
    else {
        dentry_get(dentry);
        dentry_lru_add(dentry);
    }
    dentry_name_fill(dentry, room->text, name, length);
    dentry_get(parent);
    atomic_store(&dentry->parent, parent);
    dentry_hash_insert(dentry);
    seqcount_write_end(&dentry->sequence);
    unlock_two(old_parent, parent);
    seqlock_write_unlock(&rename_lock);

    dentry_name_release(dentry, old_name);
    dentry_put(old_parent);
    return 0;
}

/* A name that dentry_exchange may give away: the text itself for an outside one, else a copy. */
static char *name_detach(struct dentry *dentry) {
    struct long_name *copy = dentry_name_alloc(dentry->name_length);
    if (!copy)
        return NULL;
    memcpy(copy->text, dentry->name, dentry->name_length + 1);
    return copy->text;
}

int dentry_exchange(struct dentry *a, struct dentry *b) {
    const char *old_a = a->name, *old_b = b->name;
    struct dentry *parent_a = a->parent, *parent_b = b->parent;
    char *name_a = name_detach(a), *name_b = name_detach(b);
    if (!name_a || !name_b) {
        kfree(name_a ? container_of(name_a, struct long_name, text[0]) : NULL);
        kfree(name_b ? container_of(name_b, struct long_name, text[0]) : NULL);
        return -ENOMEM;
    }
    uint32_t length_a = a->name_length, length_b = b->name_length;

    seqlock_write_lock(&rename_lock);
    lock_two(parent_a, parent_b);
    seqcount_write_begin(&a->sequence);
    seqcount_write_begin(&b->sequence);
    dentry_hash_remove(a);
    dentry_hash_remove(b);
    atomic_store(&a->parent, parent_b);
    atomic_store(&b->parent, parent_a);
    uint32_t hash_a = a->hash;
    a->name = name_b, a->name_length = length_b, a->hash = b->hash;
    b->name = name_a, b->name_length = length_a, b->hash = hash_a;
    dentry_hash_insert(a);
    dentry_hash_insert(b);
    seqcount_write_end(&b->sequence);
    seqcount_write_end(&a->sequence);
    unlock_two(parent_a, parent_b);
    seqlock_write_unlock(&rename_lock);

    dentry_name_release(a, old_a);
    dentry_name_release(b, old_b);
    return 0;
}
