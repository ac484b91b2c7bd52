/* Memory of any size: power-of-two slab caches up to a page, blocks of pages beyond. */
#include "kernel/debug/kasan.h"
#include "kernel/log/panic.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/slab_internal.h"
#include "lib/string.h"

#define SHIFT_MIN 4u /* 16 bytes */
#define SHIFT_MAX PAGE_SHIFT

static struct slab_cache *size_caches[SHIFT_MAX + 1]; /* by log2 of the size */

void kmalloc_init(void) {
    static const char *const names[SHIFT_MAX + 1] = {
        [4] = "kmalloc-16",   [5] = "kmalloc-32",   [6] = "kmalloc-64",
        [7] = "kmalloc-128",  [8] = "kmalloc-256",  [9] = "kmalloc-512",
        [10] = "kmalloc-1024", [11] = "kmalloc-2048", [12] = "kmalloc-4096",
    };
    for (unsigned shift = SHIFT_MIN; shift <= SHIFT_MAX; shift++)
        size_caches[shift] = slab_cache_create(names[shift], 1u << shift, 1u << shift, NULL);
}

/* What is behind the `size` bytes asked for may not be used. */
static void shrink_block(struct page *page, size_t size) {
    kasan_poison(page_to_virt(page), PAGE_SIZE << page->order, KASAN_REDZONE);
    kasan_unpoison(page_to_virt(page), size);
}

void *kmalloc(size_t size) {
    if (unlikely(size > 1u << SHIFT_MAX)) {
        if (size > PAGE_BLOCK_SIZE)
            return NULL;
        struct page *page = page_alloc(log2_ceil(size) - PAGE_SHIFT, 0);
        if (CONFIG_KASAN && page)
            shrink_block(page, size);
        return page ? page_to_virt(page) : NULL;
    }
    struct slab_cache *cache = size_caches[size <= 1u << SHIFT_MIN ? SHIFT_MIN : log2_ceil(size)];
    void *object = slab_alloc(cache);
    if (CONFIG_KASAN && object)
        slab_mark_size(cache, object, size);
    return object;
}

void *kzalloc(size_t size) {
    void *object = kmalloc(size);
    if (object)
        memset(object, 0, size);
    return object;
}

void *kcalloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return kzalloc(bytes);
}

void kfree(void *pointer) {
    if (!pointer)
        return;
    struct slab_cache *cache = slab_cache_of(pointer);
    if (cache)
        slab_free(cache, pointer);
    else
        page_free(virt_to_page(pointer), virt_to_page(pointer)->order);
}

/* After `size` bytes of `object` were found to be enough. */
static void shrink(const struct slab_cache *cache, void *object, size_t size) {
    if (cache)
        slab_mark_size(cache, object, size);
    else
        shrink_block(virt_to_page(object), size);
}

void *krealloc(void *old, size_t size) {
    if (!old)
        return kmalloc(size);
    struct slab_cache *cache = slab_cache_of(old);
    size_t old_size = cache ? slab_object_size(cache) : PAGE_SIZE << virt_to_page(old)->order;
    if (CONFIG_KASAN)
        kasan_unpoison(old, old_size);
    if (size <= old_size && size > old_size / 4) {
        if (CONFIG_KASAN)
            shrink(cache, old, size);
        return old;
    }
    void *new = kmalloc(size);
    if (new) {
        memcpy(new, old, MIN(old_size, size));
        kfree(old);
    }
    return new;
}

char *kstrdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = kmalloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}
