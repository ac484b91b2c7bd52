/* Numbers of threads, processes, groups and sessions: one counted object per number in use. */
#pragma once

#include "kernel/sched/wait.h"
#include "kernel/sync/rcu.h"
#include "lib/list.h"
#include "lib/refcount.h"

struct process;
struct task;

#define PID_MAX 32768 /* as Linux's default; numbers wrap and are reused late */

struct pid {
    int number;
    struct refcount refcount;
    struct task *task;               /* the thread with this tid, or NULL */
    struct process *process;         /* the process with this tgid, or NULL */
    struct list_node group_members;  /* processes with this pgid, task_list_lock */
    struct list_node session_members;
    struct process *session_leader;
    struct tty *session_tty;         /* controlling terminal of the session */
    struct wait_queue end_wait;      /* of pidfds: woken when the process ends */
    struct rcu_head rcu;
};

/* With that number, or with 0 the next free one. NULL: no memory, or none free. */
struct pid *pid_alloc(int number);
void pid_get(struct pid *pid);
void pid_put(struct pid *pid);
/* Under rcu_read_lock or task_list_lock; no reference taken. NULL if unused. */
struct pid *pid_find(int number);
/* With a reference. */
struct pid *pid_find_get(int number);
int pid_last(void);          /* the number given out last */
uint64_t pid_created(void);  /* how many were given out since boot */
void pid_init(void);
