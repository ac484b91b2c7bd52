/*
 * Run-time check of the lock order (debug builds). Each lock belongs to a class; whenever a lock is
 * taken while others are held, the order "held class before taken class" is recorded, and an
 * acquisition that closes a cycle is reported with both chains. Classes taken in interrupt context
 * may never be held with interrupts enabled.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lock_class {
    const char *name;
    uint16_t id;         /* 0 until first use */
    uint8_t used_in_irq; /* taken in interrupt context at least once */
    uint8_t held_irq_on; /* held with interrupts enabled at least once */
};

#define LOCK_CLASS_UNUSED __attribute__((unused))

/* Locks that one context holds, in the order of acquisition. Spin locks are the CPU's, sleeping locks the thread's. */
#define LOCKDEP_HELD_MAX 24u
struct lockdep_held {
    uint32_t count;
    struct {
        struct lock_class *class;
        const void *lock;
    } entries[LOCKDEP_HELD_MAX];
};

#if CONFIG_DEBUG
/* Spin locks. Any context. The `_nested` form is for several of one class whose order the caller guarantees
 * otherwise: only the order with other classes is checked. The `_try` form checks none: a trylock never waits. */
void lockdep_acquire(struct lock_class *lock_class, const void *lock);
void lockdep_acquire_nested(struct lock_class *lock_class, const void *lock);
void lockdep_acquire_try(struct lock_class *lock_class, const void *lock);
void lockdep_release(struct lock_class *lock_class, const void *lock);
/* The same for locks whose holder may sleep. */
void lockdep_acquire_sleeping(struct lock_class *lock_class, const void *lock);
void lockdep_acquire_sleeping_nested(struct lock_class *lock_class, const void *lock);
void lockdep_acquire_sleeping_try(struct lock_class *lock_class, const void *lock);
void lockdep_release_sleeping(struct lock_class *lock_class, const void *lock);
/* Reports if the running CPU holds a spin lock: called where a thread is about to sleep. */
void lockdep_assert_may_sleep(const char *where);
/* The scheduler switches to a thread that holds these sleeping locks. Interrupts off. */
void lockdep_switch(struct lockdep_held *held);
/* The class with this id, from 1 on; NULL: there are no more. */
const struct lock_class *lockdep_class(unsigned id);
/* Whether a lock of class `taken` was ever taken while one of class `held` was held. */
bool lockdep_was_nested(const struct lock_class *held, const struct lock_class *taken);
/* Around the handling of an interrupt. */
void lockdep_irq_enter(void);
void lockdep_irq_exit(void);
#else
static inline void lockdep_assert_may_sleep(const char *where) {
    (void)where;
}
static inline void lockdep_irq_enter(void) {
}
static inline void lockdep_irq_exit(void) {
}
#endif

/* Reports so far, and those that nobody expected: 0 in a correct kernel. */
uint32_t lockdep_report_count(void);
uint32_t lockdep_unexpected_count(void);
/* For the self-test that seeds a fault: reports are counted but not logged. */
void lockdep_expect_reports(bool expect);
