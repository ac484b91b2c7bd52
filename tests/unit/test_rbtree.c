/* lib/rbtree: invariants, order and summaries through random inserts and erases. */
#include "lib/rbtree.h"

#include "tests/unit/unit.h"

#define NKEYS 300

struct entry {
    struct rb_node node;
    int key;
    int subtree_size; /* the summary */
    bool present;
};

static struct entry entries[NKEYS];
static struct rb_root root;

static struct entry *entry_of(struct rb_node *node) {
    return container_of(node, struct entry, node);
}

static int size_of(struct rb_node *node) {
    return node ? entry_of(node)->subtree_size : 0;
}

static bool update(struct rb_node *node) {
    int old = entry_of(node)->subtree_size;

    entry_of(node)->subtree_size = 1 + size_of(node->child[0]) + size_of(node->child[1]);
    return entry_of(node)->subtree_size != old;
}

static const struct rb_augment augment = { update };

static bool is_red(struct rb_node *node) {
    return node && !(node->parent_and_colour & 1);
}

/* Checks the subtree; returns the number of black nodes on each of its paths. */
static int check_subtree(struct rb_node *node, struct rb_node *parent) {
    if (!node)
        return 0;
    CHECK(rb_parent(node) == parent);
    CHECK(!(is_red(node) && (is_red(parent) || !parent)));
    CHECK_EQ(size_of(node), 1 + size_of(node->child[0]) + size_of(node->child[1]));
    int left = check_subtree(node->child[0], node), right = check_subtree(node->child[1], node);
    CHECK_EQ(left, right);
    return left + !is_red(node);
}

static void check_order(void) {
    struct rb_node *node = rb_first(&root), *last = NULL;

    for (int key = 0; key < NKEYS; key++) {
        if (!entries[key].present)
            continue;
        CHECK(node == &entries[key].node);
        CHECK(rb_prev(node) == last);
        last = node;
        node = rb_next(node);
    }
    CHECK(!node && rb_last(&root) == last);
}

static void insert(int key) {
    struct rb_node **link = &root.top, *parent = NULL;

    while (*link) {
        parent = *link;
        link = &parent->child[key > entry_of(parent)->key];
    }
    entries[key].key = key;
    entries[key].present = true;
    rb_link_node(&entries[key].node, parent, link);
    rb_insert_augmented(&root, &entries[key].node, &augment);
}

static void erase(int key) {
    entries[key].present = false;
    rb_erase_augmented(&root, &entries[key].node, &augment);
}

TEST(random_changes) {
    for (int step = 0; step < 20000; step++) {
        int key = (int)(unit_random() % NKEYS);
        entries[key].present ? erase(key) : insert(key);
        if (step % 16 == 0)
            check_subtree(root.top, NULL);
        if (step % 256 == 0)
            check_order();
    }
    for (int key = 0; key < NKEYS; key++)
        if (entries[key].present)
            erase(key);
    CHECK(!root.top && !rb_first(&root) && !rb_last(&root));
}

TEST(ascending_inserts_stay_shallow) {
    for (int key = 0; key < NKEYS; key++)
        insert(key);
    CHECK(check_subtree(root.top, NULL) >= 5);
    check_order();
    for (int key = NKEYS - 1; key >= 0; key--) {
        erase(key);
        check_subtree(root.top, NULL);
    }
}
