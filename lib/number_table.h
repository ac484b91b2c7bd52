/*
 * Things found by number in constant time however many there are: a hash table that doubles. For numbers handed
 * out in sequence, which programs cannot choose: the low bits are the bucket. Not for RCU readers: the caller
 * serialises all access.
 *
 * Invariants: 1. each entry is in bucket `number & (bucket_count - 1)`; 2. bucket_count is a power of two, or 0
 * in a table that never had an entry; 3. `count` entries are linked.
 */
#pragma once

#include <stddef.h>

#include "lib/hlist.h"


struct numbered {
    struct hlist_node node;
    unsigned number;
};

struct number_table_ops {
    void *(*alloc)(size_t size); /* of any content, or NULL */
    void (*free)(void *memory);
};

struct number_table { /* all zero but for ops: empty */
    const struct number_table_ops *ops;
    struct hlist_head *buckets;
    size_t bucket_count, count;
};

/* Adds an entry under a number that is not in use. -ENOMEM only when the table never had an entry: later it grows
 * longer chains instead. */
must_check int number_table_add(struct number_table *table, struct numbered *entry, unsigned number);
void number_table_remove(struct number_table *table, struct numbered *entry);
/* NULL when there is none. */
struct numbered *number_table_find(const struct number_table *table, unsigned number);
/* Frees the table's memory; entries are forgotten, not touched. */
void number_table_free(struct number_table *table);
