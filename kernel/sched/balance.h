/* Which CPU a thread runs on. Private to the scheduler. */
#pragma once

#include "kernel/sched/run_queue.h"

/* Idle CPUs: a bit is set by its CPU before it halts, cleared by it or by who gives it a thread. Atomic. */
extern uint64_t idle_cpus;

/* The CPUs that run and that `thread` may use. */
uint64_t balance_allowed(const struct thread *thread);

/*
 * Where a thread that last ran on `last` is best queued. `sync`: the running thread is about to
 * sleep, so its CPU is as good as an idle one and needs no interrupt. Interrupts off.
 */
uint32_t balance_choose(const struct thread *thread, uint32_t last, bool sync);

/* The same for a thread that has not run yet. */
uint32_t balance_choose_new(const struct thread *thread);

/*
 * Moves a thread that is on no queue from the run queue `from`, which is locked, to that of `cpu` or,
 * should its affinity change meanwhile, of another that it may use; returns that, locked. In between
 * the thread is runnable, but neither queued nor running.
 */
struct run_queue *balance_move(struct thread *thread, struct run_queue *from, uint32_t cpu);

/* Takes a thread from another CPU's queue; NULL: there is none. rq->lock held. */
struct thread *balance_steal(struct run_queue *rq);
/*
 * Takes a thread over from the CPU with the largest load, if the difference does not grow by that. Where it
 * stays the same, threads take turns in having a CPU with less to do. False: the one whose turn it is runs now, try
 * again soon. rq->lock held.
 */
bool balance_pull(struct run_queue *rq);
/* Whether stealing is worth a try. */
bool balance_can_steal(const struct run_queue *rq);
/* Wakes an idle CPU so that it steals from this queue, where threads wait. */
void balance_offer(const struct run_queue *rq);
