/*
 * The dentry cache.
 *
 * Invariants
 *  1. A hashed dentry has one reference from the cache itself; a dentry whose count is 1 and that
 *     is hashed is unused, and only the shrinker may take the count to 0.
 *  2. Every dentry holds a reference on its parent (roots are their own parent, without one), so a
 *     dentry with children is never unused.
 *  3. At most one hashed dentry exists for a (parent, name): insertion looks again under parent->lock.
 *  4. Name, parent and inode change only inside the dentry's sequence count.
 *
 * Lock order: rename_lock, dentry.lock (two parents by address), bucket, lru_lock.
 */
#include "fs/vfs/dentry.h"

#include "fs/vfs/mount.h"
#include "fs/vfs/name_words.h"
#include "fs/vfs/path.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/hash.h"
#include "lib/string.h"

struct bucket {
    struct hlist_head head;
    struct spinlock lock; /* guards `head` for writers */
};

/* A name too long for the dentry itself. */
struct long_name {
    struct rcu_head rcu;
    char text[];
};

#define BUCKET_SHIFT_MIN 8u
#define BUCKET_SHIFT_MAX 18u
#define PAGES_PER_BUCKET 8u
/* The cache may hold one dentry for so many pages of RAM before creation starts to shrink it. */
#define PAGES_PER_DENTRY 2u
#define SHRINK_BATCH 32u

DEFINE_LOCK_CLASS(dentry_class, "dentry");
DEFINE_LOCK_CLASS(bucket_class, "dentry bucket");
DEFINE_LOCK_CLASS(lru_class, "dentry lru");
DEFINE_LOCK_CLASS(rename_class, "rename");

static struct slab_cache *dentry_cache;
static struct bucket *buckets;
static unsigned bucket_unused_bits; /* 64 less the logarithm of the number of buckets */
static uint64_t dentry_limit;

static struct spinlock lru_lock = SPINLOCK_INIT(lru_class); /* guards lru, dentry_count */
static struct list_node lru = LIST_INIT(lru);              /* hashed dentries, oldest first */
static uint64_t dentry_count;

struct seqlock rename_lock = SEQLOCK_INIT(rename_class);

void dentry_cache_init(void) {
    struct page_stats stats;
    page_stats_read(&stats);
    unsigned bucket_shift = log2_floor(stats.managed_pages / PAGES_PER_BUCKET + 1);
    bucket_shift = MIN(MAX(bucket_shift, BUCKET_SHIFT_MIN), BUCKET_SHIFT_MAX);
    bucket_unused_bits = 64 - bucket_shift;
    dentry_limit = stats.managed_pages / PAGES_PER_DENTRY;
    dentry_cache = slab_cache_create("dentry", sizeof(struct dentry), 0, NULL);

    uint64_t bytes = sizeof(struct bucket) << bucket_shift;
    struct page *pages = page_alloc(log2_ceil(DIV_ROUND_UP(bytes, PAGE_SIZE)), PAGE_ALLOC_ZERO);
    ASSERT(pages);
    buckets = page_to_virt(pages);
    for (size_t i = 0; i < 1ull << bucket_shift; i++)
        spin_init(&buckets[i].lock, bucket_class);
}

static inline struct bucket *bucket_of(const struct dentry *parent, uint32_t hash) {
    return &buckets[((uintptr_t)parent * HASH_MULTIPLIER ^ (uint64_t)hash << 32) >> bucket_unused_bits];
}

/* ---- making and freeing ---- */

/* Zeroed, so that names are padded. */
static struct long_name *long_name_alloc(size_t length) {
    return kzalloc(sizeof(struct long_name) + ALIGN_UP(length + 1, WORD_BYTES));
}

static void long_name_free(struct rcu_head *head) {
    kfree(container_of(head, struct long_name, rcu));
}

static void name_release(struct dentry *dentry, const char *name) {
    if (name != dentry->inline_name)
        rcu_defer(&container_of(name, struct long_name, text[0])->rcu, long_name_free);
}

/* Where a name of `length` bytes will be kept; NULL: no memory. */
static char *name_room(struct dentry *dentry, size_t length) {
    if (length < DENTRY_INLINE_NAME)
        return dentry->inline_name;
    struct long_name *room = long_name_alloc(length);
    return room ? room->text : NULL;
}

static void name_fill(struct dentry *dentry, char *room, const char *name, size_t length) {
    memcpy(room, name, length);
    room[length] = '\0';
    dentry->name = room;
    dentry->name_length = (uint32_t)length;
    struct name_key key;
    name_key_init(&key, name, (uint32_t)length);
    dentry->hash = key.hash;
}

static struct dentry *dentry_alloc(struct super_block *super, const char *name, size_t length) {
    struct dentry *dentry = slab_alloc_zero(dentry_cache);
    if (!dentry)
        return NULL;
    char *room = name_room(dentry, length);
    if (!room) {
        slab_free(dentry_cache, dentry);
        return NULL;
    }
    name_fill(dentry, room, name, length);
    refcount_init(&dentry->refcount, 1);
    seqcount_init(&dentry->sequence);
    spin_init(&dentry->lock, dentry_class);
    list_init(&dentry->children);
    list_init(&dentry->sibling);
    list_init(&dentry->lru);
    dentry->super = super;
    dentry->parent = dentry;
    if (super->volatile_names)
        dentry->flags = DENTRY_VOLATILE;
    return dentry;
}

static void dentry_free(struct rcu_head *head) {
    struct dentry *dentry = container_of(head, struct dentry, rcu);
    if (dentry->name != dentry->inline_name)
        kfree(container_of(dentry->name, struct long_name, text[0]));
    slab_free(dentry_cache, dentry);
}

/* Its count is 0 and nothing leads to it any more. Returns the parent, whose reference passes on. */
static struct dentry *dentry_destroy(struct dentry *dentry) {
    ASSERT(list_is_empty(&dentry->children));
    struct dentry *parent = dentry->parent == dentry ? NULL : dentry->parent;
    if (dentry->inode)
        inode_put(dentry->inode);
    rcu_defer(&dentry->rcu, dentry_free);
    return parent;
}

void dentry_put(struct dentry *dentry) {
    while (dentry && refcount_put(&dentry->refcount)) {
        ASSERT(!dentry->hashed);
        dentry = dentry_destroy(dentry);
    }
}

struct dentry *dentry_make_root(struct inode *inode) {
    struct dentry *root = dentry_alloc(inode->super, "/", 1);
    if (root)
        root->inode = inode;
    return root;
}

struct dentry *dentry_make_anonymous(struct inode *inode, const char *name) {
    struct dentry *dentry = dentry_alloc(inode->super, name, strlen(name));
    if (!dentry)
        return NULL;
    dentry->flags |= DENTRY_ANONYMOUS;
    dentry->inode = inode;
    return dentry;
}

struct dentry *dentry_make_detached(struct dentry *parent, const char *name, struct inode *inode) {
    struct dentry *dentry = dentry_alloc(inode->super, name, strlen(name));
    if (!dentry)
        return NULL;
    dentry_get(parent);
    dentry->parent = parent;
    dentry->inode = inode;
    return dentry;
}

/* ---- the hash table ---- */

struct dentry *dentry_find_rcu(const struct dentry *parent, const struct name_key *key, uint32_t *sequence) {
    struct dentry *dentry;
    hlist_for_each_entry_rcu(dentry, &bucket_of(parent, key->hash)->head, hash_node) {
        if (dentry->hash != key->hash)
            continue;
        *sequence = seqcount_read_snapshot(&dentry->sequence);
        if (dentry->parent != parent || dentry->name_length != key->length ||
            !name_equal(rcu_dereference(dentry->name), key))
            continue;
        if (!dentry->referenced)
            dentry->referenced = true;
        return dentry;
    }
    return NULL;
}

/* The cached child with a reference, or NULL. */
static struct dentry *dentry_find(struct dentry *parent, const char *name, size_t length) {
    struct name_key key;
    uint32_t sequence;
    name_key_init(&key, name, (uint32_t)length);
    rcu_read_lock();
    struct dentry *dentry = dentry_find_rcu(parent, &key, &sequence);
    if (dentry && !refcount_get_not_zero(&dentry->refcount))
        dentry = NULL;
    rcu_read_unlock();
    if (dentry && seqcount_read_retry(&dentry->sequence, sequence)) {
        dentry_put(dentry);
        return NULL;
    }
    return dentry;
}

/* parent->lock held. The table's own reference is the caller's. */
static void hash_insert(struct dentry *dentry) {
    struct bucket *bucket = bucket_of(dentry->parent, dentry->hash);
    spin_lock(&bucket->lock);
    hlist_add_rcu(&dentry->hash_node, &bucket->head);
    spin_unlock(&bucket->lock);
    list_add_tail(&dentry->sibling, &dentry->parent->children);
    dentry->hashed = true;
}

/* parent->lock held. */
static void hash_remove(struct dentry *dentry) {
    struct bucket *bucket = bucket_of(dentry->parent, dentry->hash);
    spin_lock(&bucket->lock);
    hlist_remove_rcu(&dentry->hash_node);
    spin_unlock(&bucket->lock);
    list_remove(&dentry->sibling);
    dentry->hashed = false;
}

static void lru_add(struct dentry *dentry) {
    spin_lock(&lru_lock);
    list_add_tail(&dentry->lru, &lru);
    dentry_count++;
    spin_unlock(&lru_lock);
}

static void lru_remove(struct dentry *dentry) {
    spin_lock(&lru_lock);
    list_remove(&dentry->lru);
    dentry_count--;
    spin_unlock(&lru_lock);
}

/* Locks the parent as it is now: renames change it. */
static struct dentry *lock_parent(struct dentry *dentry) {
    for (;;) {
        struct dentry *parent = atomic_load(&dentry->parent);
        spin_lock(&parent->lock);
        if (likely(parent == atomic_load_relaxed(&dentry->parent)))
            return parent;
        spin_unlock(&parent->lock);
    }
}

void dentry_unhash(struct dentry *dentry) {
    rcu_read_lock();
    struct dentry *parent = lock_parent(dentry);
    bool was_hashed = dentry->hashed;
    if (was_hashed) {
        hash_remove(dentry);
        lru_remove(dentry);
    }
    spin_unlock(&parent->lock);
    rcu_read_unlock();
    if (was_hashed)
        dentry_put(dentry);
}

/*
 * Publishes a new child, whose reference is the caller's; the table gets one of its own. If another
 * has come first, that one is returned and `dentry` freed.
 */
static struct dentry *insert_or_find(struct dentry *parent, struct dentry *dentry) {
    spin_lock(&parent->lock);
    struct dentry *other = dentry_find(parent, dentry->name, dentry->name_length);
    if (!other) {
        dentry_get(dentry);
        hash_insert(dentry);
        lru_add(dentry);
    }
    spin_unlock(&parent->lock);
    if (!other)
        return dentry;
    dentry_put(dentry);
    return other;
}

/* ---- lookup ---- */

/* A cached dentry that still means what it says; forgets one that does not. */
static struct dentry *find_fresh(struct dentry *parent, const char *name, size_t length) {
    struct dentry *dentry = dentry_find(parent, name, length);
    if (!dentry || !(dentry->flags & DENTRY_VOLATILE) || !dentry->inode ||
        !dentry->inode->ops->is_stale || !dentry->inode->ops->is_stale(dentry->inode))
        return dentry;
    dentry_unhash(dentry);
    dentry_put(dentry);
    return NULL;
}

struct dentry *dentry_lookup_locked(struct dentry *parent, const char *name, size_t length) {
    struct inode *directory = parent->inode;
    if (length > NAME_MAX)
        return ERR_PTR(-ENAMETOOLONG);
    if (directory->link_count == 0)
        return ERR_PTR(-ENOENT);
    struct dentry *dentry = find_fresh(parent, name, length);
    if (dentry)
        return dentry;

    dentry = dentry_alloc(parent->super, name, length);
    if (!dentry)
        return ERR_PTR(-ENOMEM);
    struct inode *inode = directory->ops->lookup(directory, dentry->name, length);
    if (IS_ERR(inode)) {
        dentry_put(dentry);
        return ERR_PTR(PTR_ERR(inode));
    }
    dentry->inode = inode;
    dentry_get(parent);
    dentry->parent = parent;
    if (!inode && (dentry->flags & DENTRY_VOLATILE))
        return dentry;
    return insert_or_find(parent, dentry);
}

void dentry_make_room(void) {
    if (unlikely(atomic_load_relaxed(&dentry_count) > dentry_limit))
        dentry_shrink(SHRINK_BATCH);
}

struct dentry *dentry_lookup(struct dentry *parent, const char *name, size_t length) {
    struct dentry *dentry = find_fresh(parent, name, length);
    if (dentry)
        return dentry;
    dentry_make_room();
    rwsem_read_lock(&parent->inode->lock);
    dentry = dentry_lookup_locked(parent, name, length);
    rwsem_read_unlock(&parent->inode->lock);
    return dentry;
}

void dentry_instantiate(struct dentry *dentry, struct inode *inode) {
    ASSERT(!dentry->inode);
    spin_lock(&dentry->lock);
    seqcount_write_begin(&dentry->sequence);
    atomic_store(&dentry->inode, inode);
    seqcount_write_end(&dentry->sequence);
    spin_unlock(&dentry->lock);
}

/* ---- moving ---- */

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
    struct long_name *room = long_name_alloc(length);
    if (!room)
        return -ENOMEM;

    seqlock_write_lock(&rename_lock);
    lock_two(old_parent, parent);
    seqcount_write_begin(&dentry->sequence);
    if (dentry->hashed)
        hash_remove(dentry);
    else {
        dentry_get(dentry);
        lru_add(dentry);
    }
    name_fill(dentry, room->text, name, length);
    dentry_get(parent);
    atomic_store(&dentry->parent, parent);
    hash_insert(dentry);
    seqcount_write_end(&dentry->sequence);
    unlock_two(old_parent, parent);
    seqlock_write_unlock(&rename_lock);

    name_release(dentry, old_name);
    dentry_put(old_parent);
    return 0;
}

/* A name that dentry_exchange may give away: the text itself for an outside one, else a copy. */
static char *name_detach(struct dentry *dentry) {
    struct long_name *copy = long_name_alloc(dentry->name_length);
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
    hash_remove(a);
    hash_remove(b);
    atomic_store(&a->parent, parent_b);
    atomic_store(&b->parent, parent_a);
    uint32_t hash_a = a->hash;
    a->name = name_b, a->name_length = length_b, a->hash = b->hash;
    b->name = name_a, b->name_length = length_a, b->hash = hash_a;
    hash_insert(a);
    hash_insert(b);
    seqcount_write_end(&b->sequence);
    seqcount_write_end(&a->sequence);
    unlock_two(parent_a, parent_b);
    seqlock_write_unlock(&rename_lock);

    name_release(a, old_a);
    name_release(b, old_b);
    return 0;
}

/* ---- forgetting ---- */

/*
 * Takes the last two references - the cache's and the caller's - if there are no others. True: the
 * dentry is gone, and its parent's reference has been dropped.
 */
static bool dentry_evict(struct dentry *dentry) {
    struct dentry *parent = lock_parent(dentry);
    uint32_t expected = 2;
    bool evicted = dentry->hashed && !dentry->mount_count &&
                   atomic_compare_exchange(&dentry->refcount.value, &expected, 0u);
    if (evicted) {
        hash_remove(dentry);
        lru_remove(dentry);
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
    size_t budget = 4 * count; /* the rest are in use or young: leave them */
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
    stats->total = dentry_count;
    struct dentry *dentry;
    list_for_each_entry(dentry, &lru, lru) {
        stats->unused += refcount_read(&dentry->refcount) == 1;
    }
    spin_unlock(&lru_lock);
}
