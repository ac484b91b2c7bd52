/* Radix tree; see radix.h for the invariants. */
#include "lib/radix.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/errno.h"
#include "lib/string.h"

static unsigned slot_of(const struct radix_node *node, uint64_t index) {
    return index >> node->shift & (RADIX_SLOTS - 1);
}

/* Whether `index` lies within the range of the subtree at `node`, were that the root. */
static bool covers(const struct radix_node *node, uint64_t index) {
    unsigned bits = node->shift + RADIX_SHIFT;

    return bits >= 64 || index >> bits == 0;
}

/* The bottom node that has or would have the entry; NULL when there is no such node. */
static struct radix_node *find_leaf(const struct radix_tree *tree, uint64_t index) {
    struct radix_node *node = atomic_load(&tree->root);

    if (!node || !covers(node, index))
        return NULL;
    while (node && node->shift)
        node = atomic_load(&node->slot[slot_of(node, index)]);
    return node;
}

static void set_mark(struct radix_node *node, unsigned slot, enum radix_tag tag) {
    for (; node && !(node->mark[tag] & BIT(slot)); slot = node->offset, node = node->parent)
        atomic_store_relaxed(&node->mark[tag], node->mark[tag] | BIT(slot));
}

static void clear_mark(struct radix_node *node, unsigned slot, enum radix_tag tag) {
    for (; node && node->mark[tag] & BIT(slot); slot = node->offset, node = node->parent) {
        atomic_store_relaxed(&node->mark[tag], node->mark[tag] & ~BIT(slot));
        if (node->mark[tag])
            return;
    }
}

static struct radix_node *new_node(struct radix_tree *tree, unsigned shift) {
    struct radix_node *node = tree->ops->alloc_node();

    if (node) {
        memset(node, 0, sizeof(*node));
        node->shift = (uint8_t)shift;
    }
    return node;
}

static void link_node(struct radix_node *parent, unsigned slot, struct radix_node *node) {
    node->parent = parent;
    node->offset = (uint8_t)slot;
    atomic_store(&parent->slot[slot], node);
}

/* Frees `node` and its ancestors while they are empty. */
static void prune(struct radix_tree *tree, struct radix_node *node) {
    while (node && !node->mark[RADIX_PRESENT]) {
        struct radix_node *parent = node->parent;

        if (parent)
            atomic_store(&parent->slot[node->offset], NULL);
        else
            atomic_store(&tree->root, NULL);
        tree->ops->free_node(node);
        node = parent;
    }
}

/* Drops root nodes that only lead to the lowest indices. Readers in them still find their way. */
static void lower_root(struct radix_tree *tree) {
    struct radix_node *root = tree->root;

    while (root && root->shift && root->mark[RADIX_PRESENT] == BIT(0)) {
        struct radix_node *child = root->slot[0];

        child->parent = NULL;
        atomic_store(&tree->root, child);
        tree->ops->free_node(root);
        root = child;
    }
}

/* Makes the root tall enough for `index`. */
static int raise_root(struct radix_tree *tree, uint64_t index) {
    if (!tree->root) {
        unsigned shift = index ? log2_floor(index) / RADIX_SHIFT * RADIX_SHIFT : 0;
        struct radix_node *root = new_node(tree, shift);
        if (!root)
            return -ENOMEM;
        atomic_store(&tree->root, root);
    }
    while (!covers(tree->root, index)) {
        struct radix_node *root = new_node(tree, tree->root->shift + RADIX_SHIFT);
        if (!root)
            return -ENOMEM;
        for (enum radix_tag tag = RADIX_PRESENT; tag < RADIX_TAGS; tag++)
            root->mark[tag] = tree->root->mark[tag] ? BIT(0) : 0;
        link_node(root, 0, tree->root);
        atomic_store(&tree->root, root);
    }
    return 0;
}

void *radix_lookup(const struct radix_tree *tree, uint64_t index) {
    struct radix_node *leaf = find_leaf(tree, index);

    return leaf ? atomic_load(&leaf->slot[slot_of(leaf, index)]) : NULL;
}

int radix_insert(struct radix_tree *tree, uint64_t index, void *entry) {
    ASSERT(entry);
    int error = raise_root(tree, index);
    struct radix_node *node = tree->root;

    while (!error && node->shift) {
        unsigned slot = slot_of(node, index);
        struct radix_node *child = node->slot[slot];

        if (!child) {
            child = new_node(tree, node->shift - RADIX_SHIFT);
            if (!child) {
                error = -ENOMEM;
                break;
            }
            link_node(node, slot, child);
        }
        node = child;
    }
    if (!error && node->slot[slot_of(node, index)])
        return -EEXIST;
    if (error) {
        prune(tree, node);
        lower_root(tree);
        return error;
    }
    atomic_store(&node->slot[slot_of(node, index)], entry);
    set_mark(node, slot_of(node, index), RADIX_PRESENT);
    return 0;
}

void *radix_remove(struct radix_tree *tree, uint64_t index) {
    struct radix_node *leaf = find_leaf(tree, index);
    void *entry = leaf ? leaf->slot[slot_of(leaf, index)] : NULL;

    if (!entry)
        return NULL;
    for (enum radix_tag tag = RADIX_PRESENT; tag < RADIX_TAGS; tag++)
        clear_mark(leaf, slot_of(leaf, index), tag);
    atomic_store(&leaf->slot[slot_of(leaf, index)], NULL);
    prune(tree, leaf);
    lower_root(tree);
    return entry;
}

void *radix_replace(struct radix_tree *tree, uint64_t index, void *entry) {
    struct radix_node *leaf = find_leaf(tree, index);

    ASSERT(entry && leaf && leaf->slot[slot_of(leaf, index)]);
    return atomic_exchange(&leaf->slot[slot_of(leaf, index)], entry);
}

/* One descent for radix_next_tagged: finds an entry, or else moves *index past what is empty. */
static void *descend_tagged(const struct radix_node *node, uint64_t *index, enum radix_tag tag) {
    for (;;) {
        unsigned slot = slot_of(node, *index);
        uint64_t marks = atomic_load_relaxed(&node->mark[tag]) & ~(uint64_t)0 << slot;
        unsigned found = marks ? (unsigned)__builtin_ctzll(marks) : RADIX_SLOTS;

        if (found != slot)
            *index = ((*index >> node->shift) + (found - slot)) << node->shift;
        void *below = marks ? atomic_load(&node->slot[found]) : NULL;
        if (marks && !below)
            *index = ((*index >> node->shift) + 1) << node->shift;
        if (!below || !node->shift)
            return below;
        node = below;
    }
}

void *radix_next_tagged(const struct radix_tree *tree, uint64_t *index, enum radix_tag tag) {
    for (;;) {
        const struct radix_node *root = atomic_load(&tree->root);
        uint64_t from = *index;

        if (!root || !covers(root, from))
            return NULL;
        void *entry = descend_tagged(root, index, tag);
        if (entry || *index <= from) /* not past `from`: wrapped around at the last index */
            return entry;
    }
}

void radix_tag_set(struct radix_tree *tree, uint64_t index, enum radix_tag tag) {
    struct radix_node *leaf = find_leaf(tree, index);

    ASSERT(tag != RADIX_PRESENT && leaf && leaf->slot[slot_of(leaf, index)]);
    set_mark(leaf, slot_of(leaf, index), tag);
}

void radix_tag_clear(struct radix_tree *tree, uint64_t index, enum radix_tag tag) {
    struct radix_node *leaf = find_leaf(tree, index);

    ASSERT(tag != RADIX_PRESENT);
    if (leaf)
        clear_mark(leaf, slot_of(leaf, index), tag);
}

bool radix_tag_test(const struct radix_tree *tree, uint64_t index, enum radix_tag tag) {
    const struct radix_node *leaf = find_leaf(tree, index);

    return leaf && atomic_load_relaxed(&leaf->mark[tag]) & BIT(slot_of(leaf, index));
}
