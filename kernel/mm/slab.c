/*
 * Slab allocator (Bonwick 1994, 2001). A slab is a block of pages holding equal objects; its free
 * objects form a chain through themselves (behind the object where a constructor has prepared it).
 * In front of the slabs every CPU has a magazine of free objects per cache.
 *
 * Locks: cache->lock guards `partial`, the slabs' struct page members and the counters; magazines
 * are their CPU's own, with interrupts off. caches_lock guards the list of caches.
 * Order: caches_lock, cache->lock, then the page allocator's.
 */
#include "kernel/mm/slab.h"

#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/log/panic.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab_internal.h"
#include "kernel/sync/spinlock.h"
#include "lib/string.h"

#define CACHES_MAX 96u
#define MAGAZINE_SIZE 32u
#define MAGAZINE_BYTES 16384u /* objects kept by one CPU are at most this large together */
#define SLAB_ORDER_MAX 3u
#define SLAB_OBJECTS_MIN 8u
#define ALIGN_MIN 8u
#define CACHE_LINE 64u

struct magazine {
    uint32_t count;
    void *objects[MAGAZINE_SIZE];
};

DEFINE_LOCK_CLASS(cache_class, "slab cache");
DEFINE_LOCK_CLASS(caches_class, "slab caches");

static struct list_node caches = LIST_INIT(caches);
static struct spinlock caches_lock = SPINLOCK_INIT(caches_class);
static uint16_t cache_count;
static struct slab_cache cache_of_caches, cache_of_magazines; /* these two work without magazines */

static DEFINE_PER_CPU(struct magazine *, magazines[CACHES_MAX]);

static void **link_of(const struct slab_cache *cache, void *object) {
    return (void **)(void *)((char *)object + cache->link_offset);
}

/* ---- slabs; cache->lock held ---- */

static struct page *slab_head(const struct slab_cache *cache, const void *object) {
    return virt_to_page((const void *)ALIGN_DOWN((uintptr_t)object, PAGE_SIZE << cache->order));
}

static struct page *slab_create(struct slab_cache *cache) {
    struct page *slab = page_alloc(cache->order, 0);
    if (!slab)
        return NULL;
    for (unsigned i = 0; i < 1u << cache->order; i++) {
        slab[i].flags = PAGE_SLAB;
        slab[i].u.slab.cache = cache;
    }
    char *base = page_to_virt(slab);
    void *next = NULL;
    for (unsigned i = cache->per_slab; i-- > 0;) {
        void *object = base + (size_t)i * cache->stride;
        if (cache->constructor)
            cache->constructor(object);
        *link_of(cache, object) = next;
        next = object;
    }
    if (CONFIG_KASAN)
        slab_mark_new(cache, base);
    slab->u.slab.free_list = next;
    slab->u.slab.in_use = 0;
    list_add(&slab->u.slab.node, &cache->partial);
    cache->slabs++;
    return slab;
}

static void slab_destroy(struct slab_cache *cache, struct page *slab) {
    list_remove(&slab->u.slab.node);
    cache->slabs--;
    for (unsigned i = 0; i < 1u << cache->order; i++)
        slab[i].flags = 0;
    page_free(slab, cache->order);
}

static void *object_take(struct slab_cache *cache) {
    struct page *slab = list_is_empty(&cache->partial)
                            ? slab_create(cache)
                            : list_first_entry(&cache->partial, struct page, u.slab.node);
    if (!slab)
        return NULL;
    void *object = slab->u.slab.free_list;
    slab->u.slab.free_list = *link_of(cache, object);
    if (++slab->u.slab.in_use == cache->per_slab)
        list_remove(&slab->u.slab.node);
    cache->objects_out++;
    return object;
}

static void object_give(struct slab_cache *cache, void *object) {
    struct page *slab = slab_head(cache, object);
    ASSERT(slab->u.slab.cache == cache && slab->u.slab.in_use > 0);
    *link_of(cache, object) = slab->u.slab.free_list;
    slab->u.slab.free_list = object;
    cache->objects_out--;
    if (slab->u.slab.in_use-- == cache->per_slab)
        list_add(&slab->u.slab.node, &cache->partial);
    /* One empty slab stays, so that a cache at a slab's edge does not go to the page allocator each time. */
    if (slab->u.slab.in_use == 0 && cache->partial.next != cache->partial.prev)
        slab_destroy(cache, slab);
}

/* ---- magazines; interrupts off ---- */

static void magazine_fill(struct slab_cache *cache, struct magazine *magazine) {
    spin_lock(&cache->lock);
    while (magazine->count < (cache->magazine_capacity + 1u) / 2) {
        void *object = object_take(cache);
        if (!object)
            break;
        magazine->objects[magazine->count++] = object;
    }
    spin_unlock(&cache->lock);
}

static void magazine_drain(struct slab_cache *cache, struct magazine *magazine) {
    spin_lock(&cache->lock);
    while (magazine->count > cache->magazine_capacity / 2u)
        object_give(cache, magazine->objects[--magazine->count]);
    spin_unlock(&cache->lock);
}

/* NULL for the two caches that make magazines, and when memory was too short to get one. */
static struct magazine *magazine_of(const struct slab_cache *cache) {
    return (*this_cpu_ptr(magazines))[cache->id];
}

void *slab_alloc(struct slab_cache *cache) {
    void *object = NULL;
    uint64_t flags = irq_save();
    struct magazine *magazine = magazine_of(cache);
    if (likely(magazine)) {
        if (magazine->count == 0)
            magazine_fill(cache, magazine);
        if (magazine->count > 0)
            object = magazine->objects[--magazine->count];
    } else {
        spin_lock(&cache->lock);
        object = object_take(cache);
        spin_unlock(&cache->lock);
    }
    irq_restore(flags);
    if (CONFIG_KASAN && object)
        slab_mark_allocated(cache, object);
    return object;
}

static inline void object_free(struct slab_cache *cache, void *object) {
    DEBUG_ASSERT(slab_head(cache, object)->u.slab.cache == cache);
    uint64_t flags = irq_save();
    struct magazine *magazine = magazine_of(cache);
    if (likely(magazine)) {
        if (magazine->count == cache->magazine_capacity)
            magazine_drain(cache, magazine);
        magazine->objects[magazine->count++] = object;
    } else {
        spin_lock(&cache->lock);
        object_give(cache, object);
        spin_unlock(&cache->lock);
    }
    irq_restore(flags);
}

void slab_free(struct slab_cache *cache, void *object) {
    if (CONFIG_KASAN)
        object = slab_mark_freed(&cache, object, (uintptr_t)__builtin_return_address(0));
    if (!CONFIG_KASAN || object)
        object_free(cache, object);
}

void *slab_alloc_zero(struct slab_cache *cache) {
    void *object = slab_alloc(cache);
    if (object)
        memset(object, 0, cache->object_size);
    return object;
}

/* ---- caches ---- */

/* The smallest slab that holds enough objects and wastes at most an eighth. */
static unsigned choose_order(uint32_t stride) {
    for (unsigned order = 0; order < SLAB_ORDER_MAX; order++) {
        size_t bytes = PAGE_SIZE << order;
        if (bytes / stride >= SLAB_OBJECTS_MIN && bytes % stride <= bytes / 8)
            return order;
    }
    return SLAB_ORDER_MAX;
}

static void cache_setup(struct slab_cache *cache, const char *name, size_t size, size_t align,
                        void (*constructor)(void *object)) {
    size_t natural = size >= CACHE_LINE ? CACHE_LINE / 2 : ALIGN_MIN;
    align = MAX(align, natural);
    ASSERT(is_power_of_two(align) && size > 0);
    size_t link_offset = constructor || CONFIG_KASAN ? ALIGN_UP(size, sizeof(void *)) : 0;
    size_t link_size = sizeof(void *) + SLAB_TRACK_SIZE;
    size_t stride = ALIGN_UP(MAX(size, link_offset + link_size), align);
    unsigned order = choose_order((uint32_t)stride);
    ASSERT(stride <= PAGE_SIZE << order);
    *cache = (struct slab_cache){
        .name = name,
        .object_size = (uint32_t)size,
        .stride = (uint32_t)stride,
        .link_offset = (uint32_t)link_offset,
        .per_slab = (uint16_t)((PAGE_SIZE << order) / stride),
        .order = (uint8_t)order,
        .magazine_capacity = (uint8_t)MIN(MAX(MAGAZINE_BYTES / stride, 2u), MAGAZINE_SIZE),
        .constructor = constructor,
    };
    spin_init(&cache->lock, cache_class);
    list_init(&cache->partial);

    uint64_t flags = spin_lock_irqsave(&caches_lock);
    ASSERT(cache_count < CACHES_MAX);
    cache->id = cache_count++;
    list_add_tail(&cache->node, &caches);
    spin_unlock_irqrestore(&caches_lock, flags);
}

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align,
                                     void (*constructor)(void *object)) {
    struct slab_cache *cache = slab_alloc(&cache_of_caches);
    if (!cache)
        panic("no memory for the slab cache %s", name);
    cache_setup(cache, name, size, align, constructor);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        (*per_cpu_ptr(magazines, cpu))[cache->id] = slab_alloc_zero(&cache_of_magazines);
    return cache;
}

void slab_init_cpu(uint32_t cpu) {
    struct slab_cache *cache;

    list_for_each_entry(cache, &caches, node)
        if (cache != &cache_of_caches && cache != &cache_of_magazines)
            (*per_cpu_ptr(magazines, cpu))[cache->id] = slab_alloc_zero(&cache_of_magazines);
}

size_t slab_cpu_bytes(void) {
    return atomic_load_relaxed(&cache_count) * (sizeof(struct magazine *) + sizeof(struct magazine));
}

void slab_init(void) {
    cache_setup(&cache_of_caches, "slab_cache", sizeof(struct slab_cache), 0, NULL);
    cache_setup(&cache_of_magazines, "slab_magazine", sizeof(struct magazine), 0, NULL);
    kmalloc_init();
}

struct slab_cache *slab_cache_of(const void *object) {
    const struct page *page = virt_to_page(object);
    return page->flags & PAGE_SLAB ? page->u.slab.cache : NULL;
}

size_t slab_object_size(const struct slab_cache *cache) {
    return cache->object_size;
}

/* Free ones, but not in their slab. */
static uint64_t objects_kept_back(const struct slab_cache *cache) {
    uint64_t count = CONFIG_KASAN ? atomic_load_relaxed(&cache->kept_back) : 0;
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        const struct magazine *magazine = (*per_cpu_ptr(magazines, cpu))[cache->id];
        count += magazine ? atomic_load_relaxed(&magazine->count) : 0;
    }
    return count;
}

uint64_t slab_objects_in_use(const struct slab_cache *cache) {
    uint64_t out = atomic_load_relaxed(&cache->objects_out);
    return out - MIN(objects_kept_back(cache), out);
}

void slab_stats_each(void (*show)(void *context, const struct slab_stats *stats), void *context) {
    struct slab_cache *cache;
    list_for_each_entry(cache, &caches, node) { /* caches are never removed */
        uint64_t flags = spin_lock_irqsave(&cache->lock);
        struct slab_stats stats = {
            .name = cache->name,
            .object_size = cache->object_size,
            .objects_in_use = slab_objects_in_use(cache),
            .objects_total = cache->slabs * cache->per_slab,
            .pages = cache->slabs << cache->order,
        };
        spin_unlock_irqrestore(&cache->lock, flags);
        show(context, &stats);
    }
}
