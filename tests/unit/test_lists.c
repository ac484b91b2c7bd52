/* lib/list.h, lib/hlist.h, lib/ring.h, lib/refcount.h, lib/errptr.h */
#include "lib/list.h"

#include "tests/unit/unit.h"

#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/hlist.h"
#include "lib/refcount.h"
#include "lib/ring.h"

struct item {
    int value;
    struct list_node node;
    struct hlist_node hash_node;
};

static struct item items[5] = { { .value = 0 }, { .value = 1 }, { .value = 2 }, { .value = 3 }, { .value = 4 } };

/* The values of a list as decimal digits. */
static int digits_of(struct list_node *head) {
    int digits = 0;
    struct item *item;

    list_for_each_entry_rcu(item, head, node)
        digits = digits * 10 + item->value;
    return digits;
}

TEST(list) {
    struct list_node head = LIST_INIT(head), other;
    struct item *item, *next;

    list_init(&other);
    CHECK(list_is_empty(&head));
    for (int i = 1; i < 4; i++)
        list_add_tail(&items[i].node, &head);
    list_add(&items[4].node, &head);
    CHECK_EQ(digits_of(&head), 4123);
    CHECK_EQ(list_first_entry(&head, struct item, node)->value, 4);
    CHECK_EQ(list_last_entry(&head, struct item, node)->value, 3);
    list_remove(&items[1].node);
    list_remove(&items[1].node);
    CHECK_EQ(digits_of(&head), 423);
    list_splice_tail(&head, &other);
    list_splice_tail(&head, &other);
    CHECK(list_is_empty(&head));
    list_add_tail_rcu(&items[1].node, &other);
    CHECK_EQ(digits_of(&other), 4231);
    list_remove_rcu(&items[2].node);
    CHECK(items[2].node.next == &items[3].node);
    list_for_each_entry_safe(item, next, &other, node)
        list_remove(&item->node);
    CHECK(list_is_empty(&other));
}

TEST(hlist) {
    struct hlist_head head = { NULL };
    struct hlist_node *next;
    struct item *item;
    int digits = 0;

    for (int i = 0; i < 5; i++)
        hlist_add(&items[i].hash_node, &head);
    hlist_remove(&items[4].hash_node);
    hlist_remove_rcu(&items[2].hash_node);
    CHECK(items[2].hash_node.next == &items[1].hash_node && !hlist_is_linked(&items[2].hash_node));
    hlist_for_each_entry(item, &head, hash_node)
        digits = digits * 10 + item->value;
    CHECK_EQ(digits, 310);
    hlist_for_each_entry_safe(item, next, &head, hash_node)
        hlist_remove(&item->hash_node);
    CHECK(hlist_is_empty(&head));
}

TEST(ring) {
    uint8_t memory[8], out[16], byte;
    struct ring ring;

    ring_init(&ring, memory, sizeof(memory));
    ring.written = ring.taken = UINT32_MAX - 2; /* about to wrap */
    CHECK(!ring_get(&ring, &byte));
    CHECK_EQ(ring_write(&ring, "abcdefghij", 10), 8);
    CHECK_EQ(ring_space(&ring), 0);
    CHECK(!ring_put(&ring, 'x'));
    CHECK_EQ(ring_read(&ring, out, 3), 3);
    CHECK(ring_put(&ring, 'k'));
    CHECK_EQ(ring_read(&ring, out + 3, 13), 6);
    CHECK(memcmp(out, "abcdefghk", 9) == 0);
}

TEST(refcount) {
    struct refcount ref;

    refcount_init(&ref, 1);
    refcount_get(&ref);
    CHECK(refcount_get_not_zero(&ref));
    CHECK(!refcount_put(&ref) && !refcount_put(&ref) && refcount_put(&ref));
    CHECK(!refcount_get_not_zero(&ref));
    refcount_init(&ref, REFCOUNT_MAX);
    refcount_get(&ref);
    CHECK_EQ(refcount_read(&ref), REFCOUNT_SATURATED);
    CHECK(!refcount_put(&ref) && refcount_read(&ref) == REFCOUNT_SATURATED);
    CHECK(refcount_get_not_zero(&ref) && refcount_read(&ref) == REFCOUNT_SATURATED);
}

TEST(error_pointers) {
    int object;

    CHECK(IS_ERR(ERR_PTR(-ENOENT)) && IS_ERR(ERR_PTR(-4095)) && !IS_ERR(ERR_PTR(-4096)));
    CHECK(!IS_ERR(&object) && !IS_ERR(NULL) && IS_ERR_OR_NULL(NULL));
    CHECK_EQ(PTR_ERR(ERR_PTR(-EIO)), -EIO);
}
