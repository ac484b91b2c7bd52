/* The graph of priority inheritance. Contracts, invariants and lock: pi_state.h. */
#include "kernel/proc/pi_state.h"

#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"

#define CHAIN_MAX 1024u /* owners that wait for owners: longer is taken for a circle, as on Linux */

DEFINE_LOCK_CLASS(pi_graph_class, "priority inheritance");
static struct spinlock graph_lock = SPINLOCK_INIT(pi_graph_class);

/* ---- the tree of waiters ---- */

static struct pi_waiter *first_waiter(const struct pi_state *state) {
    struct rb_node *node = rb_first(&state->waiters);
    return node == NULL ? NULL : container_of(node, struct pi_waiter, node);
}

static void tree_insert(struct pi_waiter *waiter) {
    struct rb_root *root = &waiter->state->waiters;
    struct rb_node **link = &root->top, *parent = NULL;

    waiter->priority = atomic_load_relaxed(&waiter->task->thread.run_priority);
    while (*link != NULL) {
        parent = *link;
        bool before = waiter->priority > container_of(parent, struct pi_waiter, node)->priority;
        link = &parent->child[before ? RB_LEFT : RB_RIGHT];
    }
    rb_link_node(&waiter->node, parent, link);
    rb_insert_fixup(root, &waiter->node);
}

/* ---- boosts ---- */

static uint8_t highest_waiter(const struct task *owner) {
    const struct pi_state *state;
    uint8_t highest = 0;

    hlist_for_each_entry(state, &owner->pi.owned, owned_node) {
        const struct pi_waiter *first = first_waiter(state);
        if (first != NULL && first->priority > highest)
            highest = first->priority;
    }
    return highest;
}

/* What waits for the task has changed: it changes, and with it those it waits for. */
static void propagate(struct task *task) {
    while (task != NULL) {
        uint8_t boost = highest_waiter(task);
        if (boost == task->thread.boost)
            return;
        sched_set_boost(&task->thread, boost);
        struct pi_waiter *waiter = task->pi.waiter;
        if (waiter == NULL)
            return;
        rb_erase(&waiter->state->waiters, &waiter->node);
        tree_insert(waiter);
        task = waiter->state->owner;
    }
}

static void set_owner(struct pi_state *state, struct task *owner) {
    struct task *previous = state->owner;

    if (previous != NULL)
        hlist_remove(&state->owned_node);
    state->owner = owner;
    if (owner != NULL)
        hlist_add(&state->owned_node, &owner->pi.owned);
    propagate(previous);
    propagate(owner);
}

/* ---- states ---- */

struct pi_state *pi_state_create(const struct futex_key *key, struct task *owner) {
    struct pi_state *state = kzalloc(sizeof *state);
    if (state == NULL)
        return ERR_PTR(-ENOMEM);
    refcount_init(&state->refcount, 1);
    state->key = *key;
    uint64_t flags = spin_lock_irqsave(&graph_lock);
    bool closed = owner->pi.closed;
    if (!closed)
        set_owner(state, owner);
    spin_unlock_irqrestore(&graph_lock, flags);
    if (!closed)
        return state;
    kfree(state);
    return ERR_PTR(-ESRCH);
}

void pi_state_put(struct pi_state *state) {
    if (!refcount_put(&state->refcount))
        return;
    ASSERT(state->waiters.top == NULL);
    uint64_t flags = spin_lock_irqsave(&graph_lock);
    set_owner(state, NULL);
    spin_unlock_irqrestore(&graph_lock, flags);
    kfree(state);
}

bool pi_is_owner(const struct pi_state *state, const struct task *task) {
    return atomic_load_relaxed(&state->owner) == task;
}

/* ---- edges ---- */

static bool closes_circle(const struct pi_waiter *waiter) {
    const struct task *owner = waiter->state->owner;

    for (unsigned i = 0; i < CHAIN_MAX; i++) {
        if (owner == waiter->task)
            return true;
        if (owner == NULL || owner->pi.waiter == NULL)
            return false;
        owner = owner->pi.waiter->state->owner;
    }
    return true;
}

int pi_block(struct pi_waiter *waiter) {
    uint64_t flags = spin_lock_irqsave(&graph_lock);
    int error = closes_circle(waiter) ? -EDEADLK : 0;

    if (error == 0) {
        ASSERT(waiter->task->pi.waiter == NULL);
        waiter->task->pi.waiter = waiter;
        waiter->blocked = true;
        tree_insert(waiter);
        propagate(waiter->state->owner);
    }
    spin_unlock_irqrestore(&graph_lock, flags);
    return error;
}

/* Off its lock's tree. Graph locked. */
static void leave_tree(struct pi_waiter *waiter) {
    rb_erase(&waiter->state->waiters, &waiter->node);
    waiter->blocked = false;
    waiter->task->pi.waiter = NULL;
}

void pi_unblock(struct pi_waiter *waiter) {
    uint64_t flags = spin_lock_irqsave(&graph_lock);
    if (waiter->blocked) {
        leave_tree(waiter);
        propagate(waiter->state->owner);
    }
    spin_unlock_irqrestore(&graph_lock, flags);
}

struct pi_waiter *pi_first(struct pi_state *state) {
    uint64_t flags = spin_lock_irqsave(&graph_lock);
    struct pi_waiter *waiter = first_waiter(state);
    spin_unlock_irqrestore(&graph_lock, flags);
    return waiter;
}

void pi_hand_over(struct pi_state *state, struct pi_waiter *waiter) {
    uint64_t flags = spin_lock_irqsave(&graph_lock);
    if (waiter != NULL)
        leave_tree(waiter);
    set_owner(state, waiter == NULL ? NULL : waiter->task);
    if (waiter != NULL) {
        atomic_store(&waiter->base.woken, true);
        thread_wake(&waiter->task->thread, THREAD_WAKE_SIGNAL, false);
    }
    spin_unlock_irqrestore(&graph_lock, flags);
}

struct pi_state *pi_close(struct task *task) {
    uint64_t flags = spin_lock_irqsave(&graph_lock);
    struct pi_state *state;

    task->pi.closed = true;
    for (;;) {
        state = hlist_entry_or_null(task->pi.owned.first, struct pi_state, owned_node);
        if (state == NULL || refcount_get_not_zero(&state->refcount))
            break;
        set_owner(state, NULL); /* its last waiter has just returned and is about to free it */
    }
    spin_unlock_irqrestore(&graph_lock, flags);
    return state;
}

void futex_pi_rescheduled(struct task *task) {
    uint64_t flags = spin_lock_irqsave(&graph_lock);
    struct pi_waiter *waiter = task->pi.waiter;

    if (waiter != NULL) {
        rb_erase(&waiter->state->waiters, &waiter->node);
        tree_insert(waiter);
        propagate(waiter->state->owner);
    }
    spin_unlock_irqrestore(&graph_lock, flags);
}
