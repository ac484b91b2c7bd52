/*
 * The scheduler: who runs next on this CPU. See thread.h for states, wait.h for sleeping.
 */
#pragma once

#include "kernel/sched/thread.h"

/* Sets up the running CPU's run queue; the caller becomes its idle-to-be boot thread. The first CPU: */
void sched_init(void);
size_t sched_cpu_bytes(void); /* of a CPU's run queue */
/* A further one: */
void sched_init_cpu(void);
/* Turns the boot thread into the CPU's idle thread. */
noreturn_fn void sched_idle(void);

/* Gives up the CPU according to the running thread's state. May sleep; no spin locks held. */
void schedule(void);
void sched_yield(void);

/*
 * Makes a sleeping thread runnable if its state is in `states` (a mask of 1 << enum thread_state).
 * Returns whether it was woken. `sync`: the caller will soon sleep, so switch directly, without
 * an IPI. Any context.
 */
bool thread_wake(struct thread *thread, unsigned states, bool sync);
#define THREAD_WAKE_NORMAL ((1u << THREAD_SLEEPING) | (1u << THREAD_BLOCKED) | (1u << THREAD_KILLABLE))
#define THREAD_WAKE_SIGNAL (1u << THREAD_SLEEPING)
#define THREAD_WAKE_KILL ((1u << THREAD_SLEEPING) | (1u << THREAD_KILLABLE) | (1u << THREAD_STOPPED))

/* Sets bits of thread->work and makes sure that a running thread notices soon. Any context. */
void thread_set_work(struct thread *thread, uint32_t work_bits);

/* From the exit path: handles THREAD_WORK_RESCHEDULE. */
void sched_reschedule(void);
/* Between steps of long work in the kernel: others run if they are due. May sleep; no spin locks held. */
static inline void sched_point(void) {
    if (unlikely(atomic_load_relaxed(&current_thread()->work) & THREAD_WORK_RESCHEDULE))
        sched_reschedule();
}

/* Loads the page tables the running thread uses from now on; NULL: none of its own (a thread that
 * gives up its address space, before that is freed). */
void sched_use_mmu(struct mmu_context *mmu);

/*
 * Stops lending the page tables to the running CPU's thread if that has none of its own, so that the CPU
 * holds no translations of them. Interrupts off.
 */
void sched_forget_mmu(struct mmu_context *mmu);

/* Which CPUs it may use: a mask of at least one that runs. It leaves others before it returns to user mode. */
void sched_set_affinity(struct thread *thread, uint64_t cpus);

/* How a thread is scheduled. Any thread, any context; the caller has validated the values. */
void sched_set_policy(struct thread *thread, enum sched_policy policy, uint8_t rt_priority);
/* Sets `weight` of a NEW thread by its policy, priority and nice. */
void sched_weigh(struct thread *thread);
void sched_set_nice(struct thread *thread, int8_t nice);
/* Priority inheritance: lends it a real-time priority (0: none any more) beside its own. */
void sched_set_boost(struct thread *thread, uint8_t rt_priority);

/* Used and left CPU time, up to now if it is running. */
void thread_times(struct thread *thread, uint64_t *user_ns, uint64_t *system_ns);

#define SCHED_SLICE_NS (4 * 1000 * 1000ull) /* a thread's turn while others wait */
/* What real-time threads may have of a CPU's time while others wait: Linux's sched_rt_runtime_us. */
#define SCHED_RT_PERIOD_US 1000000ull
#define SCHED_RT_RUNTIME_US 950000ull
#define SCHED_RR_SLICE_NS (100 * 1000 * 1000ull) /* while others of the same real-time priority do */
/* A turn under that policy; 0: without end. */
static inline uint64_t sched_slice_ns(int policy) {
    return policy == SCHED_FIFO ? 0 : policy == SCHED_RR ? SCHED_RR_SLICE_NS : SCHED_SLICE_NS;
}

/* Numbers for /proc/loadavg and /proc/stat. */
struct sched_stats {
    uint64_t runnable, blocked, context_switches, threads;
    uint64_t user_ns, system_ns, idle_ns, irq_ns;
    uint64_t load_average[3]; /* 1, 5, 15 minutes, fixed point with 11 fraction bits */
};
void sched_stats_read(struct sched_stats *stats);

/* One CPU's share of them. */
struct sched_cpu_stats {
    uint64_t queued; /* threads waiting for the CPU */
    int64_t blocked; /* threads that blocked here less those woken here: only the sum of all CPUs means something */
    uint64_t switches, user_ns, system_ns, idle_ns;
    bool idle;
    char current[THREAD_NAME_MAX];
};
void sched_cpu_stats_read(uint32_t cpu, struct sched_cpu_stats *stats);
