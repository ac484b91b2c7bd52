/* What locks with priority inheritance and their condition variables share. All but the last: the bucket's pi_lock is held. */
#pragma once

#include "kernel/proc/pi_state.h"

/*
 * The first waiter of this word, if it waits in the way asked for: for the lock itself, or to be moved to `target`.
 * NULL: nobody waits; ERR_PTR(-EINVAL): in another way. It cannot leave: that takes the pi_lock of the lock's bucket.
 */
struct pi_waiter *futex_pi_first(const struct futex_key *key, const struct futex_key *target);
/*
 * 1: the task owns the lock. 0: it has to wait, *state is what for, with a reference. Or -errno. `contended`: its word is to
 * say that others wait.
 */
int futex_pi_take(uint64_t address, const struct futex_key *key, const struct task *task, bool contended,
                  struct pi_state **state);
/* After the sleep: leaves the list. 0 if the lock is ours, else `result`. */
int futex_pi_leave(struct pi_waiter *waiter, uint64_t address, int result);
/* One for the running thread. */
struct pi_waiter futex_pi_waiter(enum futex_waiter_kind kind);
