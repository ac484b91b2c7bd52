/* lib/radix against a plain list of indices, with tags, failures and no leaks. */
#include "lib/radix.h"

#include "tests/unit/unit.h"

#include "lib/errno.h"

#define NINDICES 400

static int nodes, nodes_allowed = INT32_MAX;

static void *alloc_node(void) {
    if (nodes >= nodes_allowed)
        return NULL;
    nodes++;
    return malloc(sizeof(struct radix_node));
}

static void free_node(void *node) {
    nodes--;
    free(node);
}

static const struct radix_ops ops = { alloc_node, free_node };
static struct radix_tree tree;
static uint64_t indices[NINDICES]; /* ascending, distinct */
static bool present[NINDICES], dirty[NINDICES];

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Dense ones, sparse ones of every magnitude, and the two ends. */
static void choose_indices(void) {
    for (uint64_t i = 0; i < NINDICES; i++)
        indices[i] = i < 150 ? i : ((unit_random() >> i % 56) & ~(uint64_t)0x1ff) | i;
    indices[NINDICES - 1] = UINT64_MAX;
    qsort(indices, NINDICES, sizeof(*indices), by_value);
}

static void check_iteration(const bool *expected, enum radix_tag tag) {
    uint64_t index = 0;

    for (int i = 0; i < NINDICES; i++) {
        if (!expected[i])
            continue;
        CHECK(radix_next_tagged(&tree, &index, tag) == &indices[i]);
        CHECK_EQ(index, indices[i]);
        if (index++ == UINT64_MAX)
            return;
    }
    CHECK(!radix_next_tagged(&tree, &index, tag));
}

static void change_one(int i) {
    if (!present[i]) {
        CHECK_EQ(radix_insert(&tree, indices[i], &indices[i]), 0);
        present[i] = true;
    } else if (unit_random() % 3 == 0) {
        CHECK(radix_remove(&tree, indices[i]) == &indices[i]);
        present[i] = dirty[i] = false;
    } else {
        dirty[i] = !dirty[i];
        (dirty[i] ? radix_tag_set : radix_tag_clear)(&tree, indices[i], RADIX_DIRTY);
    }
}

TEST(random_changes) {
    radix_init(&tree, &ops);
    choose_indices();
    for (int step = 0; step < 20000; step++) {
        int i = (int)(unit_random() % NINDICES);
        change_one(i);
        CHECK((radix_lookup(&tree, indices[i]) != NULL) == present[i]);
        CHECK_EQ(radix_tag_test(&tree, indices[i], RADIX_DIRTY), dirty[i]);
        if (step % 500 == 0) {
            check_iteration(present, RADIX_PRESENT);
            check_iteration(dirty, RADIX_DIRTY);
            CHECK(!radix_is_tagged(&tree, RADIX_WRITEBACK));
        }
    }
    for (int i = 0; i < NINDICES; i++)
        CHECK((radix_remove(&tree, indices[i]) != NULL) == present[i]);
    CHECK(radix_is_empty(&tree));
    CHECK_EQ(nodes, 0);
}

TEST(no_matches_end_the_search) {
    uint64_t index = 0;
    int entry;

    radix_init(&tree, &ops);
    CHECK(!radix_next(&tree, &index));
    CHECK_EQ(radix_insert(&tree, UINT64_MAX, &entry), 0);
    CHECK(!radix_next_tagged(&tree, &index, RADIX_DIRTY));
    CHECK_EQ(radix_insert(&tree, UINT64_MAX, &entry), -EEXIST);
    CHECK(!radix_remove(&tree, 7));
    CHECK(radix_replace(&tree, UINT64_MAX, &index) == &entry);
    CHECK(radix_remove(&tree, UINT64_MAX) == &index);
    CHECK_EQ(nodes, 0);
}

TEST(failed_allocations_leave_nothing) {
    int entry, other;

    radix_init(&tree, &ops);
    CHECK_EQ(radix_insert(&tree, 5, &entry), 0);
    for (nodes_allowed = 0; nodes_allowed < 30; nodes_allowed++) {
        int error = radix_insert(&tree, UINT64_MAX - 70, &other);
        CHECK(radix_lookup(&tree, 5) == &entry);
        if (!error)
            break;
        CHECK_EQ(error, -ENOMEM);
        CHECK_EQ(nodes, 1);
    }
    CHECK_EQ(nodes, nodes_allowed);
    nodes_allowed = INT32_MAX;
    CHECK(radix_remove(&tree, UINT64_MAX - 70) == &other && radix_remove(&tree, 5) == &entry);
    CHECK_EQ(nodes, 0);
}
