/*
 * Radix tree: a sparse array from a 64-bit index to a pointer, with 64-way nodes and two tag
 * bits per entry. Made for the page cache: the index is a page number in a file.
 *
 * Writers (insert, remove, tags, destroy) are serialised by the caller. Readers (lookup, next,
 * tag test) may run beside a writer under RCU if ops->free_node defers the free past a grace
 * period; they then see each entry either before or after a change.
 *
 * Invariants: 1. a node's mark bit is set iff the mark holds for something below that slot;
 * 2. every node except during an insert has at least one present slot; 3. root->parent is NULL
 * and each other node is at parent->slot[node->offset].
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/bits.h"

#define RADIX_SHIFT 6
#define RADIX_SLOTS (1u << RADIX_SHIFT)

enum radix_tag { RADIX_PRESENT, RADIX_DIRTY, RADIX_WRITEBACK, RADIX_TAGS };

struct radix_node {
    struct radix_node *parent;
    uint8_t shift;             /* index bits below this node's own six */
    uint8_t offset;            /* its slot in parent */
    uint64_t mark[RADIX_TAGS]; /* a bit per slot */
    void *slot[RADIX_SLOTS];   /* entries where shift is 0, else nodes */
};

struct radix_ops {
    void *(*alloc_node)(void); /* sizeof(struct radix_node) bytes of any content, or NULL */
    void (*free_node)(void *node);
};

struct radix_tree {
    struct radix_node *root; /* NULL: empty */
    const struct radix_ops *ops;
};

static inline void radix_init(struct radix_tree *tree, const struct radix_ops *ops) {
    tree->root = NULL;
    tree->ops = ops;
}

static inline bool radix_is_empty(const struct radix_tree *tree) {
    return !tree->root;
}

/* The entry at `index`, or NULL. */
void *radix_lookup(const struct radix_tree *tree, uint64_t index);

/* Stores a non-NULL entry without tags. -EEXIST when there is one, -ENOMEM. */
must_check int radix_insert(struct radix_tree *tree, uint64_t index, void *entry);

/* Takes out the entry with its tags. Returns it, or NULL when there was none. */
void *radix_remove(struct radix_tree *tree, uint64_t index);

/* Exchanges the entry at `index`, which must exist, for another; tags stay. Returns the old. */
void *radix_replace(struct radix_tree *tree, uint64_t index, void *entry);

/*
 * The first entry at *index or above, whose index goes to *index; NULL when there is none.
 * To go on, add 1 to *index (and stop if that gives 0).
 */
void *radix_next_tagged(const struct radix_tree *tree, uint64_t *index, enum radix_tag tag);

static inline void *radix_next(const struct radix_tree *tree, uint64_t *index) {
    return radix_next_tagged(tree, index, RADIX_PRESENT);
}

/* RADIX_DIRTY and RADIX_WRITEBACK of an entry. Setting needs the entry to exist. */
void radix_tag_set(struct radix_tree *tree, uint64_t index, enum radix_tag tag);
void radix_tag_clear(struct radix_tree *tree, uint64_t index, enum radix_tag tag);
bool radix_tag_test(const struct radix_tree *tree, uint64_t index, enum radix_tag tag);

/* Whether any entry has the tag. */
static inline bool radix_is_tagged(const struct radix_tree *tree, enum radix_tag tag) {
    return tree->root && tree->root->mark[tag];
}
