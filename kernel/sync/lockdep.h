/*
 * Run-time check of the lock order (debug builds). Each lock belongs to a class; whenever a lock is
 * taken while others are held, the order "held class before taken class" is recorded, and an
 * acquisition that closes a cycle is reported with both chains. Classes taken in interrupt context
 * may never be held with interrupts enabled.
 */
#pragma once

#include <stdint.h>

struct lock_class {
    const char *name;
    uint16_t id;         /* 0 until first use */
    uint8_t used_in_irq; /* taken in interrupt context at least once */
    uint8_t held_irq_on; /* held with interrupts enabled at least once */
};

#define LOCK_CLASS_UNUSED __attribute__((unused))

#if CONFIG_DEBUG
void lockdep_acquire(struct lock_class *lock_class, const void *lock);
void lockdep_acquire_try(struct lock_class *lock_class, const void *lock);
void lockdep_release(struct lock_class *lock_class, const void *lock);
/* Reports if the running CPU holds a spin lock: called where a thread is about to sleep. */
void lockdep_assert_may_sleep(const char *where);
#else
static inline void lockdep_assert_may_sleep(const char *where) {
    (void)where;
}
#endif
