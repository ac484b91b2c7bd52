/*
 * Small objects: caches of equal objects in slabs of pages, with per-CPU magazines; and kmalloc on
 * power-of-two caches (larger sizes go to the page allocator). Any context; never sleeps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bits.h"

struct kasan_track;
struct slab_cache;

/* `align` 0 means natural. `constructor` (may be NULL) runs once when memory enters the cache. Panics
 * when memory is short: caches are made at boot. */
struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align,
                                     void (*constructor)(void *object));
void *slab_alloc(struct slab_cache *cache) must_check;
void *slab_alloc_zero(struct slab_cache *cache) must_check;
void slab_free(struct slab_cache *cache, void *object);

void *kmalloc(size_t size) must_check;
void *kzalloc(size_t size) must_check;
/* count * size, NULL on overflow. */
void *kcalloc(size_t count, size_t size) must_check;
void *krealloc(void *old, size_t size) must_check;
char *kstrdup(const char *text) must_check;
void kfree(void *pointer); /* NULL is allowed */

/* Once, after page_init. */
void slab_init(void);
/* Magazines for a CPU that is about to start; no memory: it works without. */
void slab_init_cpu(uint32_t cpu);
size_t slab_cpu_bytes(void); /* of a CPU's magazines */

/* The object that `address` is in or, for memory between objects, behind. False: not in a slab. Any context;
 * with CONFIG_KASAN only. */
struct slab_object {
    const char *cache_name;
    const void *start;
    size_t size;                     /* as the cache has it */
    const struct kasan_track *track;
};
bool slab_find_object(const void *address, struct slab_object *object);

/* Objects handed out and not freed, as of about now. Any context. */
uint64_t slab_objects_in_use(const struct slab_cache *cache);
/* For /kernel and /proc: calls `show` for each cache. */
struct slab_stats {
    const char *name;
    size_t object_size;
    uint64_t objects_in_use, objects_total, pages;
};
void slab_stats_each(void (*show)(void *context, const struct slab_stats *stats), void *context);
