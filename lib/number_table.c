/* Table of numbered things; see number_table.h for the invariants. */
#include "lib/number_table.h"

#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"

#define BUCKETS_AT_FIRST 16u

static struct hlist_head *bucket_of(const struct number_table *table, unsigned number) {
    return &table->buckets[number & (table->bucket_count - 1)];
}

/* Moves every entry into `count` new buckets. Without memory for them the table stays as it is. */
static void resize(struct number_table *table, size_t count) {
    const struct number_table old = *table;
    struct hlist_head *buckets = table->ops->alloc(count * sizeof *buckets);
    struct hlist_node *following;
    struct numbered *entry;

    if (!buckets)
        return;
    memset(buckets, 0, count * sizeof *buckets);
    table->buckets = buckets;
    table->bucket_count = count;
    for (size_t i = 0; i < old.bucket_count; i++) {
        hlist_for_each_entry_safe(entry, following, &old.buckets[i], node)
            hlist_add(&entry->node, bucket_of(table, entry->number));
    }
    table->ops->free(old.buckets);
}

int number_table_add(struct number_table *table, struct numbered *entry, unsigned number) {
    if (table->count == table->bucket_count)
        resize(table, MAX(2 * table->bucket_count, (size_t)BUCKETS_AT_FIRST));
    if (table->bucket_count == 0)
        return -ENOMEM;
    entry->number = number;
    hlist_add(&entry->node, bucket_of(table, number));
    table->count++;
    return 0;
}

void number_table_remove(struct number_table *table, struct numbered *entry) {
    ASSERT(table->count > 0 && hlist_is_linked(&entry->node));
    hlist_remove(&entry->node);
    table->count--;
}

struct numbered *number_table_find(const struct number_table *table, unsigned number) {
    struct numbered *entry;

    if (table->bucket_count == 0)
        return NULL;
    hlist_for_each_entry(entry, bucket_of(table, number), node) {
        if (entry->number == number)
            return entry;
    }
    return NULL;
}

void number_table_free(struct number_table *table) {
    table->ops->free(table->buckets);
    table->buckets = NULL;
    table->bucket_count = table->count = 0;
}
