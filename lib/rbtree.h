/*
 * Intrusive red-black tree (Cormen et al., Introduction to Algorithms, ch. 13), optionally
 * augmented with a value per node that summarises its subtree. The caller compares keys:
 * it walks from root->top to an empty link, calls rb_link_node, then rb_insert_fixup.
 * The caller serialises all access. Never allocates; usable in any context.
 *
 * Invariants: 1. a red node has no red child; 2. every path from a node down to an empty link
 * passes equally many black nodes; 3. the top node is black.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rb_side { RB_LEFT, RB_RIGHT };

struct rb_node {
    uintptr_t parent_and_colour; /* bit 0 set: black */
    struct rb_node *child[2];    /* by enum rb_side */
};

struct rb_root {
    struct rb_node *top; /* NULL: empty */
};

struct rb_augment {
    /* Recomputes the node's summary from itself and its children's summaries. Whether it changed: what lies
     * above is looked at only then. */
    bool (*update)(struct rb_node *node);
};

static inline struct rb_node *rb_parent(const struct rb_node *node) {
    return (struct rb_node *)(node->parent_and_colour & ~(uintptr_t)1);
}

/* Makes `node` a red leaf at the empty link `*link`, which belongs to `parent`. */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
                                struct rb_node **link) {
    node->parent_and_colour = (uintptr_t)parent;
    node->child[RB_LEFT] = node->child[RB_RIGHT] = NULL;
    *link = node;
}

/* Restores the invariants after rb_link_node, and the summaries from the node upward. */
void rb_insert_augmented(struct rb_root *root, struct rb_node *node,
                         const struct rb_augment *augment);
void rb_erase_augmented(struct rb_root *root, struct rb_node *node,
                        const struct rb_augment *augment);

/* Brings summaries up to date after the node's own value changed. */
void rb_update_path(struct rb_node *node, const struct rb_augment *augment);

static inline void rb_insert_fixup(struct rb_root *root, struct rb_node *node) {
    rb_insert_augmented(root, node, NULL);
}

static inline void rb_erase(struct rb_root *root, struct rb_node *node) {
    rb_erase_augmented(root, node, NULL);
}

/* The outermost node on one side; NULL when the tree is empty. */
struct rb_node *rb_end(const struct rb_root *root, enum rb_side side);

/* The neighbour in order; NULL at the end. */
struct rb_node *rb_step(const struct rb_node *node, enum rb_side side);

static inline struct rb_node *rb_first(const struct rb_root *root) {
    return rb_end(root, RB_LEFT);
}

static inline struct rb_node *rb_last(const struct rb_root *root) {
    return rb_end(root, RB_RIGHT);
}

static inline struct rb_node *rb_next(const struct rb_node *node) {
    return rb_step(node, RB_RIGHT);
}

static inline struct rb_node *rb_prev(const struct rb_node *node) {
    return rb_step(node, RB_LEFT);
}
