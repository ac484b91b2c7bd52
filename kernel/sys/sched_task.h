/* What the calls about scheduling share: whom they mean, who may, what they report. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct task;

/* linux/sched/prio.h */
#define NICE_MIN (-20)
#define NICE_MAX 19
#define RT_PRIORITY_MAX 99

/* Under rcu_read_lock; NULL if there is no such thread. 0 is the caller. */
struct task *sched_find_task(int tid);
/* May the caller change how that thread is scheduled? For the worse, at least. */
bool sched_may_change(const struct task *task);
/* Does RLIMIT_NICE, or a privilege of the caller, allow that nice? */
bool sched_may_nice(const struct task *task, int nice);

/* What the readers report, copied out under RCU. */
struct sched_snapshot {
    int policy, priority, nice;
    bool reset_on_fork;
    uint64_t affinity;
};
/* 0, -ESRCH, or `if_negative` for a number that cannot be one. */
int sched_read_task(int tid, struct sched_snapshot *snapshot, int if_negative);
