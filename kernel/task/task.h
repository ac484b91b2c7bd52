/*
 * User threads and processes. A `struct process` is what POSIX calls a process (Linux: thread
 * group); each of its threads is a `struct task`. Address space, files, working directory, signal
 * handlers and credentials are separately counted, because clone() can share each by itself.
 *
 * `task_list_lock` guards the tree: parent, children, threads, process groups, sessions and the
 * pid table's writers; readers of the pid table use RCU. `process->lock` guards signal state.
 */
#pragma once

#include "kernel/arch/frame.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/wait.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "kernel/task/rlimit.h"
#include "kernel/task/signal.h"
#include "lib/refcount.h"

struct space;       /* kernel/vm/space.h: address space */
struct file_table;  /* fs/vfs/file_table.h */
struct fs_context;  /* fs/vfs/fs_context.h: root, cwd, umask */
struct tty;         /* kernel/tty/tty.h */
struct file;

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE, PROCESS_REAPED };

struct process {
    struct refcount refcount;
    struct pid *pid, *group, *session; /* tgid, pgid, sid */
    struct process *parent;
    struct list_node sibling, children; /* task_list_lock */
    struct list_node threads;           /* of struct task, task_list_lock */
    uint32_t thread_count;
    struct list_node group_node, session_node;
    enum process_state state;
    int exit_status;                 /* as wait4 reports it */
    bool exiting;                    /* exit_group or a fatal signal is under way */
    bool executed;                   /* has called execve since fork (setpgid refuses then) */
    uint8_t exit_signal;             /* sent to the parent; SIGCHLD for fork */
    bool stopped, stop_reported, continued_unreported; /* job control */
    uint8_t stop_signal;
    struct wait_queue child_wait;    /* the parent sleeps here in wait4 */
    struct wait_queue *vfork_wait;   /* a vfork parent waits for exec or exit; NULL otherwise */

    struct spinlock lock;            /* irqsave; guards `shared_pending`, rlimits, timers */
    struct signal_handlers *handlers;
    struct signal_pending shared_pending;
    struct rlimit limits[RLIMIT_COUNT];
    struct tty *tty;                 /* controlling terminal; task_list_lock */
    uint64_t start_time_ns;
    uint64_t dead_user_ns, dead_system_ns;         /* of threads that have exited */
    uint64_t children_user_ns, children_system_ns; /* of reaped children */
    struct process_timers *timers;   /* itimers, POSIX timers; NULL until used */
    struct rcu_head rcu;
};

struct task {
    struct thread thread; /* first: current_task() is a cast-free container_of */
    struct process *process;
    struct list_node process_node; /* process->threads */
    struct pid *tid;
    struct space *space;
    struct file_table *files;
    struct fs_context *fs;
    const struct cred *cred;       /* immutable; replaced whole by its own thread */
    struct signal_state signals;   /* mask, pending, altstack */
    uint64_t clear_child_tid;      /* user address, or 0 */
    uint64_t robust_list;          /* user address */
    uint64_t rseq_address;         /* user address */
    struct restart_block { /* restart_syscall after a stop */
        int64_t (*restart)(struct restart_block *block);
        uint64_t deadline_ns, user_remaining;
    } restart;
    uint64_t minor_faults, major_faults;
    struct rcu_head rcu;
};

static inline struct task *thread_to_task(struct thread *thread) {
    return container_of(thread, struct task, thread);
}
/* Valid only in a system call, exception from user mode, or a thread made by task_create. */
static inline struct task *current_task(void) {
    return thread_to_task(current_thread());
}
static inline struct process *current_process(void) {
    return current_task()->process;
}
/* The user registers, at the top of the kernel stack. */
static inline struct trap_frame *task_frame(struct task *task) {
    return (struct trap_frame *)(uintptr_t)(task->thread.kernel_stack_top -
                                            sizeof(struct trap_frame));
}

/* Guards the process tree, groups, sessions. Taken irqsave. */
extern struct spinlock task_list_lock;

void process_get(struct process *process);
void process_put(struct process *process);
/* Looks up and references; NULL if there is none. */
struct process *process_find(int pid);
/* Visits every process (task_list_lock held meanwhile: the visitor must not sleep). */
void process_each(bool (*visit)(struct process *process, void *context), void *context);
/* The process that adopts orphans: pid 1. */
extern struct process *init_process;
