/*
 * Spin locks. The kernel is not preemptible, so a holder is never descheduled; a holder must not
 * sleep. A lock that is also taken in interrupt context must be taken with the _irqsave forms
 * everywhere. In debug builds every acquisition is checked against the lock order (lockdep.h).
 */
#pragma once

#include "kernel/arch/irqflags.h"
#include "kernel/sync/lockdep.h"
#include "lib/atomic.h"
#include "lib/bits.h"

struct spinlock {
    uint32_t locked; /* 0 free, 1 held */
#if CONFIG_DEBUG
    struct lock_class *class;
#endif
};

#if CONFIG_DEBUG
#define SPINLOCK_INIT(lock_class) {0, &(lock_class)}
#else
#define SPINLOCK_INIT(lock_class) {0}
#endif

/* Declares a lock class: its name in reports and in the lock order. One per kind of lock, file scope. */
#define DEFINE_LOCK_CLASS(identifier, text) static LOCK_CLASS_UNUSED struct lock_class identifier = {.name = (text)}

#if CONFIG_DEBUG
#define spin_init(lock, lock_class) ((lock)->locked = 0, (lock)->class = &(lock_class), (void)0)
#else
#define spin_init(lock, lock_class) ((lock)->locked = 0, (void)sizeof(lock_class))
#endif

void spin_lock_contended(struct spinlock *lock);

static inline void spin_lock(struct spinlock *lock) {
#if CONFIG_DEBUG
    lockdep_acquire(lock->class, lock);
#endif
    uint32_t expected = 0;
    if (unlikely(!atomic_compare_exchange(&lock->locked, &expected, 1u)))
        spin_lock_contended(lock);
}

/* Takes a second lock of a class of which one is held; the caller states in which order. */
static inline void spin_lock_nested(struct spinlock *lock) {
    uint32_t expected = 0;
#if CONFIG_DEBUG
    lockdep_acquire_nested(lock->class, lock);
#endif
    if (unlikely(!atomic_compare_exchange(&lock->locked, &expected, 1u)))
        spin_lock_contended(lock);
}

static inline bool spin_trylock(struct spinlock *lock) {
    uint32_t expected = 0;
    bool taken = atomic_compare_exchange(&lock->locked, &expected, 1u);
#if CONFIG_DEBUG
    if (taken)
        lockdep_acquire_try(lock->class, lock);
#endif
    return taken;
}

static inline void spin_unlock(struct spinlock *lock) {
#if CONFIG_DEBUG
    lockdep_release(lock->class, lock);
#endif
    atomic_store(&lock->locked, 0u);
}

/* Disables interrupts and locks; returns the flags for spin_unlock_irqrestore. */
static inline uint64_t spin_lock_irqsave(struct spinlock *lock) {
    uint64_t flags = irq_save();
    spin_lock(lock);
    return flags;
}

static inline void spin_unlock_irqrestore(struct spinlock *lock, uint64_t flags) {
    spin_unlock(lock);
    irq_restore(flags);
}

static inline bool spin_is_locked(const struct spinlock *lock) {
    return atomic_load_relaxed(&lock->locked) != 0;
}
