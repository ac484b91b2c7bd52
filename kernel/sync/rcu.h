/*
 * Read-copy-update for a kernel that is not preemptible: a reader is any stretch of code that does
 * not sleep, so reading costs nothing. A quiescent state is a context switch, user mode or idle.
 * Callbacks run (in thread context, interrupts on) once every CPU has passed one.
 */
#pragma once

#include "kernel/arch/percpu.h"
#include "kernel/sync/lockdep.h"
#include "lib/atomic.h"
#include "lib/bits.h"

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

#define rcu_dereference(pointer) atomic_load(&(pointer))
#define rcu_assign(pointer, value) atomic_store(&(pointer), value)

/* Calls callback(head) after a grace period; it must not sleep. Any context; never sleeps, never fails. */
void rcu_defer(struct rcu_head *head, void (*callback)(struct rcu_head *head));

/* Waits for a grace period. May sleep. (Implemented by the scheduler.) */
void rcu_synchronize(void);

/* The running CPU takes part from now on. Interrupts off. */
void rcu_cpu_online(void);

/*
 * `kick` makes a CPU pass a quiescent state soon (a reschedule request); it is called when callbacks
 * pile up or somebody waits. Set once by the scheduler.
 */
void rcu_set_kick(void (*kick)(uint32_t cpu));
/* Between the two, CPUs are asked for quiescent states and callbacks run without waiting for a batch. */
void rcu_expedite_begin(void);
void rcu_expedite_end(void);

/*
 * Around the halt of an idle CPU, interrupts off: grace periods do not wait for it. Returns whether
 * there is nothing for it to do, so that it may halt. Interrupt entry leaves the state too.
 */
DECLARE_PER_CPU(uint32_t, rcu_idle);
bool rcu_idle_enter(void);
static inline void rcu_idle_exit(void) {
    if (this_cpu(rcu_idle) != 0)
        atomic_exchange(this_cpu_ptr(rcu_idle), 0u); /* a full barrier: readers come after it */
}

/* The two halves of what the scheduler does at each context switch, in idle and on return to user. */
DECLARE_PER_CPU(uint32_t, rcu_attention); /* a grace period or ready callbacks wait for this CPU */
void rcu_quiescent_slow(void);
/* Told by the scheduler: the running CPU is in a quiescent state. Interrupts off or on; no spin locks held. */
static inline void rcu_quiescent(void) {
    if (unlikely(this_cpu(rcu_attention) != 0))
        rcu_quiescent_slow();
}
/* Runs callbacks whose grace period has passed, if there is a batch of them or `all`. Interrupts on. */
void rcu_run_callbacks(bool all);

struct rcu_stats {
    uint64_t grace_periods, callbacks_run, backlog; /* backlog: callbacks that wait, on all CPUs */
    uint64_t pending_cpus; /* bit per CPU that the grace period under way waits for */
};
void rcu_stats_read(struct rcu_stats *stats);
