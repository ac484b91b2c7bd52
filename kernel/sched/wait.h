/*
 * Waiting for an event. One primitive serves sleeping (on-stack entries), poll and epoll (callback
 * entries). No wake-up is lost: the waiter is on the queue and its state is set before it tests
 * the condition; the waker changes the condition before it wakes.
 */
#pragma once

#include "kernel/sched/sched.h"

struct wait_queue {
    struct spinlock lock; /* guards `entries`; irqsave: interrupts wake */
    struct list_node entries;
};

struct wait_entry {
    struct list_node node;
    struct thread *thread;
    bool exclusive; /* wake_one wakes at most one of these */
    /* Called under the queue's lock, in the waker's context; returns true if it woke somebody.
     * `key` says what happened (poll event bits; 0: unspecified). */
    bool (*wake)(struct wait_entry *entry, uint32_t key, bool sync);
};

void wait_queue_init(struct wait_queue *queue);

/* Puts `entry` (zeroed by the caller, but for `exclusive`) on the queue once and sets the running thread's state. */
void wait_prepare(struct wait_queue *queue, struct wait_entry *entry, enum thread_state state);
/* Back to RUNNABLE and off the queue. */
void wait_finish(struct wait_queue *queue, struct wait_entry *entry);

/* For callback entries: the caller filled in `wake`. */
void wait_add(struct wait_queue *queue, struct wait_entry *entry);
void wait_remove(struct wait_queue *queue, struct wait_entry *entry);

/* All non-exclusive waiters and at most `exclusive_count` exclusive ones. Any context. */
void wait_wake(struct wait_queue *queue, unsigned exclusive_count, uint32_t key, bool sync);
/* The same from an entry's `wake`, so under another queue's lock, perhaps one of the same class: the caller states
 * in which order. */
void wait_wake_nested(struct wait_queue *queue, unsigned exclusive_count, uint32_t key, bool sync);
static inline void wait_wake_all(struct wait_queue *queue) {
    wait_wake(queue, ~0u, 0, false);
}
static inline void wait_wake_one(struct wait_queue *queue) {
    wait_wake(queue, 1, 0, false);
}

#define WAIT_FOREVER UINT64_MAX /* DEADLINE_NEVER */

/* Sleeps until woken or until `deadline` (kernel/time/timer.h): 0, or -ETIMEDOUT. The caller has set the state. */
int schedule_until(uint64_t deadline);

/*
 * Sleeps until `condition` holds. WAIT_EVENT cannot be interrupted. The other returns 0, -EINTR
 * when a signal came first, or -ETIMEDOUT after `deadline_ns` (kernel/time/timer.h; WAIT_FOREVER: none).
 */
#define WAIT_EVENT(queue, condition)                                \
    do {                                                            \
        struct wait_entry wait_event_entry = {0};                   \
        for (;;) {                                                  \
            wait_prepare((queue), &wait_event_entry, THREAD_BLOCKED); \
            if (condition)                                          \
                break;                                              \
            schedule();                                             \
        }                                                           \
        wait_finish((queue), &wait_event_entry);                    \
    } while (0)

#define WAIT_EVENT_INTERRUPTIBLE(queue, condition, deadline_ns)        \
    ({                                                                 \
        struct wait_entry wait_event_entry = {0};                      \
        int wait_event_result = 0;                                     \
        for (;;) {                                                     \
            wait_prepare((queue), &wait_event_entry, THREAD_SLEEPING); \
            if (condition) {                                           \
                wait_event_result = 0;                                 \
                break;                                                 \
            }                                                          \
            if (wait_event_result < 0)                                 \
                break;                                                 \
            if (thread_interrupted()) {                                \
                wait_event_result = -EINTR;                            \
                break;                                                 \
            }                                                          \
            wait_event_result = schedule_until(deadline_ns);           \
        }                                                              \
        wait_finish((queue), &wait_event_entry);                       \
        wait_event_result;                                             \
    })
