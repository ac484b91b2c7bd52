/*
 * Intrusive circular doubly-linked list. A head is a list_node too; an empty list is a head
 * that points to itself. The caller serialises changes; with the _rcu functions readers may
 * walk meanwhile, provided that removed entries are freed only after a grace period.
 */
#pragma once

#include <stdbool.h>

#include "lib/atomic.h"
#include "lib/bits.h"

struct list_node {
    struct list_node *next, *prev;
};

#define LIST_INIT(head) { &(head), &(head) }

static inline void list_init(struct list_node *node) {
    node->next = node->prev = node;
}

static inline bool list_is_empty(const struct list_node *head) {
    return atomic_load_relaxed(&head->next) == head;
}

/* Inserts between two neighbours; the release store publishes the entry to RCU readers. */
static inline void list_insert_between(struct list_node *node, struct list_node *prev,
                                       struct list_node *next) {
    node->next = next;
    node->prev = prev;
    next->prev = node;
    atomic_store(&prev->next, node);
}

/* After `where`: first in the list when that is the head. */
static inline void list_add(struct list_node *node, struct list_node *where) {
    list_insert_between(node, where, where->next);
}

/* Before `where`: last in the list when that is the head. */
static inline void list_add_tail(struct list_node *node, struct list_node *where) {
    list_insert_between(node, where->prev, where);
}

/* Unlinks, and leaves the node an empty list: removing it again does nothing. */
static inline void list_remove(struct list_node *node) {
    node->next->prev = node->prev;
    node->prev->next = node->next;
    list_init(node);
}

/* Moves all entries of `from` to the tail of `to`, and leaves `from` empty. */
static inline void list_splice_tail(struct list_node *from, struct list_node *to) {
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

static inline void list_add_rcu(struct list_node *node, struct list_node *where) {
    list_add(node, where);
}

static inline void list_add_tail_rcu(struct list_node *node, struct list_node *where) {
    list_add_tail(node, where);
}

/* Unlinks but keeps node->next, which a reader may be about to follow. */
static inline void list_remove_rcu(struct list_node *node) {
    node->next->prev = node->prev;
    atomic_store(&node->prev->next, node->next);
    node->prev = NULL;
}

#define list_entry(node, type, member) container_of(node, type, member)

/* The list must not be empty. */
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)

#define list_for_each(node, head) \
    for ((node) = (head)->next; (node) != (head); (node) = (node)->next)

/* The body may remove `node`. */
#define list_for_each_safe(node, following, head) \
    for ((node) = (head)->next, (following) = (node)->next; (node) != (head); \
         (node) = (following), (following) = (node)->next)

#define list_for_each_entry(pos, head, member) \
    for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member); &(pos)->member != (head); \
         (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

/* The body may remove `pos`. */
#define list_for_each_entry_safe(pos, following, head, member) \
    for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member), \
        (following) = list_entry((pos)->member.next, __typeof__(*(pos)), member); \
         &(pos)->member != (head); (pos) = (following), \
        (following) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

#define list_for_each_entry_rcu(pos, head, member) \
    for ((pos) = list_entry(atomic_load(&(head)->next), __typeof__(*(pos)), member); \
         &(pos)->member != (head); \
         (pos) = list_entry(atomic_load(&(pos)->member.next), __typeof__(*(pos)), member))
