#include "kernel/mm/slab.h"

#include "kernel/debug/selftest.h"
#include "kernel/mm/page.h"
#include "lib/string.h"

#define SAMPLE 500
#define CONSTRUCTED 0x5ca1ab1eu

struct object {
    uint32_t mark;
    uint32_t number;
};

static void construct(void *memory) {
    ((struct object *)memory)->mark = CONSTRUCTED;
}

/* Caches live for ever: the test keeps its own. */
static struct slab_cache *test_cache;

SELFTEST(slab_objects, "slab.objects") {
    static struct object *objects[SAMPLE];
    if (!test_cache)
        test_cache = slab_cache_create("selftest", sizeof(struct object), 0, construct);
    for (uint32_t i = 0; i < SAMPLE; i++) {
        objects[i] = slab_alloc(test_cache);
        CHECK(objects[i] && objects[i]->mark == CONSTRUCTED);
        objects[i]->number = i;
    }
    for (uint32_t i = 0; i < SAMPLE; i++)
        CHECK(objects[i]->number == i);
    for (uint32_t i = 0; i < SAMPLE; i++)
        slab_free(test_cache, objects[i]);
    struct object *again = slab_alloc(test_cache); /* freeing keeps what was constructed */
    CHECK(again && again->mark == CONSTRUCTED);
    slab_free(test_cache, again);
}

SELFTEST(kmalloc_sizes, "slab.kmalloc-sizes") {
    for (size_t size = 1; size <= 4 * PAGE_BLOCK_SIZE; size = size * 3 / 2 + 1) {
        uint8_t *memory = kmalloc(size);
        if (size > PAGE_BLOCK_SIZE) {
            CHECK(!memory);
            continue;
        }
        CHECK(memory && IS_ALIGNED((uintptr_t)memory, sizeof(void *)));
        memset(memory, 0xa5, size);
        kfree(memory);
    }
    kfree(NULL);
}

SELFTEST(kmalloc_overflow, "slab.kcalloc-overflow") {
    CHECK(!kcalloc(SIZE_MAX / 2, 3));
    uint64_t *words = kcalloc(100, sizeof *words);
    CHECK(words && words[0] == 0 && words[99] == 0);
    kfree(words);
}

SELFTEST(krealloc_keeps, "slab.krealloc") {
    char *text = kstrdup("astra");
    CHECK(text);
    for (size_t size = 16; size <= 65536; size *= 2) {
        text = krealloc(text, size);
        CHECK(text && strcmp(text, "astra") == 0);
    }
    text = krealloc(text, 6);
    CHECK(text && strcmp(text, "astra") == 0);
    kfree(text);
}
