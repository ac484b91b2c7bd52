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
#include "kernel/sched/completion.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/wait.h"
#include "kernel/task/cpu_clock.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "kernel/task/rlimit.h"
#include "kernel/task/signal.h"
#include "lib/hlist.h"
#include "lib/refcount.h"

struct space;       /* kernel/vm/space.h: address space */
struct file_table;  /* fs/vfs/file_table.h */
struct fs_context;  /* fs/vfs/fs_context.h: root, cwd, umask */
struct tty;         /* kernel/tty/tty.h */
struct file;
struct sem_undo_list; /* kernel/ipc/sysv_sem.h */
struct pi_waiter;   /* kernel/proc/pi_state.h */

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE, PROCESS_REAPED };

struct process {
    struct refcount refcount;
    struct pid *pid, *group, *session; /* tgid, pgid, sid */
    struct process *parent;
    const struct task *parent_task;     /* the thread of the parent it is a child of: compared, never followed */
    struct list_node sibling, children; /* task_list_lock */
    struct list_node threads;           /* of struct task, task_list_lock */
    uint32_t thread_count;
    uint32_t live_threads;              /* those that have not begun to exit; process->lock */
    struct list_node group_node, session_node, all_node;
    enum process_state state;
    int exit_status;                 /* as wait4 reports it */
    bool exiting;                    /* exit_group or a fatal signal is under way */
    bool child_subreaper;            /* adopts orphaned descendants; set by the process itself */
    int16_t oom_adjust;              /* thousandths of all memory that count as its own, -1000: never chosen; inherited */
    bool not_dumpable;               /* prctl(PR_SET_DUMPABLE): others may not look inside */
    bool executed;                   /* has called execve since fork (setpgid refuses then) */
    uint8_t exit_signal;             /* sent to the parent; SIGCHLD for fork */
    /* Job control, process->lock: `stopping` from the stop signal until SIGCONT; `stopped` once every thread has stopped */
    bool stopping, stopped, stop_reported, continued_unreported;
    bool continue_notify;            /* a thread is to tell the parent about SIGCONT */
    uint8_t stop_signal;
    uint32_t stopped_threads;
    struct wait_queue child_wait;    /* the parent sleeps here in wait4; exec, until it is the only thread */
    struct completion *vfork_done;   /* a vfork parent waits for exec or exit; NULL otherwise. process->lock */
    struct task *exec_task;          /* the thread that ends all others to run a new program; process->lock */

    struct spinlock lock;            /* irqsave; guards signal queues, rlimits, timers, and (beside task_list_lock) `threads` */
    struct signal_handlers *handlers;
    struct signal_pending shared_pending;
    struct rlimit limits[RLIMIT_COUNT];
    struct tty *tty;                 /* controlling terminal; task_list_lock */
    uint64_t start_time_ns;
    uint64_t dead_user_ns, dead_system_ns;         /* of threads that have exited */
    uint64_t children_user_ns, children_system_ns; /* of reaped children */
    char exit_name[THREAD_NAME_MAX]; /* of its last thread: what a zombie is called */
    uint32_t exit_uid;               /* real user ID of its last thread to change it: for SIGCHLD */
    struct user *user;               /* of its last thread, for whom a zombie counts; NULL while it lives */
    uint64_t children_faults, dead_faults;
    struct process_timers *timers;   /* itimers; NULL until used */
    struct posix_timers *posix_timers; /* NULL until used; process->lock */
    struct cpu_watches cpu_watches;  /* of its CPU time */
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
    struct sem_undo_list *sem_undo; /* what its semaphore operations are to be undone at its end; NULL: none yet */
    const struct cred *cred;       /* immutable; replaced whole by its own thread */
    struct signal_state signals;   /* mask, pending, altstack */
    uint64_t clear_child_tid;      /* user address, or 0 */
    uint64_t robust_list;          /* user address */
    struct pi_links {              /* of priority inheritance; its lock, kernel/proc/pi_state.h */
        struct hlist_head owned;   /* of struct pi_state: contended locks it holds */
        struct pi_waiter *waiter;  /* how it waits for such a lock; NULL: it does not */
        bool closed;               /* it gets no more of them: it ends */
    } pi;
    struct rseq_state {            /* as registered: kernel/proc/rseq.h */
        uint64_t address;          /* user address; 0: none */
        uint32_t size, signature;
    } rseq;
    struct restart_block { /* restart_syscall after a stop */
        int64_t (*restart)(struct restart_block *block);
        uint64_t deadline_ns, user_remaining;
        int clock;                 /* of the deadline, if it is CPU time */
        struct {                   /* of a futex: its address, and what was to be waited for */
            uint64_t address;
            uint32_t value, bitset;
            bool shared;
        } futex;
    } restart;
    struct cpu_watches cpu_watches; /* of its own CPU time */
    uint64_t minor_faults, major_faults;
    uint64_t fault_address;        /* of the last page fault that became a signal: CR2 for its frame */
    uint16_t memory_policy;        /* set_mempolicy(2); 0: the default */
    uint16_t io_priority;          /* ioprio_set(2); 0: none of its own */
    uint32_t personality;          /* personality(2) */
    struct task_ports *ports;      /* ioperm(2): NULL until it is allowed some (ports.h) */
    unsigned port_level;           /* iopl(2) */
    uint8_t parent_death_signal;   /* prctl PR_SET_PDEATHSIG; 0: none */
    uint8_t memory_error_policy;   /* prctl PR_MCE_KILL: 0 the default, 1 late, 2 early */
    bool io_flusher;               /* prctl PR_SET_IO_FLUSHER */
    uint64_t timer_slack_ns, default_timer_slack_ns; /* prctl PR_SET_TIMERSLACK; the default is the parent's */
    bool exiting;
    bool has_children;             /* some process may have it as parent_task; task_list_lock */
    struct rcu_head rcu;
};

#define TIMER_SLACK_NS 50000u /* of the first thread, as Linux has it */

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

/* Guards the process tree, groups, sessions. Taken irqsave; outside every process->lock. */
extern struct spinlock task_list_lock;

void task_init(void); /* caches and tables; once, after the slab allocator */
uint32_t task_max(void); /* threads there can be, by the memory their stacks take */

/*
 * A task and its thread, not yet started or in any list: kernel stack, FPU area and tid are there,
 * everything else is zero. It gets the number `tid`, or with 0 any, and starts in entry(argument). NULL when memory is
 * short, the number is not free, or there are task_max() threads.
 */
struct task *task_create(const char *name, int tid, void (*entry)(void *), void *argument);
/* For a task that was never started. Puts cred and process if they are set. */
void task_destroy(struct task *task);
/* A process with one reference (its existence, until it is reaped), in no list; NULL: no memory. */
struct process *process_create(struct pid *pid);
/* Enters the task as a thread of task->process; the process's first one also enters the tree. task_list_lock held. */
void task_link(struct task *task);
/* Takes the running task off its process, keeping its times. Returns whether it was the last. task_list_lock held. */
bool task_unlink(struct task *task);
void process_link(struct process *process, struct process *parent, struct pid *group, struct pid *session);
/* A reaped process leaves tree, group and session. task_list_lock held; process_put after it is released. */
void process_unlink(struct process *process);
/* Moves it to another group or session. task_list_lock held. */
void process_set_group(struct process *process, struct pid *group);
void process_set_session(struct process *process, struct pid *session);
/* exec, or the end, of a vfork child: its parent goes on. */
void process_vfork_finish(struct process *process);
/* CPU time of all threads, alive and gone. Takes process->lock. */
void process_times(struct process *process, uint64_t *user_ns, uint64_t *system_ns);

void process_get(struct process *process);
void process_put(struct process *process);
/* Looks up and references; NULL if there is none. */
struct process *process_find(int pid);
/* Visits every process (task_list_lock held meanwhile: the visitor must not sleep) until `visit` says false. */
void process_each(bool (*visit)(struct process *process, void *context), void *context);
/* The process that adopts orphans: pid 1. */
extern struct process *init_process;
