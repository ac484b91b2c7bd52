/* In-kernel tests of address spaces: mapping calls against a model, copy-on-write, leaks. */
#include "kernel/debug/selftest.h"
#include "kernel/mm/page.h"
#include "kernel/vm/fault.h"
#include "kernel/vm/page_table.h"
#include "kernel/vm/vma.h"
#include "lib/errno.h"
#include "lib/string.h"

#define TEST_BASE 0x40000000ull
#define MODEL_PAGES 64u
#define ROUNDS 3000u

#define ANONYMOUS_FIXED (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define READ_WRITE (PROT_READ | PROT_WRITE)

static uint64_t address_of(uint64_t page) {
    return TEST_BASE + page * PAGE_SIZE;
}

static uint64_t free_pages(void) {
    struct page_stats stats;

    page_stats_read(&stats);
    return stats.free_pages;
}

/* xorshift64: repeatable */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static bool map_pages(struct space *space, uint64_t page, uint64_t count, uint32_t prot) {
    return space_map(space, address_of(page), count * PAGE_SIZE, prot, ANONYMOUS_FIXED, NULL, 0) ==
           (int64_t)address_of(page);
}

static bool put_byte(struct space *space, uint64_t page, uint8_t byte) {
    return space_write(space, address_of(page), &byte, 1) == 1;
}

/* The byte there, or -1. */
static int get_byte(struct space *space, uint64_t page) {
    uint8_t byte;

    return space_read(space, address_of(page), &byte, 1) == 1 ? byte : -1;
}

/* What each page of the range should be: 0 unmapped, else 1 + its protection; and its first byte. */
struct model {
    uint8_t state[MODEL_PAGES], byte[MODEL_PAGES];
};

static bool model_matches(struct space *space, const struct model *model) {
    for (unsigned page = 0; page < MODEL_PAGES; page++) {
        struct vma *vma = space_find(space, address_of(page));
        bool mapped = vma && vma->start <= address_of(page);
        if (mapped != (model->state[page] != 0))
            return false;
        if (!mapped)
            continue;
        uint32_t prot = model->state[page] - 1u;
        if ((vma->flags & VMA_ACCESS) != vma_flags_from_prot(prot))
            return false;
        if (get_byte(space, page) != (prot ? model->byte[page] : -1))
            return false;
    }
    return true;
}

static bool model_is_mapped(const struct model *model, unsigned page, unsigned count) {
    for (unsigned i = page; i < page + count; i++)
        if (!model->state[i])
            return false;
    return true;
}

/* One random call on both sides; false if the space answered wrongly. */
static bool model_step(struct space *space, struct model *model, uint64_t *random) {
    static const uint8_t prots[] = {PROT_NONE, PROT_READ, READ_WRITE, PROT_READ | PROT_EXEC};
    unsigned page = (unsigned)(next_random(random) % MODEL_PAGES);
    unsigned count = 1 + (unsigned)(next_random(random) % MIN(8u, MODEL_PAGES - page));
    uint8_t prot = prots[next_random(random) % ARRAY_SIZE(prots)];

    switch (next_random(random) % 4) {
    case 0:
        memset(&model->state[page], prot + 1, count);
        memset(&model->byte[page], 0, count);
        return map_pages(space, page, count, prot);
    case 1:
        memset(&model->state[page], 0, count);
        return space_unmap(space, address_of(page), count * PAGE_SIZE) == 0;
    case 2:
        if (!model_is_mapped(model, page, count))
            return true;
        memset(&model->state[page], prot + 1, count);
        return space_protect(space, address_of(page), count * PAGE_SIZE, prot) == 0;
    default:
        if (model->state[page] != 1 + READ_WRITE)
            return !put_byte(space, page, 1);
        model->byte[page] = (uint8_t)next_random(random);
        return put_byte(space, page, model->byte[page]);
    }
}

SELFTEST(test_map_model, "vm.map-model") {
    struct space *space = space_create();
    static struct model model;
    uint64_t random = 0x5eed, before = free_pages();
    bool good = true;

    CHECK(space);
    memset(&model, 0, sizeof model);
    for (unsigned i = 0; i < ROUNDS && good; i++)
        good = model_step(space, &model, &random) && (i % 16 || model_matches(space, &model));
    space_put(space);
    CHECK(good);
    /* Tables and slabs may stay in pools, pages of the space may not. */
    CHECK(free_pages() + MODEL_PAGES / 2 >= before);
}

static const struct page *page_at(struct space *space, uint64_t page) {
    const pte_t *pte = table_find(space, address_of(page));

    return pte && *pte ? phys_to_page(pte_phys(*pte)) : NULL;
}

SELFTEST(test_copy_on_write, "vm.copy-on-write") {
    struct space *parent = space_create(), *child;

    CHECK(parent && map_pages(parent, 0, 4, READ_WRITE));
    CHECK(put_byte(parent, 0, 1) && put_byte(parent, 1, 2));
    const struct page *original = page_at(parent, 0);
    child = space_fork(parent);
    CHECK(child);
    CHECK(page_at(child, 0) == original && original->refcount == 2);
    CHECK(get_byte(child, 0) == 1 && get_byte(child, 2) == 0);
    CHECK(put_byte(child, 0, 7) && page_at(child, 0) != original);
    CHECK(get_byte(parent, 0) == 1 && get_byte(child, 0) == 7 && original->refcount == 1);
    CHECK(put_byte(parent, 0, 3) && page_at(parent, 0) == original); /* the last owner keeps the page */
    space_put(child);
    CHECK(page_at(parent, 1)->refcount == 1);
    const struct page *kept = page_at(parent, 1);
    CHECK(put_byte(parent, 1, 9) && page_at(parent, 1) == kept);
    space_put(parent);
}

SELFTEST(test_zero_page, "vm.zero-page") {
    struct space *space = space_create();

    CHECK(space && map_pages(space, 0, 2, READ_WRITE));
    CHECK(get_byte(space, 0) == 0 && page_at(space, 0) == page_zero_frame());
    CHECK(space->resident_anon == 0);
    CHECK(put_byte(space, 0, 5) && page_at(space, 0) != page_zero_frame());
    CHECK(*(const uint8_t *)page_to_virt(page_zero_frame()) == 0);
    CHECK(space->resident_anon == 1 && get_byte(space, 1) == 0);
    space_put(space);
}

SELFTEST(test_shared_memory, "vm.shared-anonymous") {
    struct space *parent = space_create();

    CHECK(parent);
    CHECK(space_map(parent, TEST_BASE, 2 * PAGE_SIZE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, NULL, 0) > 0);
    CHECK(put_byte(parent, 0, 1));
    struct space *child = space_fork(parent);
    CHECK(child && get_byte(child, 0) == 1);
    CHECK(put_byte(child, 0, 2) && put_byte(child, 1, 3));
    CHECK(get_byte(parent, 0) == 2 && get_byte(parent, 1) == 3);
    space_put(parent);
    CHECK(get_byte(child, 1) == 3);
    space_put(child);
}

SELFTEST(test_remap, "vm.remap") {
    struct space *space = space_create();

    CHECK(space && map_pages(space, 0, 4, READ_WRITE) && map_pages(space, 4, 1, PROT_READ));
    CHECK(put_byte(space, 0, 1) && put_byte(space, 3, 4));
    CHECK(space_remap(space, address_of(0), 4 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0) == -ENOMEM);
    int64_t moved = space_remap(space, address_of(0), 4 * PAGE_SIZE, 8 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
    CHECK(moved > 0 && get_byte(space, 0) == -1);
    uint64_t page = ((uint64_t)moved - TEST_BASE) >> PAGE_SHIFT;
    CHECK(get_byte(space, page) == 1 && get_byte(space, page + 3) == 4 && get_byte(space, page + 7) == 0);
    CHECK(space_remap(space, (uint64_t)moved, 8 * PAGE_SIZE, PAGE_SIZE, 0, 0) == moved);
    CHECK(get_byte(space, page) == 1 && get_byte(space, page + 1) == -1);
    CHECK(space_remap(space, (uint64_t)moved, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
                      address_of(3)) == (int64_t)address_of(3));
    CHECK(get_byte(space, 3) == 1 && get_byte(space, 4) == 0 && space->resident_anon == 1);
    space_put(space);
}

SELFTEST(test_brk, "vm.brk") {
    struct space *space = space_create();

    CHECK(space);
    space->brk_start = space->brk = TEST_BASE + 100;
    CHECK(space_brk(space, 0) == TEST_BASE + 100);
    CHECK(space_brk(space, TEST_BASE + 3 * PAGE_SIZE) == TEST_BASE + 3 * PAGE_SIZE);
    CHECK(put_byte(space, 1, 1) && put_byte(space, 2, 2) && get_byte(space, 3) == -1);
    CHECK(space_brk(space, TEST_BASE + 5 * PAGE_SIZE) == TEST_BASE + 5 * PAGE_SIZE);
    CHECK(space->vma_count == 1 && get_byte(space, 4) == 0);
    CHECK(space_brk(space, TEST_BASE + 2 * PAGE_SIZE) == TEST_BASE + 2 * PAGE_SIZE);
    CHECK(get_byte(space, 2) == -1 && get_byte(space, 1) == 1);
    CHECK(map_pages(space, 3, 1, PROT_READ));
    CHECK(space_brk(space, TEST_BASE + 8 * PAGE_SIZE) == TEST_BASE + 2 * PAGE_SIZE);
    space_put(space);
}

SELFTEST(test_advise, "vm.advise") {
    struct space *space = space_create();
    enum { DONTNEED = 4, FREE = 8, DONTFORK = 10, REMOVE = 9 };

    CHECK(space && map_pages(space, 0, 4, READ_WRITE) && put_byte(space, 1, 1) && put_byte(space, 2, 2));
    CHECK(space_advise(space, address_of(1), PAGE_SIZE, DONTNEED) == 0);
    CHECK(get_byte(space, 1) == 0 && get_byte(space, 2) == 2 && space->vma_count == 1);
    CHECK(space_advise(space, address_of(0), 8 * PAGE_SIZE, FREE) == -ENOMEM && get_byte(space, 2) == 0);
    CHECK(space_advise(space, address_of(0), PAGE_SIZE, REMOVE) == -EINVAL);
    CHECK(space_advise(space, address_of(3), PAGE_SIZE, DONTFORK) == 0 && space->vma_count == 2);
    struct space *child = space_fork(space);
    CHECK(child && get_byte(child, 3) == -1 && get_byte(child, 2) == 0);
    space_put(child);
    space_put(space);
}

SELFTEST(test_map_errors, "vm.map-errors") {
    struct space *space = space_create();
    const uint32_t noreplace = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

    CHECK(space && map_pages(space, 0, 2, PROT_READ));
    CHECK(space_map(space, address_of(1), PAGE_SIZE, PROT_READ, noreplace, NULL, 0) == -EEXIST);
    CHECK(space_map(space, address_of(0) + 1, PAGE_SIZE, PROT_READ, ANONYMOUS_FIXED, NULL, 0) == -EINVAL);
    CHECK(space_map(space, 0, PAGE_SIZE, PROT_READ, ANONYMOUS_FIXED, NULL, 0) == -EPERM);
    CHECK(space_map(space, USER_ADDRESS_END, PAGE_SIZE, PROT_READ, ANONYMOUS_FIXED, NULL, 0) == -ENOMEM);
    CHECK(space_map(space, 0, UINT64_MAX, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0) == -ENOMEM);
    CHECK(space_map(space, 0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0) == -EINVAL);
    CHECK(space_map(space, 0, PAGE_SIZE, PROT_READ, MAP_ANONYMOUS, NULL, 0) == -EINVAL);
    CHECK(space_unmap(space, address_of(0) + 1, PAGE_SIZE) == -EINVAL);
    CHECK(space_unmap(space, USER_ADDRESS_END - PAGE_SIZE, 2 * PAGE_SIZE) == -EINVAL);
    CHECK(space_protect(space, address_of(0), 3 * PAGE_SIZE, PROT_NONE) == -ENOMEM);
    CHECK(get_byte(space, 0) == -1); /* what comes before the hole was changed */
    space_put(space);
}
