/* Wait queues and timed sleeps. A wait queue's lock nests outside run-queue locks. */
#include "kernel/sched/wait.h"

#include "kernel/log/panic.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"

DEFINE_LOCK_CLASS(wait_queue_class, "wait queue");

void wait_queue_init(struct wait_queue *queue) {
    spin_init(&queue->lock, wait_queue_class);
    list_init(&queue->entries);
}

/* Ordinary waiters first, so that a wake-up meets them before it has used up its exclusive ones. */
static void enlist(struct wait_queue *queue, struct wait_entry *entry) {
    if (entry->exclusive)
        list_add_tail(&entry->node, &queue->entries);
    else
        list_add(&entry->node, &queue->entries);
}

void wait_prepare(struct wait_queue *queue, struct wait_entry *entry, enum thread_state state) {
    if (entry->thread == NULL) {
        entry->thread = current_thread();
        uint64_t flags = spin_lock_irqsave(&queue->lock);
        enlist(queue, entry);
        spin_unlock_irqrestore(&queue->lock, flags);
    }
    /* A full barrier: the state is visible before the caller tests its condition. */
    atomic_exchange(&current_thread()->state, (uint32_t)state);
}

void wait_finish(struct wait_queue *queue, struct wait_entry *entry) {
    atomic_store(&current_thread()->state, (uint32_t)THREAD_RUNNABLE);
    wait_remove(queue, entry);
    entry->thread = NULL;
}

void wait_add(struct wait_queue *queue, struct wait_entry *entry) {
    uint64_t flags = spin_lock_irqsave(&queue->lock);
    enlist(queue, entry);
    spin_unlock_irqrestore(&queue->lock, flags);
}

void wait_remove(struct wait_queue *queue, struct wait_entry *entry) {
    uint64_t flags = spin_lock_irqsave(&queue->lock);
    list_remove(&entry->node);
    spin_unlock_irqrestore(&queue->lock, flags);
}

/* The queue's lock is held. */
static inline __attribute__((always_inline)) void wake_entries(struct wait_queue *queue, unsigned exclusive_count,
                                                               uint32_t key, bool sync) {
    struct list_node *node, *following;

    list_for_each_safe(node, following, &queue->entries) {
        struct wait_entry *entry = list_entry(node, struct wait_entry, node);
        bool woken = entry->wake != NULL ? entry->wake(entry, key, sync)
                                         : thread_wake(entry->thread, THREAD_WAKE_NORMAL, sync);
        if (woken && entry->exclusive && --exclusive_count == 0)
            break;
    }
}

/* Empty or not, after the condition's change has become visible. */
static bool anybody_waits(const struct wait_queue *queue) {
    memory_barrier();
    return !list_is_empty(&queue->entries);
}

/* Apart, so that a wake-up of nobody saves no registers. */
static __attribute__((noinline)) void lock_and_wake(struct wait_queue *queue, unsigned exclusive_count, uint32_t key,
                                                    bool sync) {
    uint64_t flags = spin_lock_irqsave(&queue->lock);
    wake_entries(queue, exclusive_count, key, sync);
    spin_unlock_irqrestore(&queue->lock, flags);
}

void wait_wake(struct wait_queue *queue, unsigned exclusive_count, uint32_t key, bool sync) {
    if (anybody_waits(queue))
        lock_and_wake(queue, exclusive_count, key, sync);
}

void wait_wake_nested(struct wait_queue *queue, unsigned exclusive_count, uint32_t key, bool sync) {
    if (!anybody_waits(queue))
        return;
    spin_lock_nested(&queue->lock);
    wake_entries(queue, exclusive_count, key, sync);
    spin_unlock(&queue->lock);
}

struct sleep_timer {
    struct timer timer;
    struct thread *thread;
};

static void sleep_expire(struct timer *timer) {
    thread_wake(container_of(timer, struct sleep_timer, timer)->thread, THREAD_WAKE_NORMAL, false);
}

int schedule_until(uint64_t deadline) {
    struct sleep_timer sleep = {.thread = current_thread()};

    if (deadline == WAIT_FOREVER) {
        schedule();
        return 0;
    }
    if (deadline_passed(deadline)) {
        atomic_store(&sleep.thread->state, (uint32_t)THREAD_RUNNABLE);
        return -ETIMEDOUT;
    }
    timer_init(&sleep.timer, sleep_expire);
    timer_start(&sleep.timer, deadline);
    schedule();
    bool expired = !timer_cancel_sync(&sleep.timer);
    return expired ? -ETIMEDOUT : 0;
}
