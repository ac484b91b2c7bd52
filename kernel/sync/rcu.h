/*
 * Read-copy-update for a kernel that is not preemptible: a reader is any stretch of code that does
 * not sleep, so reading costs nothing. A quiescent state is a context switch, user mode or idle.
 * Callbacks run (in thread or deferred context, interrupts on) once every CPU has passed one.
 */
#pragma once

#include "kernel/sync/lockdep.h"
#include "lib/atomic.h"

struct rcu_head {
    struct rcu_head *next;
    void (*callback)(struct rcu_head *head);
};

/* Mark readers in the source; they compile to a compiler barrier. */
static inline void rcu_read_lock(void) {
    compiler_barrier();
}
static inline void rcu_read_unlock(void) {
    compiler_barrier();
}

#define rcu_dereference(pointer) atomic_load_consume(&(pointer))
#define rcu_assign(pointer, value) atomic_store(&(pointer), value)

/* Calls callback(head) after a grace period. Any context; never sleeps, never fails. */
void rcu_defer(struct rcu_head *head, void (*callback)(struct rcu_head *head));

/* Waits for a grace period. May sleep. */
void rcu_synchronize(void);

/* Told by the scheduler: the running CPU is in a quiescent state. */
void rcu_quiescent(void);
