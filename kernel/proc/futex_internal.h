/* What the files of futexes share: words' identities, buckets of waiters. Locks: futex.c. */
#pragma once

#include "kernel/proc/futex.h"
#include "kernel/sched/mutex.h"

struct futex_key {
    uint64_t owner; /* the address of the struct space, or the identity of the object */
    uint64_t offset;
};

struct futex_bucket {
    struct spinlock lock;
    struct list_node waiters;
    uint64_t arrivals;    /* waiters put into the list since the start */
    struct mutex pi_lock; /* agreement of words with their struct pi_state; held while words are touched */
};

enum futex_waiter_kind {
    FUTEX_WAITER_PLAIN,
    FUTEX_WAITER_PI,      /* part of a struct pi_waiter: waits for the lock in this word */
    FUTEX_WAITER_TO_MOVE, /* part of one too: waits to be moved to its `target` */
};

struct futex_waiter {
    struct list_node node; /* empty once woken */
    struct futex_key key;
    struct futex_bucket *bucket;
    struct thread *thread;
    uint64_t arrival; /* its number among the bucket's */
    uint32_t bitset;
    uint8_t priority; /* real-time, when it came; 0: none */
    enum futex_waiter_kind kind;
    bool woken;
};

/* Bits of the word of a robust lock or one with priority inheritance. */
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu

static inline bool futex_key_equal(const struct futex_key *a, const struct futex_key *b) {
    return a->owner == b->owner && a->offset == b->offset;
}

/* 0, -EFAULT, -EINVAL. May sleep. */
int futex_key_find(uint64_t address, bool shared, struct futex_key *key);
struct futex_bucket *futex_bucket_of(const struct futex_key *key);
/* Puts the waiter, whose `key` and `thread` are set, into the list. */
void futex_enlist(struct futex_bucket *bucket, struct futex_waiter *waiter);
/* Takes it off, wherever it is by now. Returns whether it was woken. */
bool futex_delist(struct futex_waiter *waiter);
/* The running thread sleeps until `woken`: 0, -EINTR, -ETIMEDOUT. */
int futex_sleep(struct futex_waiter *waiter, uint64_t deadline_ns);
