/* Completions, and the wait for an RCU grace period that is built on them. */
#include "kernel/sched/completion.h"

#include "kernel/sync/rcu.h"

void completion_done(struct completion *completion) {
    struct wait_queue *queue = &completion->waiters;
    uint64_t flags = spin_lock_irqsave(&queue->lock);
    struct list_node *node;

    atomic_store(&completion->done, true);
    list_for_each(node, &queue->entries)
        thread_wake(list_entry(node, struct wait_entry, node)->thread, THREAD_WAKE_NORMAL, false);
    spin_unlock_irqrestore(&queue->lock, flags);
}

void completion_wait(struct completion *completion) {
    WAIT_EVENT(&completion->waiters, atomic_load(&completion->done));
}

struct rcu_waiter {
    struct rcu_head head;
    struct completion passed;
};

static void grace_period_passed(struct rcu_head *head) {
    completion_done(&container_of(head, struct rcu_waiter, head)->passed);
}

void rcu_synchronize(void) {
    struct rcu_waiter waiter;

    completion_init(&waiter.passed);
    rcu_defer(&waiter.head, grace_period_passed);
    rcu_expedite_begin();
    completion_wait(&waiter.passed);
    rcu_expedite_end();
}
