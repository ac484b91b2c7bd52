/* lib/number_table through growth, removal and want of memory. */
#include "lib/number_table.h"

#include "tests/unit/unit.h"

#include "lib/errno.h"

#define NENTRIES 1000u

static int blocks, blocks_allowed;

static void *alloc_block(size_t size) {
    if (blocks >= blocks_allowed)
        return NULL;
    blocks++;
    return malloc(size);
}

static void free_block(void *block) {
    blocks -= block != NULL;
    free(block);
}

static const struct number_table_ops ops = { alloc_block, free_block };
static struct numbered entries[NENTRIES];

/* Every third number has an entry: whether all are found, and nothing else. */
static bool finds_exactly(const struct number_table *table, unsigned count) {
    for (unsigned number = 0; number < 3 * NENTRIES; number++) {
        struct numbered *expected = number % 3 == 0 && number / 3 < count ? &entries[number / 3] : NULL;
        if (number_table_find(table, number) != expected)
            return false;
    }
    return true;
}

static unsigned longest_chain(const struct number_table *table) {
    unsigned longest = 0;
    struct numbered *entry;

    for (size_t i = 0; i < table->bucket_count; i++) {
        unsigned length = 0;
        hlist_for_each_entry(entry, &table->buckets[i], node)
            length++;
        longest = longest > length ? longest : length;
    }
    return longest;
}

static void fill(struct number_table *table, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        CHECK_EQ(number_table_add(table, &entries[i], 3 * i), 0);
}

TEST(number_table_grows) {
    struct number_table table = { .ops = &ops };

    blocks_allowed = 2;
    CHECK(number_table_find(&table, 0) == NULL);
    fill(&table, NENTRIES);
    CHECK(finds_exactly(&table, NENTRIES));
    CHECK(longest_chain(&table) <= 3);
    for (unsigned i = NENTRIES; i-- > NENTRIES / 2;)
        number_table_remove(&table, &entries[i]);
    CHECK(finds_exactly(&table, NENTRIES / 2));
    number_table_free(&table);
    CHECK_EQ(blocks, 0);
    CHECK(finds_exactly(&table, 0));
}

TEST(number_table_without_memory) {
    struct number_table table = { .ops = &ops };

    blocks_allowed = 0;
    CHECK_EQ(number_table_add(&table, &entries[0], 0), -ENOMEM);
    blocks_allowed = 1;
    fill(&table, NENTRIES);
    CHECK(finds_exactly(&table, NENTRIES));
    number_table_free(&table);
    CHECK_EQ(blocks, 0);
}
