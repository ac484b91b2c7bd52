#include "kernel/mm/page.h"

#include "kernel/debug/selftest.h"
#include "lib/string.h"

#define SAMPLE 200

static uint64_t free_now(void) {
    struct page_stats stats;
    page_stats_read(&stats);
    return stats.free_pages;
}

SELFTEST(page_alloc_free, "page.alloc-free") {
    static struct page *pages[SAMPLE];
    uint64_t before = free_now();
    for (int i = 0; i < SAMPLE; i++) {
        pages[i] = page_alloc(0, i % 2 ? PAGE_ALLOC_ZERO : 0);
        CHECK(pages[i] && pages[i]->refcount == 1);
        memset(page_to_virt(pages[i]), i, PAGE_SIZE);
    }
    CHECK(free_now() == before - SAMPLE);
    for (int i = 0; i < SAMPLE; i++) { /* nobody else wrote there */
        const uint8_t *bytes = page_to_virt(pages[i]);
        CHECK(bytes[0] == (uint8_t)i && bytes[PAGE_SIZE - 1] == (uint8_t)i);
        page_put(pages[i]);
    }
    CHECK(free_now() == before);
}

SELFTEST(page_orders, "page.orders") {
    uint64_t before = free_now();
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
        struct page *page = page_alloc(order, PAGE_ALLOC_ZERO);
        CHECK(page);
        CHECK(IS_ALIGNED(page_to_phys(page), PAGE_SIZE << order));
        const uint64_t *words = page_to_virt(page);
        CHECK(words[0] == 0 && words[(PAGE_SIZE << order) / sizeof *words - 1] == 0);
        page_free(page, order);
    }
    CHECK(free_now() == before);
}

SELFTEST(page_merge, "page.merge") {
    /* Splitting a largest block into frames and freeing those gives the block back. */
    struct page *block = page_alloc(PAGE_ORDER_MAX, 0);
    CHECK(block);
    struct page_stats before, after;
    page_stats_read(&before);
    for (unsigned i = 0; i < 1u << PAGE_ORDER_MAX; i++)
        CHECK(i == 0 || (block[i].refcount == 0 && block[i].flags == 0));
    page_free(block, PAGE_ORDER_MAX);
    page_stats_read(&after);
    CHECK(after.free_blocks[PAGE_ORDER_MAX] == before.free_blocks[PAGE_ORDER_MAX] + 1);
}

SELFTEST(page_low, "page.low") {
    struct page *page = page_alloc(0, PAGE_ALLOC_LOW);
    CHECK(page && page_to_phys(page) < 0x100000000ull);
    page_put(page);
}

SELFTEST(page_references, "page.references") {
    struct page *page = page_alloc(0, 0);
    uint64_t before = free_now();
    CHECK(page);
    page_get(page);
    page_put(page);
    CHECK(page->refcount == 1 && free_now() == before);
    page_put(page);
    CHECK(free_now() == before + 1);
}

SELFTEST(page_exhaust, "page.exhaust") {
    /* Programs run out before the kernel does, and everything comes back. */
    struct page *chain = NULL, *page;
    uint64_t before = free_now(), taken = 0;
    while ((page = page_alloc(0, PAGE_ALLOC_USER))) {
        *(struct page **)page_to_virt(page) = chain;
        chain = page;
        taken++;
    }
    page = page_alloc(0, 0);
    while (chain) {
        struct page *next = *(struct page **)page_to_virt(chain);
        page_put(chain);
        chain = next;
    }
    CHECK(page && taken > before / 2);
    page_put(page);
    CHECK(free_now() == before);
}

SELFTEST(page_has_page, "page.has-page") {
    CHECK(!phys_has_page(0));
    CHECK(!phys_has_page(0xb8000)); /* VGA memory */
    CHECK(!phys_has_page(~0ull >> 12));
    CHECK(phys_has_page(page_to_phys(page_zero_frame())));
    CHECK(page_zero_frame()->flags & PAGE_RESERVED);
}
