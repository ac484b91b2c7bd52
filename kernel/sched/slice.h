/* Slices: how long a thread keeps its CPU while others wait for it. Private to the scheduler. */
#pragma once

#include "kernel/sched/run_queue.h"

/* Once for each run queue, on its CPU. */
void slice_init(struct run_queue *rq);
/* At a switch, to a thread if `busy`: the timer runs while the CPU does. rq->lock held. */
void slice_arm(struct run_queue *rq, uint64_t now_ns, bool busy);
