/*
 * Threads as the scheduler sees them. A user thread is a `struct task` (kernel/task/task.h) that
 * embeds one; a kernel thread is a bare one. The run-queue lock of `cpu` owns `state` and the
 * run-queue fields.
 *
 *   NEW --thread_start--> RUNNABLE --switch--> (running) --sleep--> SLEEPING/BLOCKED/KILLABLE/STOPPED
 *                              ^----------------- thread_wake ---------------'
 *   (running) --thread_exit--> DEAD
 */
#pragma once

#include "kernel/arch/context.h"
#include "kernel/arch/frame.h"
#include "kernel/arch/percpu.h"
#include "kernel/sched/cpu_time.h"
#include "kernel/sync/spinlock.h"
#include "lib/list.h"
#include "lib/rbtree.h"

#define THREAD_NAME_MAX 16 /* with NUL: Linux's TASK_COMM_LEN */

enum thread_state {
    THREAD_NEW = 0,
    THREAD_RUNNABLE, /* running or on a run queue */
    THREAD_SLEEPING, /* interruptible: a wake-up or a signal ends it */
    THREAD_BLOCKED,  /* only a wake-up ends it */
    THREAD_KILLABLE, /* a wake-up ends it, or the end of the process */
    THREAD_STOPPED,  /* by a job-control signal, until SIGCONT or SIGKILL */
    THREAD_DEAD,
};

/* Bits of `work`: things to do before returning to user mode. */
enum thread_work {
    THREAD_WORK_RESCHEDULE = 1u << 0,
    THREAD_WORK_SIGNAL = 1u << 1, /* a signal, stop or kill is to be looked at */
    THREAD_WORK_FPU = 1u << 2,    /* registers of this thread are not in the FPU */
    THREAD_WORK_RSEQ = 1u << 4,   /* its restartable sequences are to be looked at */
    THREAD_WORK_CPU_CLOCK = 1u << 5, /* somebody watches its CPU time */
};

struct mmu_context;
struct wait_entry;

struct thread {
    /* entry.asm knows the offsets of these two */
    uint32_t work;             /* enum thread_work; atomic */
    uint32_t state;            /* enum thread_state */
    uint64_t kernel_stack_top; /* the user frame ends here */

    struct arch_thread arch;      /* saved rsp, FS/GS bases, FPU area */
    struct mmu_context *mmu;      /* page tables to load; NULL: a kernel thread, keep what is there */
    void *stack;                  /* lowest address, from kernel_stack_alloc */
    void (*entry)(void *argument);
    void *argument;
    void (*release)(struct thread *thread); /* after its last switch: frees the container */

    uint32_t switch_work; /* enters `work` whenever it is switched to; set by the thread itself */
    uint32_t cpu; /* whose run queue */
    uint32_t on_cpu; /* 1 while its registers are live on a CPU */
    uint64_t affinity; /* mask of CPUs allowed */
    int8_t nice;       /* -20..19 */
    uint8_t policy;    /* SCHED_OTHER, FIFO, RR, BATCH, IDLE: Linux numbers */
    uint8_t rt_priority; /* 1..99 for FIFO and RR, else 0 */
    uint8_t boost;       /* the highest real-time priority that waits for what it holds; 0: none */
    bool reset_on_fork;  /* its children start as ordinary threads */
    uint8_t run_priority; /* the higher of these two: it queues by that; 0: by virtual runtime */
    uint32_t weight;      /* what these make: its share of a CPU against others' */
    struct rb_node run_node; /* fair queue, by virtual runtime */
    struct list_node rt_node;
    uint64_t virtual_runtime_ns;
    uint64_t slice_start_ns;
    bool queued;  /* on the run queue of `cpu` (the running thread is not) */
    bool rotate;  /* real time: goes behind its equals when it is queued next */
    struct cpu_time cpu_time;
    uint64_t woken_cpu_time_ns; /* what the whole of that was when it last began to run after a sleep */
    uint64_t voluntary_switches, involuntary_switches;

    char name[THREAD_NAME_MAX];
    struct list_node kernel_node; /* of kernel threads: in the list that kernel_thread_each visits */
#if CONFIG_DEBUG
    struct lockdep_held held; /* sleeping locks */
#endif
};

/* Linux's numbers, linux/sched.h */
enum sched_policy { SCHED_OTHER = 0, SCHED_FIFO = 1, SCHED_RR = 2, SCHED_BATCH = 3, SCHED_IDLE = 5 };

_Static_assert(offsetof(struct thread, work) == 0, "entry.asm");
_Static_assert(offsetof(struct thread, kernel_stack_top) == 8, "entry.asm");

DECLARE_PER_CPU(struct thread *, current_thread_pointer);

static inline struct thread *current_thread(void) {
    return this_cpu(current_thread_pointer);
}

/* Prepares `thread` (zeroed by the caller) with a kernel stack; -ENOMEM. It starts in entry(argument). */
int thread_init(struct thread *thread, const char *name, void (*entry)(void *), void *argument);
/* Undoes thread_init for a thread that never ran (the scheduler does it for dead ones). */
void thread_free_stack(struct thread *thread);
/* Threads that have a stack. */
uint64_t thread_total(void);
/* Makes a NEW thread runnable. */
void thread_start(struct thread *thread);
/* A kernel thread, started; NULL when memory is short. */
struct thread *thread_spawn(const char *name, void (*entry)(void *), void *argument);
/* The same on some CPUs only. */
struct thread *thread_spawn_on(const char *name, void (*entry)(void *), void *argument, uint64_t cpus);
/* Visits the threads made by thread_spawn, with a spin lock held, interrupts off. */
void kernel_thread_each(void (*visit)(struct thread *thread, void *context), void *context);
/* "runnable", "sleeping"... */
const char *thread_state_name(const struct thread *thread);
/* Ends the running thread. Its `release` runs on another stack. */
noreturn_fn void thread_exit(void);

/* Whether it can run user code (and is embedded in a struct task). */
static inline bool thread_is_user(const struct thread *thread) {
    return thread->arch.fpu != NULL;
}

/* The user's registers as of its last entry into the kernel. */
static inline struct trap_frame *thread_user_frame(const struct thread *thread) {
    return (struct trap_frame *)(uintptr_t)thread->kernel_stack_top - 1;
}

/* True when the running thread has a signal to look at: interruptible sleeps end with -EINTR. */
static inline bool thread_interrupted(void) {
    return (atomic_load_relaxed(&current_thread()->work) & THREAD_WORK_SIGNAL) != 0;
}
