/* Between the files of the slab allocator. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/debug/kasan.h"
#include "kernel/sync/spinlock.h"
#include "lib/list.h"

struct slab_cache {
    struct list_node node; /* in caches */
    const char *name;
    uint32_t object_size; /* as asked for */
    uint32_t stride;      /* from one object to the next */
    uint32_t link_offset; /* of the chain pointer in a free object */
    uint16_t per_slab;
    uint16_t id;
    uint8_t order;
    uint8_t magazine_capacity;
    void (*constructor)(void *object);

    struct spinlock lock;
    struct list_node partial; /* slabs with free objects */
    uint64_t objects_out;     /* handed out or in magazines */
    uint64_t slabs;
    uint64_t kept_back;       /* freed objects that are not handed out yet; atomic */
};

/* Makes kmalloc's caches; called by slab_init. */
void kmalloc_init(void);
/* The cache an object of the direct map belongs to, or NULL if it is a block of pages. */
struct slab_cache *slab_cache_of(const void *object);
size_t slab_object_size(const struct slab_cache *cache);

/* ---- with CONFIG_KASAN only ---- */

/* What follows the chain pointer of an object. */
#define SLAB_TRACK_SIZE (CONFIG_KASAN ? sizeof(struct kasan_track) : 0)

/* A slab at `base` has been filled with free objects. */
void slab_mark_new(const struct slab_cache *cache, void *base);
void slab_mark_allocated(const struct slab_cache *cache, void *object);
/* The caller asked kmalloc for `size` bytes and got `object`: what is behind them may not be used. */
void slab_mark_size(const struct slab_cache *cache, void *object, size_t size);
/*
 * The object is free, but is kept back for a time; what was kept back longest, if there are too many, is
 * returned with its cache. NULL: nothing is to be freed now.
 */
void *slab_mark_freed(struct slab_cache **cache, void *object, uintptr_t caller);
