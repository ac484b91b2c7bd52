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
/* Number woken (at most `count`), or -EFAULT, -EINVAL. */
int futex_wake(uint64_t address, bool shared, unsigned count, uint32_t bitset);
/* Wakes `wake` waiters of `from`, moves up to `requeue` others to `to`. Number of both, or -errno. */
int futex_requeue(uint64_t from, uint64_t to, bool shared, unsigned wake, unsigned requeue);

/* Loads the word: 0, -EFAULT, -EINVAL (not aligned). */
int futex_load(uint64_t address, uint32_t *value);
/* Atomically replaces `old` by `desired`; *old receives what was there. 0 or -EFAULT, -EINVAL. */
int futex_exchange(uint64_t address, uint32_t *old, uint32_t desired);

/* Wakes waiters of a word of the running task's memory, private and shared alike. */
void futex_wake_address(uint64_t address, unsigned count);
/* The robust list of a thread that ends: its locks pass on with FUTEX_OWNER_DIED. */
void futex_robust_exit(struct task *task);
