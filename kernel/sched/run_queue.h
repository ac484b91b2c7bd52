/*
 * A CPU's run queue, private to the scheduler. Real-time threads (FIFO, RR) are in one list a
 * priority, all others in a tree ordered by virtual runtime: CPU time divided by weight.
 *
 * Real-time threads go first, but not for ever: when they have had SCHED_RT_RUNTIME_US of a period, the
 * others run until it ends, if there are any. So a real-time thread that spins leaves the machine usable.
 *
 * Invariants
 *  1. A queued thread is THREAD_RUNNABLE and has `queued` set; `current` and `idle` are never queued.
 *  2. A thread's state, `cpu` and queue fields change only under the lock of the run queue of its `cpu`
 *     (the running thread may set its own state from RUNNABLE and back without it).
 *  3. The lock is held across the switch: the thread switched to releases it (finish_switch).
 */
#pragma once

#include "kernel/arch/percpu.h"
#include "kernel/sched/sched.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"

#define RT_LEVELS 100u /* priorities 1..99 */

struct run_queue {
    struct spinlock lock;
    uint32_t cpu;
    struct thread *current, *idle;
    bool runs_realtime;               /* current is a real-time thread; read without the lock too */
    struct thread *previous;          /* the one just switched from, until finish_switch */
    bool previous_leaves;             /* it is runnable, but may not use this CPU any more */
    struct thread *hint;              /* woken synchronously: runs next if that is nearly fair */
    struct mmu_context *mmu;          /* page tables loaded */
    uint32_t queued;                  /* threads waiting for the CPU */
    uint64_t queued_weight;           /* theirs together */
    uint32_t current_weight;          /* 0: idle */
    int64_t blocked;                  /* load average: switched out in THREAD_BLOCKED minus woken */
    uint64_t charged_until_ns;        /* current's time is accounted up to here */
    struct rb_root fair;
    struct rb_node *leftmost, *rightmost;
    uint64_t min_virtual_ns;          /* never decreases; where newcomers start */
    uint64_t realtime_map[2];         /* bit per non-empty list */
    struct list_node realtime[RT_LEVELS];
    uint64_t rt_period_ns, rt_used_ns; /* when the period began, if they have had any of it; how much */
    struct timer slice_timer;         /* runs only while the CPU is not idle */
    uint32_t slices;                  /* since the queues were compared last */
    const struct thread *newcomer;    /* came last by balance_pull; only compared */
    uint64_t switches, idle_ns;
    struct cpu_time busy;             /* of all threads */
};

DECLARE_PER_CPU(struct run_queue, run_queue);

static inline struct run_queue *this_run_queue(void) {
    return this_cpu_ptr(run_queue);
}
static inline struct run_queue *run_queue_of(const struct thread *thread) {
    return per_cpu_ptr(run_queue, atomic_load_relaxed(&thread->cpu));
}
static inline bool thread_is_realtime(const struct thread *thread) {
    return thread->run_priority != 0;
}

/* What its threads ask of the CPU. Read without the lock too. */
static inline uint64_t rq_load(const struct run_queue *rq) {
    return atomic_load_relaxed(&rq->queued_weight) + atomic_load_relaxed(&rq->current_weight);
}

/* All below: rq->lock held. */
void rq_init(struct run_queue *rq, uint32_t cpu);
void rq_enqueue(struct run_queue *rq, struct thread *thread);
void rq_dequeue(struct run_queue *rq, struct thread *thread);
/* Whether real-time threads have used up their part of this period, as of the last rq_charge. */
static inline bool rq_realtime_rests(const struct run_queue *rq) {
    return rq->rt_used_ns >= SCHED_RT_RUNTIME_US * NS_PER_US;
}
/* Whether a thread of the other kind than current's is to run, because that rest begins or ends. */
bool rq_changes_kind(const struct run_queue *rq);
/* The waiting real-time thread of the highest priority; NULL: none. */
struct thread *rq_first_realtime(const struct run_queue *rq);
/* Takes the thread to run next off the queue; `idle` when there is none. */
struct thread *rq_pick(struct run_queue *rq);
/* Accounts current's time up to now. */
void rq_charge(struct run_queue *rq, uint64_t now_ns);
/* Places a thread that has slept, or is new, near the others' virtual time. */
void rq_place(struct run_queue *rq, struct thread *thread, bool is_new);
/* Whether `woken` should have the CPU instead of rq->current. */
bool rq_preempts(const struct run_queue *rq, const struct thread *woken);
/* Behind every thread of its kind that waits. */
void rq_yield(struct run_queue *rq, struct thread *thread);

/* The run queue of the thread, locked; interrupts are off. */
struct run_queue *rq_lock_thread(struct thread *thread);
