/*
 * Who waits for whom: the graph of contended locks with priority inheritance. An edge leads from a
 * thread to the lock it waits for (at most one), and from a lock to its owner.
 *
 * Invariants
 *  1. The graph has no circle: pi_block refuses the edge that would close one.
 *  2. thread->boost of an owner is the highest run priority of all that wait for its locks.
 *  3. A state lives as long as somebody waits for its lock, or has waited and not returned yet.
 *
 * One spin lock guards all edges, `owner`, `waiters` and `struct pi_links`; "run queue" is taken inside it. What
 * the words in user memory say is the affair of futex_pi.c.
 */
#pragma once

#include "kernel/proc/futex_internal.h"
#include "kernel/task/task.h"
#include "lib/rbtree.h"

struct pi_state {
    struct refcount refcount; /* one of each waiter */
    struct futex_key key;
    struct task *owner;             /* NULL: none any more */
    struct hlist_node owned_node;   /* owner->pi.owned */
    struct rb_root waiters;         /* by priority, then arrival */
    bool owner_died;                /* the word does not name the new owner yet; the bucket's pi_lock */
};

struct pi_waiter {
    struct futex_waiter base; /* `woken`: it owns the lock */
    struct task *task;
    struct pi_state *state;   /* with a reference; NULL: waits to be moved to `target`. The target bucket's pi_lock */
    struct futex_key target;  /* the lock's */
    struct rb_node node;      /* state->waiters */
    uint8_t priority;         /* its run priority, as it is sorted */
    bool blocked;             /* in that tree */
};

/* For a lock that `owner` holds, with one reference. ERR_PTR(-ENOMEM), or -ESRCH: the owner ends. */
struct pi_state *pi_state_create(const struct futex_key *key, struct task *owner);
void pi_state_put(struct pi_state *state);
/* waiter->task waits for waiter->state: 0 or -EDEADLK. */
int pi_block(struct pi_waiter *waiter);
/* It does not any more, unless it has got the lock. */
void pi_unblock(struct pi_waiter *waiter);
/* The one to get the lock next; NULL: nobody. It cannot leave while the bucket's pi_lock is held. */
struct pi_waiter *pi_first(struct pi_state *state);
/* Makes it the owner and wakes it; NULL: there is no owner. */
void pi_hand_over(struct pi_state *state, struct pi_waiter *waiter);
/* Some contended lock that the task owns, with a reference; NULL: none is left, and it gets no others. */
struct pi_state *pi_close(struct task *task);
bool pi_is_owner(const struct pi_state *state, const struct task *task);
