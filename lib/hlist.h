/*
 * Intrusive list with a one-pointer head, for hash buckets. An all-zero head is empty and an
 * all-zero node is unlinked. The caller serialises changes; adding publishes to RCU readers,
 * and hlist_remove_rcu lets them walk on from a removed entry.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/atomic.h"
#include "lib/bits.h"

struct hlist_node {
    struct hlist_node *next;
    struct hlist_node **link; /* the pointer that points here; NULL when in no list */
};

struct hlist_head {
    struct hlist_node *first;
};

static inline bool hlist_is_empty(const struct hlist_head *head) {
    return !atomic_load_relaxed(&head->first);
}

static inline bool hlist_is_linked(const struct hlist_node *node) {
    return node->link != NULL;
}

static inline void hlist_add(struct hlist_node *node, struct hlist_head *head) {
    node->next = head->first;
    node->link = &head->first;
    if (node->next)
        node->next->link = &node->next;
    atomic_store(&head->first, node);
}

static inline void hlist_add_rcu(struct hlist_node *node, struct hlist_head *head) {
    hlist_add(node, head);
}

/* Unlinks but keeps node->next, which a reader may be about to follow. */
static inline void hlist_remove_rcu(struct hlist_node *node) {
    atomic_store(node->link, node->next);
    if (node->next)
        node->next->link = node->link;
    node->link = NULL;
}

static inline void hlist_remove(struct hlist_node *node) {
    hlist_remove_rcu(node);
    node->next = NULL;
}

/* The structure that holds `node`, or NULL for NULL. */
#define hlist_entry_or_null(node, type, member) \
    ({ \
        __typeof__(node) hlist_node_ = (node); \
        hlist_node_ ? container_of(hlist_node_, type, member) : NULL; \
    })

#define hlist_for_each_entry(pos, head, member) \
    for ((pos) = hlist_entry_or_null((head)->first, __typeof__(*(pos)), member); (pos); \
         (pos) = hlist_entry_or_null((pos)->member.next, __typeof__(*(pos)), member))

/* The body may remove `pos`; `following` is a struct hlist_node *. */
#define hlist_for_each_entry_safe(pos, following, head, member) \
    for ((pos) = hlist_entry_or_null((head)->first, __typeof__(*(pos)), member); \
         (pos) && ((following) = (pos)->member.next, true); \
         (pos) = hlist_entry_or_null(following, __typeof__(*(pos)), member))

#define hlist_for_each_entry_rcu(pos, head, member) \
    for ((pos) = hlist_entry_or_null(atomic_load(&(head)->first), __typeof__(*(pos)), member); \
         (pos); (pos) = hlist_entry_or_null(atomic_load(&(pos)->member.next), \
                                            __typeof__(*(pos)), member))
