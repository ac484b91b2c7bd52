/* Between slab.c and kmalloc.c. */
#pragma once

#include <stddef.h>

struct slab_cache;

/* Makes kmalloc's caches; called by slab_init. */
void kmalloc_init(void);
/* The cache an object of the direct map belongs to, or NULL if it is a block of pages. */
struct slab_cache *slab_cache_of(const void *object);
size_t slab_object_size(const struct slab_cache *cache);
