/*
 * Red-black tree. Left and right are an index, so each mirrored pair of cases is written once:
 * `side` is the side the case is about, !side the other.
 */
#include "lib/rbtree.h"

#include "lib/assert.h"

#define RB_BLACK ((uintptr_t)1)

static bool is_red(const struct rb_node *node) {
    return node && !(node->parent_and_colour & RB_BLACK);
}

static void paint_black(struct rb_node *node) {
    node->parent_and_colour |= RB_BLACK;
}

static void paint_red(struct rb_node *node) {
    node->parent_and_colour &= ~RB_BLACK;
}

static void set_parent(struct rb_node *node, struct rb_node *parent) {
    node->parent_and_colour = (uintptr_t)parent | (node->parent_and_colour & RB_BLACK);
}

static enum rb_side side_of(const struct rb_node *parent, const struct rb_node *node) {
    return parent && parent->child[RB_RIGHT] == node ? RB_RIGHT : RB_LEFT;
}

/* Hangs `with` (may be NULL) where `node` hung under `parent`. */
static void replace(struct rb_root *root, struct rb_node *parent, struct rb_node *node,
                    struct rb_node *with) {
    if (parent)
        parent->child[side_of(parent, node)] = with;
    else
        root->top = with;
    if (with)
        set_parent(with, parent);
}

void rb_update_path(struct rb_node *node, const struct rb_augment *augment) {
    while (node && augment && augment->update(node))
        node = rb_parent(node);
}

/* Brings summaries up to date from `node` to `moved` at least: that is above it, with the summary of where it was. */
static void update_past(struct rb_node *node, const struct rb_node *moved, const struct rb_augment *augment) {
    bool past = moved == NULL;

    for (; !past && augment; node = rb_parent(node)) {
        augment->update(node);
        past = node == moved;
    }
    rb_update_path(node, augment);
}

/* Moves `node` down on `side`; its other child takes its place. Order is kept. */
static void rotate(struct rb_root *root, struct rb_node *node, enum rb_side side,
                   const struct rb_augment *augment) {
    struct rb_node *pivot = node->child[!side];

    ASSERT(pivot);
    node->child[!side] = pivot->child[side];
    if (pivot->child[side])
        set_parent(pivot->child[side], node);
    replace(root, rb_parent(node), node, pivot);
    pivot->child[side] = node;
    set_parent(node, pivot);
    if (augment) {
        augment->update(node);
        augment->update(pivot);
    }
}

void rb_insert_augmented(struct rb_root *root, struct rb_node *node,
                         const struct rb_augment *augment) {
    struct rb_node *parent;

    update_past(node, node, augment);
    while (is_red(parent = rb_parent(node))) {
        struct rb_node *grandparent = rb_parent(parent);
        enum rb_side side = side_of(grandparent, parent);
        struct rb_node *uncle = grandparent->child[!side];

        if (is_red(uncle)) {
            paint_black(parent);
            paint_black(uncle);
            paint_red(grandparent);
            node = grandparent;
            continue;
        }
        if (node == parent->child[!side]) {
            rotate(root, parent, side, augment);
            parent = node;
        }
        paint_black(parent);
        paint_red(grandparent);
        rotate(root, grandparent, !side, augment);
        break;
    }
    paint_black(root->top);
}

/* Paths through parent->child[side] lack one black node: repairs that. */
static void erase_fixup(struct rb_root *root, struct rb_node *parent, enum rb_side side,
                        const struct rb_augment *augment) {
    while (parent && !is_red(parent->child[side])) {
        struct rb_node *sibling = parent->child[!side];

        ASSERT(sibling);
        if (is_red(sibling)) {
            paint_black(sibling);
            paint_red(parent);
            rotate(root, parent, side, augment);
            sibling = parent->child[!side];
            ASSERT(sibling);
        }
        if (!is_red(sibling->child[0]) && !is_red(sibling->child[1])) {
            paint_red(sibling);
            side = side_of(rb_parent(parent), parent);
            if (is_red(parent)) {
                paint_black(parent);
                return;
            }
            parent = rb_parent(parent);
            continue;
        }
        if (!is_red(sibling->child[!side])) {
            paint_black(sibling->child[side]);
            paint_red(sibling);
            rotate(root, sibling, !side, augment);
            sibling = parent->child[!side];
        }
        if (is_red(parent))
            paint_red(sibling);
        paint_black(parent);
        paint_black(sibling->child[!side]);
        rotate(root, parent, side, augment);
        return;
    }
    struct rb_node *node = parent ? parent->child[side] : root->top;
    if (node)
        paint_black(node);
}

/* Puts `next`, the leftmost node right of `node`, in its place. Returns next's old parent. */
static struct rb_node *replace_by_next(struct rb_root *root, struct rb_node *node,
                                       struct rb_node *next) {
    struct rb_node *parent = rb_parent(next);

    if (parent == node) {
        parent = next;
    } else {
        replace(root, parent, next, next->child[RB_RIGHT]);
        next->child[RB_RIGHT] = node->child[RB_RIGHT];
        set_parent(next->child[RB_RIGHT], next);
    }
    next->child[RB_LEFT] = node->child[RB_LEFT];
    set_parent(next->child[RB_LEFT], next);
    next->parent_and_colour = node->parent_and_colour;
    replace(root, rb_parent(node), node, next);
    return parent;
}

void rb_erase_augmented(struct rb_root *root, struct rb_node *node,
                        const struct rb_augment *augment) {
    struct rb_node *parent = rb_parent(node);
    enum rb_side side = side_of(parent, node);
    struct rb_node *next = NULL;
    bool lost_black = !is_red(node);

    if (node->child[RB_LEFT] && node->child[RB_RIGHT]) {
        next = rb_next(node);
        lost_black = !is_red(next);
        side = rb_parent(next) == node ? RB_RIGHT : RB_LEFT;
        parent = replace_by_next(root, node, next);
    } else {
        struct rb_node *child = node->child[RB_LEFT] ? node->child[RB_LEFT] : node->child[RB_RIGHT];
        replace(root, parent, node, child);
    }
    update_past(parent, next, augment);
    if (lost_black)
        erase_fixup(root, parent, side, augment);
}

struct rb_node *rb_end(const struct rb_root *root, enum rb_side side) {
    struct rb_node *node = root->top;

    while (node && node->child[side])
        node = node->child[side];
    return node;
}

struct rb_node *rb_step(const struct rb_node *node, enum rb_side side) {
    struct rb_node *next = node->child[side];

    if (next) {
        while (next->child[!side])
            next = next->child[!side];
        return next;
    }
    for (next = rb_parent(node); next && node == next->child[side]; next = rb_parent(next))
        node = next;
    return next;
}
