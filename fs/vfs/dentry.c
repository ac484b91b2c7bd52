/*
 * The dentry cache: making, finding and publishing dentries. dentry_move.c renames them, dentry_lru.c
 * forgets them.
 *
 * Invariants
 *  1. A hashed dentry has one reference from the cache itself; a dentry whose count is 1 and that
 *     is hashed is unused, and only the shrinker may take the count to 0.
 *  2. Every dentry holds a reference on its parent (roots are their own parent, without one), so a
 *     dentry with children is never unused.
 *  3. At most one hashed dentry exists for a (parent, name): insertion looks again under parent->lock, which keeps
 *     the parent's children, and the bucket's, which keeps the chain. Without the latter a renamed dentry can lead
 *     the search away into another chain.
 *  4. Name, parent and inode change only inside the dentry's sequence count.
 *
 * Lock order: rename_lock, dentry.lock (two parents by address), bucket, the LRU list.
 */
#include "fs/vfs/dentry.h"

#include "fs/vfs/dentry_internal.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/name_words.h"
#include "fs/vfs/notify.h"
#include "fs/vfs/path.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/hash.h"
#include "lib/string.h"

struct bucket {
    struct hlist_head head;
    struct spinlock lock; /* guards `head` for writers */
};

#define BUCKET_SHIFT_MIN 8u
#define BUCKET_SHIFT_MAX 18u
#define PAGES_PER_BUCKET 8u

DEFINE_LOCK_CLASS(dentry_class, "dentry");
DEFINE_LOCK_CLASS(bucket_class, "dentry bucket");
DEFINE_LOCK_CLASS(rename_class, "rename");

static struct slab_cache *dentry_cache;
static struct bucket *buckets;
static unsigned bucket_unused_bits; /* 64 less the logarithm of the number of buckets */

struct seqlock rename_lock = SEQLOCK_INIT(rename_class);

void dentry_cache_init(void) {
    struct page_stats stats;
    page_stats_read(&stats);
    unsigned bucket_shift = log2_floor(stats.managed_pages / PAGES_PER_BUCKET + 1);
    bucket_shift = MIN(MAX(bucket_shift, BUCKET_SHIFT_MIN), BUCKET_SHIFT_MAX);
    bucket_unused_bits = 64 - bucket_shift;
    dentry_lru_init(stats.managed_pages);
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

size_t dentry_chain(const struct dentry *parent, uint32_t hash) {
    return (size_t)(bucket_of(parent, hash) - buckets);
}

/* ---- making and freeing ---- */

/* Zeroed, so that names are padded. */
struct long_name *dentry_name_alloc(size_t length) {
    return kzalloc(sizeof(struct long_name) + ALIGN_UP(length + 1, WORD_BYTES));
}

static void long_name_free(struct rcu_head *head) {
    kfree(container_of(head, struct long_name, rcu));
}

void dentry_name_release(struct dentry *dentry, const char *name) {
    if (name != dentry->inline_name)
        rcu_defer(&container_of(name, struct long_name, text[0])->rcu, long_name_free);
}

/* Where a name of `length` bytes will be kept; NULL: no memory. */
static char *name_room(struct dentry *dentry, size_t length) {
    if (length < DENTRY_INLINE_NAME)
        return dentry->inline_name;
    struct long_name *room = dentry_name_alloc(length);
    return room ? room->text : NULL;
}

void dentry_name_fill(struct dentry *dentry, char *room, const char *name, size_t length) {
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
    dentry_name_fill(dentry, room, name, length);
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
struct dentry *dentry_destroy(struct dentry *dentry) {
    ASSERT(list_is_empty(&dentry->children));
    struct dentry *parent = dentry->parent == dentry ? NULL : dentry->parent;
    if (dentry->inode) {
        if (notify_is_on() && dentry->inode->link_count == 0)
            notify_inode_gone(dentry->inode);
        inode_put(dentry->inode);
    }
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

/* The cached child without a reference, or NULL if there is none. parent->lock held. */
static struct dentry *find_locked(struct dentry *parent, const struct name_key *key) {
    struct bucket *bucket = bucket_of(parent, key->hash);
    uint32_t sequence;
    spin_lock(&bucket->lock);
    struct dentry *dentry = dentry_find_rcu(parent, key, &sequence);
    spin_unlock(&bucket->lock);
    return dentry;
}

void dentry_forget(struct dentry *parent, const char *name, size_t length) {
    struct name_key key;
    name_key_init(&key, name, (uint32_t)length);
    spin_lock(&parent->lock);
    struct dentry *dentry = find_locked(parent, &key);
    if (dentry)
        dentry_get(dentry);
    spin_unlock(&parent->lock);
    if (!dentry)
        return;
    dentry_forget_children(dentry);
    dentry_unhash(dentry);
    dentry_put(dentry);
}

/* parent->lock held. The table's own reference is the caller's. */
void dentry_hash_insert(struct dentry *dentry) {
    struct bucket *bucket = bucket_of(dentry->parent, dentry->hash);
    spin_lock(&bucket->lock);
    hlist_add_rcu(&dentry->hash_node, &bucket->head);
    spin_unlock(&bucket->lock);
    list_add_tail(&dentry->sibling, &dentry->parent->children);
    dentry->hashed = true;
}

/* parent->lock held. */
void dentry_hash_remove(struct dentry *dentry) {
    struct bucket *bucket = bucket_of(dentry->parent, dentry->hash);
    spin_lock(&bucket->lock);
    hlist_remove_rcu(&dentry->hash_node);
    spin_unlock(&bucket->lock);
    list_remove(&dentry->sibling);
    dentry->hashed = false;
}

/* Locks the parent as it is now: renames change it. */
struct dentry *dentry_lock_parent(struct dentry *dentry) {
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
    struct dentry *parent = dentry_lock_parent(dentry);
    bool was_hashed = dentry->hashed;
    if (was_hashed) {
        dentry_hash_remove(dentry);
        dentry_lru_remove(dentry);
    }
    spin_unlock(&parent->lock);
    rcu_read_unlock();
    if (was_hashed)
        dentry_put(dentry);
}

struct dentry *dentry_insert_or_find(struct dentry *parent, struct dentry *dentry) {
    struct name_key key;
    name_key_init(&key, dentry->name, dentry->name_length);
    spin_lock(&parent->lock);
    struct dentry *other = find_locked(parent, &key);
    if (other) {
        dentry_get(other);
    } else {
        dentry_get(dentry);
        dentry_hash_insert(dentry);
        dentry_lru_add(dentry);
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
    return dentry_insert_or_find(parent, dentry);
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
