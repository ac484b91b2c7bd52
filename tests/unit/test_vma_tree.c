/* The tree of mappings against a plain array of pages. */
#include "kernel/vm/vma.h"
#include "tests/unit/unit.h"

enum { MODEL_PAGES = 512, ROUNDS = 20000 };
#define BASE 0x10000ull

struct model {
    struct space space;
    struct vma *owner[MODEL_PAGES]; /* of each page from BASE on */
};

static uint64_t address_of(unsigned page) {
    return BASE + page * PAGE_SIZE;
}

static void add(struct model *model, unsigned first, unsigned count, uint32_t flags) {
    struct vma *vma = calloc(1, sizeof *vma);

    vma->space = &model->space;
    vma->start = address_of(first);
    vma->end = address_of(first + count);
    vma->flags = flags;
    vma_tree_insert(&model->space, vma);
    for (unsigned i = first; i < first + count; i++)
        model->owner[i] = vma;
}

static void drop(struct model *model, struct vma *vma) {
    for (unsigned i = 0; i < MODEL_PAGES; i++)
        if (model->owner[i] == vma)
            model->owner[i] = NULL;
    vma_tree_remove(&model->space, vma);
    free(vma);
}

static bool is_free(const struct model *model, unsigned first, unsigned count) {
    for (unsigned i = first; i < first + count; i++)
        if (i >= MODEL_PAGES || model->owner[i])
            return false;
    return true;
}

static void destroy(struct model *model) {
    while (model->space.vmas.top)
        drop(model, (struct vma *)(void *)model->space.vmas.top);
}

/* What space_find should say. */
static struct vma *model_find(const struct model *model, unsigned page) {
    for (unsigned i = page; i < MODEL_PAGES; i++)
        if (model->owner[i])
            return model->owner[i];
    return NULL;
}

/* The highest start of `count` free pages within [low, high), or -1. */
static int model_gap(const struct model *model, unsigned count, unsigned low, unsigned high) {
    for (int start = (int)high - (int)count; start >= (int)low; start--)
        if (is_free(model, (unsigned)start, count))
            return start;
    return -1;
}

static void check_find(const struct model *model) {
    unsigned page = (unsigned)(unit_random() % MODEL_PAGES);

    CHECK(space_find((struct space *)(uintptr_t)&model->space, address_of(page) + 5) == model_find(model, page));
}

static void check_gap(const struct model *model) {
    unsigned low = (unsigned)(unit_random() % MODEL_PAGES), count = 1 + (unsigned)(unit_random() % 20);
    unsigned high = low + (unsigned)(unit_random() % (MODEL_PAGES - low)) + 1;
    int expected = model_gap(model, count, low, high);
    uint64_t found =
        vma_tree_find_gap(&model->space, count * PAGE_SIZE, address_of(low), address_of(high));

    CHECK_EQ(found, expected < 0 ? 0 : address_of((unsigned)expected));
}

static void change(struct model *model) {
    unsigned first = (unsigned)(unit_random() % MODEL_PAGES), count = 1 + (unsigned)(unit_random() % 12);

    if (is_free(model, first, count))
        add(model, first, count, 0);
    else if (first < MODEL_PAGES && model->owner[first])
        drop(model, model->owner[first]);
}

static void shrink(struct model *model) {
    unsigned page = (unsigned)(unit_random() % MODEL_PAGES);
    struct vma *vma = model->owner[page];

    if (!vma || vma->end - vma->start < 2 * PAGE_SIZE)
        return;
    uint64_t start = vma->start + PAGE_SIZE;
    model->owner[(vma->start - BASE) >> PAGE_SHIFT] = NULL;
    vma_tree_resize(vma, start, vma->end);
}

TEST(agrees_with_the_model) {
    struct model *model = calloc(1, sizeof *model);

    for (unsigned round = 0; round < ROUNDS; round++) {
        change(model);
        if (round % 7 == 0)
            shrink(model);
        check_find(model);
        check_gap(model);
    }
    destroy(model);
    CHECK_EQ(model->space.vma_count, 0);
    free(model);
}

TEST(empty_space_has_one_gap) {
    struct space space = {0};

    CHECK_EQ(vma_tree_find_gap(&space, PAGE_SIZE, BASE, BASE + 4 * PAGE_SIZE), BASE + 3 * PAGE_SIZE);
    CHECK_EQ(vma_tree_find_gap(&space, 5 * PAGE_SIZE, BASE, BASE + 4 * PAGE_SIZE), 0);
    CHECK_EQ(vma_tree_find_gap(&space, PAGE_SIZE, BASE, USER_ADDRESS_END), USER_ADDRESS_END - PAGE_SIZE);
    CHECK(space_find(&space, 0) == NULL);
}

TEST(guard_gap_below_a_stack) {
    struct space space = {0};
    struct vma stack = {.space = &space, .start = 0x7000000, .end = 0x7001000, .flags = VMA_GROWS_DOWN};

    vma_tree_insert(&space, &stack);
    CHECK_EQ(vma_tree_find_gap(&space, PAGE_SIZE, BASE, 0x7001000), 0x7000000 - STACK_GUARD_GAP - PAGE_SIZE);
}

/* Summaries call all of these gaps equal: each is looked at. */
TEST(huge_gaps_are_told_apart) {
    const uint64_t tera = 1ull << 40, starts[] = {8 * tera, 5 * tera, 10 * tera}; /* gaps of 3, 5 and 2 TiB */
    struct space space = {0};
    struct vma vmas[3] = {0};

    for (unsigned i = 0; i < 3; i++) {
        vmas[i] = (struct vma){.space = &space, .start = starts[i], .end = starts[i] + PAGE_SIZE};
        vma_tree_insert(&space, &vmas[i]);
    }
    CHECK_EQ(vma_tree_find_gap(&space, tera, BASE, 10 * tera), 9 * tera);
    CHECK_EQ(vma_tree_find_gap(&space, 5 * tera / 2, BASE, 10 * tera), 8 * tera - 5 * tera / 2);
    CHECK_EQ(vma_tree_find_gap(&space, 4 * tera, BASE, 10 * tera), tera);
    CHECK_EQ(vma_tree_find_gap(&space, 6 * tera, BASE, 10 * tera), 0);
    vma_tree_remove(&space, &vmas[0]);
    CHECK_EQ(vma_tree_find_gap(&space, 4 * tera, BASE, 10 * tera), 6 * tera);
}

TEST(neighbours_are_in_order) {
    struct model *model = calloc(1, sizeof *model);

    for (unsigned i = 0; i < 100; i += 4)
        add(model, (i * 37) % 100 / 4 * 4, 2, 0);
    struct vma *vma = space_find(&model->space, 0), *prev = NULL;
    for (; vma; prev = vma, vma = vma_next(vma)) {
        CHECK(vma_prev(vma) == prev);
        CHECK(!prev || prev->end <= vma->start);
    }
    destroy(model);
    free(model);
}
