/*
 * The page tree of memory objects: finding, filling and dropping pages. See object.h.
 *
 *   absent --add_page--> LOCKED, being filled --> UPTODATE <--> UPTODATE|DIRTY
 *                              '--error--> dropped              (mark_dirty, sync)
 *
 * Locks: object->lock is taken inside every other lock but the page allocator's.
 */
#include "kernel/vm/object.h"

#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "kernel/vm/counts.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

DEFINE_LOCK_CLASS(object_lock_class, "object pages");
DEFINE_LOCK_CLASS(object_map_class, "object mappings");
DEFINE_LOCK_CLASS(reclaim_class, "reclaim list");

static struct slab_cache *node_cache, *anonymous_cache;

static struct spinlock reclaim_lock = SPINLOCK_INIT(reclaim_class); /* guards reclaim_list */
static struct list_node reclaim_list = LIST_INIT(reclaim_list);

/* Sleepers on PAGE_LOCKED: few, so pages share queues. */
#define PAGE_QUEUES 32u
static struct wait_queue page_queues[PAGE_QUEUES];

static void *node_alloc(void) {
    return slab_alloc(node_cache);
}

static void node_free(void *node) {
    slab_free(node_cache, node);
}

static const struct radix_ops node_ops = {.alloc_node = node_alloc, .free_node = node_free};

void object_cache_init(void) {
    node_cache = slab_cache_create("radix_node", sizeof(struct radix_node), 0, NULL);
    anonymous_cache = slab_cache_create("vm_object", sizeof(struct vm_object), 0, NULL);
    for (unsigned i = 0; i < PAGE_QUEUES; i++)
        wait_queue_init(&page_queues[i]);
}

void object_init(struct vm_object *object, const struct object_ops *ops, void *owner) {
    ASSERT(ops);
    memset(object, 0, sizeof *object);
    refcount_init(&object->refcount, 1);
    object->ops = ops;
    object->owner = owner;
    spin_init(&object->lock, object_lock_class);
    radix_init(&object->pages, &node_ops);
    rwsem_init(&object->map_lock, object_map_class);
    list_init(&object->reclaim_node);
    vm_count(objects, 1);
    if (!ops->fill)
        return;
    spin_lock(&reclaim_lock);
    list_add_tail(&object->reclaim_node, &reclaim_list);
    spin_unlock(&reclaim_lock);
}

uint64_t object_identity(struct vm_object *object) {
    static uint64_t last;
    uint64_t identity = atomic_load(&object->identity);

    if (identity != 0)
        return identity;
    uint64_t fresh = atomic_fetch_add(&last, 1) + 1;
    return atomic_compare_exchange(&object->identity, &identity, fresh) ? fresh : identity;
}

static void anonymous_release(struct vm_object *object) {
    slab_free(anonymous_cache, object);
}

static const struct object_ops anonymous_ops = {.release = anonymous_release};

struct vm_object *object_create_anonymous(uint64_t size_bytes, uint64_t promised_pages) {
    struct vm_object *object = slab_alloc(anonymous_cache);

    if (!object)
        return NULL;
    object_init(object, &anonymous_ops, NULL);
    object->size_bytes = size_bytes;
    object->promised_pages = promised_pages;
    vm_count(promised_pages, (int64_t)promised_pages);
    return object;
}

bool object_allow_writable(struct vm_object *object) {
    int32_t count = atomic_load_relaxed(&object->writable_mappings);

    while (count >= 0)
        if (atomic_compare_exchange(&object->writable_mappings, &count, count + 1))
            return true;
    return false;
}

void object_end_writable(struct vm_object *object) {
    int32_t before = atomic_fetch_sub(&object->writable_mappings, 1);
    ASSERT(before > 0);
}

int object_deny_writable(struct vm_object *object) {
    int32_t none = 0;
    return atomic_compare_exchange(&object->writable_mappings, &none, -1) ? 0 : -EBUSY;
}

void object_get(struct vm_object *object) {
    refcount_get(&object->refcount);
}

static void object_release(struct rcu_head *rcu) {
    struct vm_object *object = container_of(rcu, struct vm_object, rcu);
    object->ops->release(object);
}

void object_put(struct vm_object *object) {
    if (!refcount_put(&object->refcount))
        return;
    ASSERT(!object->mappings.top);
    vm_count(promised_pages, -(int64_t)object->promised_pages);
    if (object->ops->fill) {
        spin_lock(&reclaim_lock);
        list_remove(&object->reclaim_node);
        spin_unlock(&reclaim_lock);
    }
    object_drop_pages(object, 0);
    vm_count(objects, -1);
    rcu_defer(&object->rcu, object_release);
}

static struct wait_queue *page_queue(const struct page *page) {
    return &page_queues[(page - page_array) % PAGE_QUEUES];
}

static bool page_trylock(struct page *page) {
    return !(atomic_fetch_or(&page->flags, PAGE_LOCKED) & PAGE_LOCKED);
}

void page_lock(struct page *page) {
    if (!page_trylock(page))
        WAIT_EVENT(page_queue(page), page_trylock(page));
}

void page_unlock(struct page *page) {
    atomic_fetch_and(&page->flags, ~PAGE_LOCKED);
    wait_wake_all(page_queue(page));
}

static bool is_ready(struct page *page) {
    return (atomic_load(&page->flags) & PAGE_UPTODATE) != 0;
}

/* The page in the tree, whatever its state, with a reference; or NULL. */
static struct page *lookup(struct vm_object *object, uint64_t index) {
    spin_lock(&object->lock);
    struct page *page = radix_lookup(&object->pages, index);
    if (page)
        page_get(page);
    spin_unlock(&object->lock);
    return page;
}

struct page *object_page_cached(struct vm_object *object, uint64_t index) {
    struct page *page = lookup(object, index);

    if (page && !is_ready(page)) {
        page_put(page);
        page = NULL;
    }
    return page;
}

uint32_t object_pages_cached(struct vm_object *object, uint64_t first, uint32_t wanted, struct page **pages) {
    uint32_t found = 0;

    spin_lock(&object->lock);
    for (; wanted; wanted &= wanted - 1) {
        unsigned i = (unsigned)__builtin_ctz(wanted);
        struct page *page = radix_lookup(&object->pages, first + i);
        if (!page || !is_ready(page))
            continue;
        page_get(page);
        pages[i] = page;
        found |= 1u << i;
    }
    spin_unlock(&object->lock);
    return found;
}

/* Pages of the boot archive are not the allocator's: they are not counted as used either. */
static void count_page(const struct vm_object *object, const struct page *page, int64_t step) {
    if (page->flags & PAGE_RESERVED)
        return;
    if (object->ops->fill)
        vm_count(file_pages, step);
    else
        vm_count(shared_pages, step);
}

static bool beyond_end(const struct vm_object *object, uint64_t index) {
    return index >= DIV_ROUND_UP(atomic_load(&object->size_bytes), PAGE_SIZE);
}

/* Into the tree, unless it lies beyond the end (looked at under the lock that truncation takes). */
static int insert(struct vm_object *object, uint64_t index, struct page *page, bool extend) {
    page->u.cache.object = object;
    page->u.cache.index = index;
    page->u.cache.private = 0;
    spin_lock(&object->lock);
    int error = !extend && beyond_end(object, index) ? -EIO : radix_insert(&object->pages, index, page);
    if (!error) {
        object->page_count++;
        count_page(object, page, 1);
    }
    spin_unlock(&object->lock);
    return error;
}

int object_insert_page(struct vm_object *object, uint64_t index, struct page *page) {
    atomic_fetch_or(&page->flags, PAGE_OBJECT | PAGE_UPTODATE);
    return insert(object, index, page, true);
}

/* Under object->lock: the tree's reference goes to the caller. */
static void remove_locked(struct vm_object *object, struct page *page) {
    struct page *removed = radix_remove(&object->pages, page->u.cache.index);

    ASSERT(removed == page);
    page->u.cache.object = NULL;
    object->page_count--;
    count_page(object, page, -1);
    if (page->flags & PAGE_DIRTY && atomic_fetch_and(&page->flags, ~PAGE_DIRTY) & PAGE_DIRTY)
        vm_count(dirty_pages, -1);
}

static void remove_page(struct vm_object *object, struct page *page) {
    spin_lock(&object->lock);
    bool ours = page->u.cache.object == object;
    if (ours)
        remove_locked(object, page);
    spin_unlock(&object->lock);
    if (ours)
        page_put(page);
}

/* Reads a locked page in. On error it leaves the tree, so that the next access tries again. */
static int fill(struct vm_object *object, struct page *page) {
    int error = object->ops->fill(object, page);

    if (error)
        remove_page(object, page);
    else
        atomic_fetch_or(&page->flags, PAGE_UPTODATE);
    page_unlock(page);
    return error;
}

/* A new page at `index`: with a reference for the caller, or ERR_PTR; -EEXIST: another was faster. */
static struct page *add_page(struct vm_object *object, uint64_t index, bool extend) {
    bool filled = object->ops->fill != NULL;
    struct page *page = page_alloc(0, PAGE_ALLOC_USER | (filled ? 0u : PAGE_ALLOC_ZERO));

    if (!page)
        return ERR_PTR(-ENOMEM);
    atomic_fetch_or(&page->flags, PAGE_OBJECT | (filled ? PAGE_LOCKED : PAGE_UPTODATE));
    page_get(page);
    int error = insert(object, index, page, extend);
    if (error)
        page_put(page); /* the tree's */
    else if (filled)
        error = fill(object, page);
    if (!error)
        return page;
    page_put(page);
    return ERR_PTR(error);
}

struct page *object_page_for(struct vm_object *object, uint64_t index, bool extend) {
    for (;;) {
        if (!extend && beyond_end(object, index))
            return ERR_PTR(-EIO);
        struct page *page = lookup(object, index);
        if (!page) {
            page = add_page(object, index, extend);
            if (IS_ERR(page) && PTR_ERR(page) == -EEXIST)
                continue;
            return page;
        }
        if (is_ready(page))
            return page;
        page_lock(page); /* wait for whoever fills it */
        page_unlock(page);
        page_put(page);
    }
}

struct page *object_page(struct vm_object *object, uint64_t index) {
    return object_page_for(object, index, false);
}

void object_mark_dirty(struct vm_object *object, struct page *page) {
    if (!object->ops->write || atomic_load(&page->flags) & PAGE_DIRTY)
        return;
    spin_lock(&object->lock);
    if (page->u.cache.object == object) {
        if (!(atomic_fetch_or(&page->flags, PAGE_DIRTY) & PAGE_DIRTY))
            vm_count(dirty_pages, 1);
        radix_tag_set(&object->pages, page->u.cache.index, RADIX_DIRTY);
    }
    spin_unlock(&object->lock);
}

/* A page that is being filled or written is waited for: its owner works on it without the lock. */
void object_drop_range(struct vm_object *object, uint64_t first, uint64_t last) {
    for (;;) {
        uint64_t index = first;
        spin_lock(&object->lock);
        struct page *page = radix_next(&object->pages, &index);
        if (index > last)
            page = NULL;
        bool busy = page && atomic_load(&page->flags) & PAGE_LOCKED;
        if (busy)
            page_get(page);
        else if (page)
            remove_locked(object, page);
        spin_unlock(&object->lock);
        if (!page)
            return;
        if (busy) {
            page_lock(page);
            page_unlock(page);
        }
        page_put(page);
    }
}

void object_drop_pages(struct vm_object *object, uint64_t first) {
    object_drop_range(object, first, UINT64_MAX);
}

uint64_t object_next_data(struct vm_object *object, uint64_t index) {
    spin_lock(&object->lock);
    bool found = radix_next(&object->pages, &index) != NULL;
    spin_unlock(&object->lock);
    return found ? index : UINT64_MAX;
}

uint64_t object_next_hole(struct vm_object *object, uint64_t index) {
    spin_lock(&object->lock);
    while (radix_lookup(&object->pages, index) != NULL)
        index++;
    spin_unlock(&object->lock);
    return index;
}

/* Drops clean pages that only the tree holds. */
static uint64_t reclaim_from(struct vm_object *object, uint64_t count) {
    const uint32_t busy = PAGE_LOCKED | PAGE_DIRTY | PAGE_WRITEBACK | PAGE_RESERVED;
    uint64_t freed = 0, index = 0;
    struct page *page;

    spin_lock(&object->lock);
    while (freed < count && (page = radix_next(&object->pages, &index)) != NULL) {
        index++;
        if (atomic_load(&page->flags) & busy || atomic_load(&page->refcount) != 1)
            continue;
        remove_locked(object, page);
        page_put(page);
        freed++;
    }
    spin_unlock(&object->lock);
    return freed;
}

/* The next object of the list, moved to its end, with a reference; NULL: none. */
static struct vm_object *next_reclaimable(void) {
    struct vm_object *object = NULL;

    spin_lock(&reclaim_lock);
    if (!list_is_empty(&reclaim_list)) {
        object = list_first_entry(&reclaim_list, struct vm_object, reclaim_node);
        list_remove(&object->reclaim_node);
        list_add_tail(&object->reclaim_node, &reclaim_list);
        if (!refcount_get_not_zero(&object->refcount))
            object = NULL;
    }
    spin_unlock(&reclaim_lock);
    return object;
}

uint64_t object_reclaim(uint64_t count) {
    struct vm_object *object, *first = NULL;
    uint64_t freed = 0;

    while (freed < count && (object = next_reclaimable()) != NULL && object != first) {
        if (!first)
            first = object; /* only compared: once round the list is enough */
        freed += reclaim_from(object, count - freed);
        object_put(object);
    }
    return freed;
}
