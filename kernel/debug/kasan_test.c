/* A bug of each kind, seeded: the checks must find it, and must not find more than it. */
#include "kernel/arch/user_copy.h"
#include "kernel/debug/kasan.h"
#include "kernel/debug/selftest.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "lib/string.h"

/* The compiler must neither see through these bugs nor warn of them. */
static void *hidden(void *pointer) {
    __asm__ volatile("" : "+r"(pointer));
    return pointer;
}

static volatile uint8_t *bytes(void *pointer) {
    return hidden(pointer);
}

static unsigned reports_of_read(void *pointer, long offset) {
    kasan_expect_reports(true);
    (void)bytes(pointer)[offset];
    return kasan_expect_reports(false);
}

SELFTEST(kasan_bounds, "kasan.out-of-bounds") {
    uint8_t *object = kmalloc(13);
    CHECK(object);
    memset(object, 1, 13);
    CHECK(reports_of_read(object, 12) == 0);
    CHECK(reports_of_read(object, 13) == 1);
    CHECK(reports_of_read(object, 16) == 1);
    CHECK(reports_of_read(object, -1) == 1);
    kasan_expect_reports(true);
    bytes(object)[15] = 1;
    *(volatile uint64_t *)hidden(object + 8) = 1; /* the last three bytes of these are not ours */
    CHECK(kasan_expect_reports(false) == 2);
    kfree(object);
}

SELFTEST(kasan_use_after_free, "kasan.use-after-free") {
    uint8_t *object = kmalloc(100);
    CHECK(object);
    kfree(object);
    CHECK(reports_of_read(object, 0) == 1 && reports_of_read(object, 99) == 1);
    uint8_t *next = kmalloc(100); /* not the same one at once */
    CHECK(next && next != object);
    kfree(next);
}

SELFTEST(kasan_double_free, "kasan.double-free") {
    void *object = kmalloc(24);
    CHECK(object);
    kfree(object);
    kasan_expect_reports(true);
    kfree(hidden(object));
    CHECK(kasan_expect_reports(false) == 1);
}

SELFTEST(kasan_free_page, "kasan.free-page") {
    struct page *page = page_alloc(0, 0), *block = page_alloc(2, 0);
    CHECK(page && block);
    CHECK(reports_of_read(page_to_virt(page), 0) == 0 && reports_of_read(page_to_virt(block), PAGE_SIZE) == 0);
    page_put(page);
    page_free(block, 2);
    CHECK(reports_of_read(page_to_virt(page), PAGE_SIZE - 1) == 1);
    CHECK(reports_of_read(page_to_virt(block), 3 * PAGE_SIZE) == 1);
}

SELFTEST(kasan_large, "kasan.large-kmalloc") {
    uint8_t *object = kmalloc(3 * PAGE_SIZE);
    CHECK(object);
    CHECK(reports_of_read(object, 3 * PAGE_SIZE - 1) == 0 && reports_of_read(object, 3 * PAGE_SIZE) == 1);
    object = krealloc(object, 3 * PAGE_SIZE + 1);
    CHECK(object && reports_of_read(object, 3 * PAGE_SIZE) == 0 && reports_of_read(object, 3 * PAGE_SIZE + 1) == 1);
    kfree(object);
}

/* By assembly, which the compiler does not see. */
SELFTEST(kasan_copies, "kasan.copies") {
    uint8_t *small = kmalloc(24), *large = kzalloc(200);
    CHECK(small && large);
    kasan_expect_reports(true);
    memcpy(hidden(large), hidden(small), 24);
    CHECK(kasan_expect_reports(true) == 0);
    memcpy(hidden(large), hidden(small), 25);
    memmove(hidden(large), hidden(small), 26);
    memset(hidden(large), 0, 208); /* what kmalloc rounds up to */
    (void)memcmp(hidden(small), hidden(large), 25);
    CHECK(kasan_expect_reports(true) >= 4);
    CHECK(arch_user_copy(hidden(large), hidden(small), 25) == 0);
    CHECK(kasan_expect_reports(false) == 1);
    kfree(small);
    kfree(large);
}
