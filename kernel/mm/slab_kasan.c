/*
 * Marks on the objects of slabs, in builds with KASAN=1 only: free objects and the space between objects
 * may not be used. Behind each object stand who asked for it and who freed it.
 *
 * Freed objects are kept back before they can be allocated again, so that a late use of one is still
 * found: in a ring per CPU, used with interrupts off.
 */
#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/log/panic.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/slab_internal.h"

#define RING_ENTRIES 512u

struct ring {
    uint32_t first, count;
    struct {
        struct slab_cache *cache;
        void *object;
    } entries[RING_ENTRIES];
};

static DEFINE_PER_CPU(struct ring, freed_ring);

static struct kasan_track *track_of(const struct slab_cache *cache, const void *object) {
    return (struct kasan_track *)((uintptr_t)object + cache->link_offset + sizeof(void *));
}

void slab_mark_new(const struct slab_cache *cache, void *base) {
    kasan_poison(base, PAGE_SIZE << cache->order, KASAN_REDZONE);
    for (unsigned i = 0; i < cache->per_slab; i++) {
        char *object = (char *)base + (size_t)i * cache->stride;
        kasan_poison(object, cache->object_size, KASAN_FREE_OBJECT);
        track_of(cache, object)->allocated[0] = track_of(cache, object)->freed[0] = 0;
    }
}

void slab_mark_allocated(const struct slab_cache *cache, void *object) {
    struct kasan_track *track = track_of(cache, object);

    kasan_unpoison(object, cache->object_size);
    kasan_trace(track->allocated, KASAN_TRACE_DEPTH);
    track->freed[0] = 0;
}

void slab_mark_size(const struct slab_cache *cache, void *object, size_t size) {
    kasan_poison(object, cache->object_size, KASAN_REDZONE);
    kasan_unpoison(object, size);
}

static void ring_put(struct ring *ring, struct slab_cache *cache, void *object) {
    uint32_t last = (ring->first + ring->count) % RING_ENTRIES;

    ring->entries[last].cache = cache;
    ring->entries[last].object = object;
    ring->count++;
    atomic_fetch_add(&cache->kept_back, 1u);
}

static void *ring_take(struct ring *ring, struct slab_cache **cache) {
    void *object = ring->entries[ring->first].object;

    *cache = ring->entries[ring->first].cache;
    ring->first = (ring->first + 1) % RING_ENTRIES;
    ring->count--;
    atomic_fetch_sub(&(*cache)->kept_back, 1u);
    return object;
}

void *slab_mark_freed(struct slab_cache **cache, void *object, uintptr_t caller) {
    void *oldest = NULL;

    ASSERT(slab_cache_of(object) == *cache);
    if (kasan_shadow_of(object) == KASAN_FREE_OBJECT) {
        kasan_report_double_free(object, caller);
        return NULL;
    }
    kasan_trace(track_of(*cache, object)->freed, KASAN_TRACE_DEPTH);
    kasan_poison(object, (*cache)->object_size, KASAN_FREE_OBJECT);
    uint64_t flags = irq_save();
    struct ring *own = this_cpu_ptr(freed_ring);
    struct slab_cache *oldest_cache = *cache;
    if (own->count == RING_ENTRIES)
        oldest = ring_take(own, &oldest_cache);
    ring_put(own, *cache, object);
    irq_restore(flags);
    *cache = oldest_cache;
    return oldest;
}

bool slab_find_object(const void *address, struct slab_object *object) {
    const struct slab_cache *cache = slab_cache_of(address);

    if (!cache)
        return false;
    uintptr_t base = ALIGN_DOWN((uintptr_t)address, PAGE_SIZE << cache->order);
    size_t index = MIN(((uintptr_t)address - base) / cache->stride, cache->per_slab - 1ul);
    object->cache_name = cache->name;
    object->start = (const void *)(base + index * cache->stride);
    object->size = cache->object_size;
    object->track = track_of(cache, object->start);
    return true;
}
