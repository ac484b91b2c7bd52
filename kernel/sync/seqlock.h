/*
 * Sequence counts and locks: readers of small data never write shared memory; they read the count,
 * the data, and the count again, and start over when a writer was there. What they read meanwhile
 * may be torn or mixed: it must not be used, and pointers not followed unless RCU keeps them valid.
 *
 * Invariant: the count is odd exactly while a writer is at work.
 */
#pragma once

#include "kernel/sync/spinlock.h"

/* Writers are serialised by another lock. */
struct seqcount {
    uint32_t sequence;
};

static inline void seqcount_init(struct seqcount *count) {
    atomic_store_relaxed(&count->sequence, 0u);
}

/* Waits until no writer is at work. */
static inline uint32_t seqcount_read_begin(const struct seqcount *count) {
    uint32_t sequence;
    while (unlikely((sequence = atomic_load(&count->sequence)) & 1))
        __builtin_ia32_pause();
    return sequence;
}

/* Does not wait: with a writer at work the matching retry is true. */
static inline uint32_t seqcount_read_snapshot(const struct seqcount *count) {
    return atomic_load(&count->sequence) & ~1u;
}

/* True: a writer was there, what was read since `sequence` is not consistent. */
static inline bool seqcount_read_retry(const struct seqcount *count, uint32_t sequence) {
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return unlikely(atomic_load_relaxed(&count->sequence) != sequence);
}

static inline void seqcount_write_begin(struct seqcount *count) {
    atomic_store_relaxed(&count->sequence, count->sequence + 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void seqcount_write_end(struct seqcount *count) {
    atomic_store(&count->sequence, count->sequence + 1);
}

/* A sequence count with the spin lock that serialises its writers. */
struct seqlock {
    struct seqcount count;
    struct spinlock lock;
};

#define SEQLOCK_INIT(lock_class) {{0}, SPINLOCK_INIT(lock_class)}

static inline uint32_t seqlock_read_begin(const struct seqlock *seqlock) {
    return seqcount_read_begin(&seqlock->count);
}

static inline bool seqlock_read_retry(const struct seqlock *seqlock, uint32_t sequence) {
    return seqcount_read_retry(&seqlock->count, sequence);
}

static inline void seqlock_write_lock(struct seqlock *seqlock) {
    spin_lock(&seqlock->lock);
    seqcount_write_begin(&seqlock->count);
}

static inline void seqlock_write_unlock(struct seqlock *seqlock) {
    seqcount_write_end(&seqlock->count);
    spin_unlock(&seqlock->lock);
}
