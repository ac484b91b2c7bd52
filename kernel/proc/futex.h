/* Futexes: sleeping on a word of user memory. futex(2), linux/futex.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct task;

void futex_init(void); /* once */

/* The word at a user address, as whoever shares it names it. */
struct futex_wait_request {
    uint64_t address;
    uint32_t expected; /* sleep only while the word has this value */
    uint32_t bitset;
    bool shared;          /* may be in memory shared with other processes */
    uint64_t deadline_ns; /* monotonic; WAIT_FOREVER */
};

#define FUTEX_BITSET_ANY 0xffffffffu

/* 0 woken, -EAGAIN other value, -ETIMEDOUT, -EINTR, -EFAULT, -EINVAL. May sleep. */
int futex_wait(const struct futex_wait_request *request);
/* Waits for any of several words (their deadlines are not used): the index of one that was woken, or -errno as above, -ENOMEM. */
int futex_wait_many(const struct futex_wait_request *requests, unsigned count, uint64_t deadline_ns);
/* Number woken (at most `count`), or -EFAULT, -EINVAL. */
int futex_wake(uint64_t address, bool shared, unsigned count, uint32_t bitset);
/*
 * Wakes `wake` waiters of `from`, moves up to `requeue` others to `to`. Number of both, or -errno; -EAGAIN if `expected` is
 * not NULL and the word has another value.
 */
int futex_requeue(uint64_t from, uint64_t to, bool shared, unsigned wake, unsigned requeue, const uint32_t *expected);

/* Loads the word: 0, -EFAULT, -EINVAL (not aligned). */
int futex_load(uint64_t address, uint32_t *value);
/* Atomically replaces `old` by `desired`; *old receives what was there. 0 or -EFAULT, -EINVAL. */
int futex_exchange(uint64_t address, uint32_t *old, uint32_t desired);

/* Wakes waiters of a word of the running task's memory, private and shared alike. */
void futex_wake_address(uint64_t address, unsigned count);
/* The robust list of a thread that ends: its locks pass on with FUTEX_OWNER_DIED. */
void futex_robust_exit(struct task *task);

/*
 * Locks with priority inheritance: the word holds the owner's number, and who waits lends the owner its
 * real-time priority. futex_pi.c, pi_state.c.
 */
/* Takes the lock: 0; -EDEADLK, -ESRCH (no such owner), -EINVAL (the word contradicts what is known of it), -ETIMEDOUT,
 * -EINTR, -EFAULT, -ENOMEM; -EAGAIN if `try` and it is held. May sleep. */
int futex_lock_pi(uint64_t address, bool shared, uint64_t deadline_ns, bool try);
/* 0, -EPERM (not the owner), -EINVAL, -EFAULT. */
int futex_unlock_pi(uint64_t address, bool shared);
/* Waits on one word to be moved to the lock `to` and returns as its owner. Also -EAGAIN: interrupted after the move. */
int futex_wait_requeue_pi(const struct futex_wait_request *request, uint64_t to);
/* Gives the lock `to` to the first waiter of `from` if it is free, lets it and up to `requeue` more wait for it. */
int futex_requeue_pi(uint64_t from, uint64_t to, bool shared, unsigned requeue, uint32_t expected);
/* The locks of a thread that leaves its memory pass on. It gets no others until `pi.closed` is false again. */
void futex_pi_exit(struct task *task);
/* The thread's own policy or priority has changed: so does what it lends. */
void futex_pi_rescheduled(struct task *task);
