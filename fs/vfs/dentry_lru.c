/*
 * Forgetting names: the list of all hashed dentries, oldest first, and the ways out of it. A dentry that
 * was used since the shrinker last looked gets a second chance.
 */
#include "fs/vfs/dentry_internal.h"

/* The cache may hold one dentry for so many pages of memory before adding names shrinks it. */
#define PAGES_PER_DENTRY 2u
#define SHRINK_BATCH 32u
#define LOOKS_PER_DENTRY 4u /* while looking for one to free */

DEFINE_LOCK_CLASS(lru_class, "dentry lru");

static struct spinlock lru_lock = SPINLOCK_INIT(lru_class); /* guards lru, total */
static struct list_node lru = LIST_INIT(lru);
static uint64_t total;
static uint64_t limit; /* of `total` */

void dentry_lru_init(uint64_t memory_pages) {
    limit = memory_pages / PAGES_PER_DENTRY;
}

void dentry_lru_add(struct dentry *dentry) {
    spin_lock(&lru_lock);
    list_add_tail(&dentry->lru, &lru);
    total++;
    spin_unlock(&lru_lock);
}

void dentry_lru_remove(struct dentry *dentry) {
    spin_lock(&lru_lock);
    list_remove(&dentry->lru);
    total--;
    spin_unlock(&lru_lock);
}

void dentry_make_room(void) {
    if (unlikely(atomic_load_relaxed(&total) > limit))
        dentry_shrink(SHRINK_BATCH);
}

/*
 * Takes the last two references - the cache's and the caller's - if there are no others. True: the
 * dentry is gone, and its parent's reference has been dropped.
 */
static bool dentry_evict(struct dentry *dentry) {
    struct dentry *parent = dentry_lock_parent(dentry);
    uint32_t expected = 2;
    bool evicted = dentry->hashed && !dentry->mount_count &&
                   atomic_compare_exchange(&dentry->refcount.value, &expected, 0u);
    if (evicted) {
        dentry_hash_remove(dentry);
        dentry_lru_remove(dentry);
    }
    spin_unlock(&parent->lock);
    if (evicted)
        dentry_put(dentry_destroy(dentry));
    return evicted;
}

/* The next candidate with a reference, moved to the young end; NULL: none left in `*budget` looks. */
static struct dentry *lru_next(size_t *budget) {
    struct dentry *found = NULL;
    spin_lock(&lru_lock);
    while (!found && *budget > 0 && !list_is_empty(&lru)) {
        struct dentry *dentry = list_first_entry(&lru, struct dentry, lru);
        (*budget)--;
        list_remove(&dentry->lru);
        list_add_tail(&dentry->lru, &lru);
        if (!dentry->referenced && refcount_read(&dentry->refcount) == 1 &&
            refcount_get_not_zero(&dentry->refcount))
            found = dentry;
        dentry->referenced = false;
    }
    spin_unlock(&lru_lock);
    return found;
}

size_t dentry_shrink(size_t count) {
    size_t freed = 0;
    size_t budget = LOOKS_PER_DENTRY * count; /* the rest are in use or young: leave them */
    while (freed < count) {
        struct dentry *dentry = lru_next(&budget);
        if (!dentry)
            break;
        if (dentry_evict(dentry))
            freed++;
        else
            dentry_put(dentry);
    }
    return freed;
}

void dentry_shrink_all(void) {
    /* Twice around without success: the first look at a young one only makes it old. */
    for (uint64_t looks = 0; looks <= 2 * atomic_load_relaxed(&total);)
        looks = dentry_shrink(SHRINK_BATCH) > 0 ? 0 : looks + LOOKS_PER_DENTRY * SHRINK_BATCH;
}

/* The first child, with a reference, or NULL. */
static struct dentry *first_child(struct dentry *dentry) {
    struct dentry *child = NULL;
    spin_lock(&dentry->lock);
    if (!list_is_empty(&dentry->children)) {
        child = list_first_entry(&dentry->children, struct dentry, sibling);
        dentry_get(child);
    }
    spin_unlock(&dentry->lock);
    return child;
}

/* Depth first, by going down to the first child and coming back up: no recursion. */
void dentry_forget_children(struct dentry *top) {
    struct dentry *at = top;
    dentry_get(at);
    for (;;) {
        struct dentry *child = first_child(at);
        if (child) {
            dentry_put(at);
            at = child;
            continue;
        }
        if (at == top)
            break;
        struct dentry *parent = at->parent;
        dentry_get(parent);
        dentry_unhash(at);
        dentry_put(at);
        at = parent;
    }
    dentry_put(top);
}

void dentry_stats_read(struct dentry_stats *stats) {
    *stats = (struct dentry_stats){0};
    spin_lock(&lru_lock);
    stats->total = total;
    struct dentry *dentry;
    list_for_each_entry(dentry, &lru, lru) {
        stats->unused += refcount_read(&dentry->refcount) == 1;
    }
    spin_unlock(&lru_lock);
}
