/*
 * The scheduler's core: switching, waking, idling. Slices: slice.c; priorities: policy.c. Run-queue locks are taken with
 * interrupts off and nest inside everything but the timer queue's and RCU's.
 */
#include "kernel/sched/sched.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/frame.h"
#include "kernel/arch/fpu.h"
#include "kernel/irq/deferred.h"
#include "kernel/irq/irq.h"
#include "kernel/log/panic.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/sched/balance.h"
#include "kernel/sched/run_queue.h"
#include "kernel/sched/slice.h"
#include "kernel/sched/switch.h"
#include "kernel/sync/rcu.h"
#include "kernel/time/clock.h"
#include "lib/string.h"

DEFINE_PER_CPU(struct thread *, current_thread_pointer);
static DEFINE_PER_CPU(struct thread, boot_thread); /* later this CPU's idle thread */
static struct mmu_context kernel_mmu;              /* for threads that gave up their address space */

/* A thread that runs on another CPU looks at its work when that CPU is interrupted. */
void thread_set_work(struct thread *thread, uint32_t work_bits) {
    atomic_fetch_or(&thread->work, work_bits);
    if (!atomic_load_relaxed(&thread->on_cpu))
        return;
    uint32_t cpu = atomic_load_relaxed(&thread->cpu);
    if (cpu != cpu_id())
        (void)irq_send(cpu, IRQ_LOCAL_RESCHEDULE);
}

static void rcu_kick(uint32_t cpu) {
    struct run_queue *rq = per_cpu_ptr(run_queue, cpu);
    uint64_t flags = spin_lock_irqsave(&rq->lock);
    thread_set_work(rq->current, THREAD_WORK_RESCHEDULE);
    spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- queueing ---- */

/* It comes from a sleep, or is new: behind its real-time equals. rq->lock held. */
static void arrive(struct run_queue *rq, struct thread *thread, bool is_new) {
    rq_place(rq, thread, is_new);
    thread->rotate = true;
    thread->woken_cpu_time_ns = thread->cpu_time.total_ns;
}

/* Puts a runnable thread on its queue and sees to it that it gets its turn. rq->lock held. */
static void activate(struct run_queue *rq, struct thread *thread, bool sync) {
    rq_enqueue(rq, thread);
    if (sync)
        rq->hint = thread;
    else if (rq->current != rq->idle)
        rq_charge(rq, clock_monotonic_ns());
    if (!sync && rq_preempts(rq, thread))
        thread_set_work(rq->current, THREAD_WORK_RESCHEDULE);
}

/* ---- switching ---- */

/* In the new thread, on its stack, interrupts off, the run queue still locked by the old one. */
static void finish_switch(void) {
    struct run_queue *rq = this_run_queue();
    struct thread *previous = rq->previous;
    bool dead = previous->state == THREAD_DEAD, leaves = rq->previous_leaves;

    atomic_store(&previous->on_cpu, 0u);
    if (leaves) { /* its affinity has changed: off this CPU now, it can be queued at another one */
        rq->previous_leaves = false;
        rq = balance_move(previous, rq, balance_choose(previous, rq->cpu, false));
        activate(rq, previous, false);
    }
    spin_unlock(&rq->lock);
    if (!dead)
        return;
    thread_free_stack(previous);
    previous->release(previous);
}

void thread_begin(void) {
    finish_switch();
    irq_enable();
    struct thread *self = current_thread();
    self->entry(self->argument);
    thread_exit();
}

static void switch_to(struct run_queue *rq, struct thread *next, uint64_t now_ns) {
    struct thread *previous = rq->current;

    rq->previous = previous;
    rq->current = next;
    rq->runs_realtime = thread_is_realtime(next);
    rq->current_weight = next->weight;
    rq->switches++;
    next->slice_start_ns = now_ns;
    next->on_cpu = 1;
    if (next->mmu != NULL && next->mmu != rq->mmu) {
        arch_switch_mmu(rq->mmu, next->mmu);
        rq->mmu = next->mmu;
    }
    arch_switch_state(&previous->arch, &next->arch, next->kernel_stack_top);
    if (next->arch.fpu != NULL && !arch_fpu_is_loaded(next->arch.fpu))
        atomic_fetch_or(&next->work, (uint32_t)THREAD_WORK_FPU);
    if (next->switch_work != 0)
        atomic_fetch_or(&next->work, next->switch_work);
    this_cpu(current_thread_pointer) = next;
#if CONFIG_DEBUG
    lockdep_switch(&next->held);
#endif
    arch_switch_stack(&previous->arch.rsp, next->arch.rsp);
    finish_switch();
}

static bool must_leave(const struct run_queue *rq, const struct thread *thread) {
    uint64_t allowed = balance_allowed(thread);
    return unlikely((allowed & BIT(rq->cpu)) == 0) && allowed != 0;
}

/* Queues the running thread again, or leaves it off as its state says. rq->lock held. */
static void put_previous(struct run_queue *rq, struct thread *previous) {
    if (previous == rq->idle)
        return;
    if (previous->state == THREAD_SLEEPING && (atomic_load(&previous->work) & THREAD_WORK_SIGNAL))
        previous->state = THREAD_RUNNABLE;
    if (previous->state == THREAD_RUNNABLE) {
        previous->involuntary_switches++;
        rq->previous_leaves = must_leave(rq, previous);
        if (!rq->previous_leaves)
            rq_enqueue(rq, previous);
        return;
    }
    previous->voluntary_switches++;
    rq->blocked += previous->state == THREAD_BLOCKED;
}

/* Before idling: another CPU may have more to do than it can. */
static struct thread *idle_next(struct run_queue *rq) {
    struct thread *stolen = balance_steal(rq);
    return stolen != NULL ? stolen : rq->idle;
}

static void schedule_with(bool yield) {
    lockdep_assert_may_sleep("schedule");
    uint64_t flags = irq_save();
    struct run_queue *rq = this_run_queue();
    struct thread *previous = rq->current;

    rcu_quiescent();
    spin_lock(&rq->lock);
    uint64_t now_ns = clock_monotonic_ns();
    rq_charge(rq, now_ns);
    if (previous->work & THREAD_WORK_RESCHEDULE)
        atomic_fetch_and(&previous->work, ~(uint32_t)THREAD_WORK_RESCHEDULE);
    if (yield)
        rq_yield(rq, previous);
    put_previous(rq, previous);
    struct thread *next = rq_pick(rq);
    if (next == rq->idle && cpu_count > 1)
        next = idle_next(rq);
    slice_arm(rq, now_ns, next != rq->idle);
    if (next != previous) {
        switch_to(rq, next, now_ns);
    } else {
        next->slice_start_ns = now_ns;
        spin_unlock(&rq->lock);
    }
    irq_restore(flags);
    if (flags & RFLAGS_IF)
        rcu_run_callbacks(false);
}

void schedule(void) {
    schedule_with(false);
}

void sched_yield(void) {
    schedule_with(true);
}

void sched_reschedule(void) {
    schedule_with(false);
}

void sched_use_mmu(struct mmu_context *mmu) {
    uint64_t flags = irq_save();
    struct run_queue *rq = this_run_queue();
    struct mmu_context *next = mmu != NULL ? mmu : &kernel_mmu;

    arch_switch_mmu(rq->mmu, next);
    rq->mmu = next;
    rq->current->mmu = mmu;
    irq_restore(flags);
}

void sched_forget_mmu(struct mmu_context *mmu) {
    struct run_queue *rq = this_run_queue();

    ASSERT(!irq_enabled());
    if (rq->mmu != mmu || rq->current->mmu == mmu)
        return;
    arch_switch_mmu(mmu, &kernel_mmu);
    rq->mmu = &kernel_mmu;
}

/* ---- waking ---- */

bool thread_wake(struct thread *thread, unsigned states, bool sync) {
    uint64_t flags = irq_save();
    struct run_queue *rq = rq_lock_thread(thread);
    bool wake = (states & (1u << thread->state)) != 0;

    if (wake && (thread == rq->current || thread == rq->idle)) {
        thread->state = THREAD_RUNNABLE;
    } else if (wake) {
        rq->blocked -= thread->state == THREAD_BLOCKED;
        thread->state = THREAD_RUNNABLE;
        if (cpu_count > 1)
            rq = balance_move(thread, rq, balance_choose(thread, rq->cpu, sync));
        arrive(rq, thread, false);
        activate(rq, thread, sync && rq->cpu == cpu_id());
    }
    spin_unlock_irqrestore(&rq->lock, flags);
    return wake;
}

void thread_start(struct thread *thread) {
    uint64_t flags = irq_save();
    struct run_queue *rq = per_cpu_ptr(run_queue, balance_choose_new(thread));

    spin_lock(&rq->lock);
    ASSERT(thread->state == THREAD_NEW);
    thread->cpu = rq->cpu;
    arrive(rq, thread, true);
    thread->state = THREAD_RUNNABLE;
    activate(rq, thread, false);
    spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- affinity and times ---- */

void sched_set_affinity(struct thread *thread, uint64_t cpus) {
    uint64_t flags = irq_save();
    struct run_queue *rq = rq_lock_thread(thread);

    atomic_store(&thread->affinity, cpus);
    if (thread == rq->current) {
        thread_set_work(thread, THREAD_WORK_RESCHEDULE);
    } else if (thread->queued && must_leave(rq, thread)) {
        rq_dequeue(rq, thread);
        rq = balance_move(thread, rq, balance_choose(thread, rq->cpu, false));
        activate(rq, thread, false);
    }
    spin_unlock_irqrestore(&rq->lock, flags);
}

void thread_times(struct thread *thread, uint64_t *user_ns, uint64_t *system_ns) {
    uint64_t flags = irq_save();
    struct run_queue *rq = rq_lock_thread(thread);

    if (rq->current == thread)
        rq_charge(rq, clock_monotonic_ns());
    cpu_time_read(&thread->cpu_time, user_ns, system_ns);
    spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- start and idle ---- */

void sched_init_cpu(void) {
    struct run_queue *rq = this_run_queue();
    struct thread *idle = this_cpu_ptr(boot_thread);

    rq_init(rq, cpu_id());
    slice_init(rq);
    idle->state = THREAD_RUNNABLE;
    idle->cpu = cpu_id();
    idle->on_cpu = 1;
    idle->affinity = BIT(cpu_id());
    strlcpy(idle->name, "idle", sizeof idle->name);
    rq->charged_until_ns = clock_monotonic_ns();
    rq->mmu = &kernel_mmu;
    rq->current = rq->idle = idle;
    this_cpu(current_thread_pointer) = idle;
#if CONFIG_DEBUG
    lockdep_switch(&idle->held);
#endif
    rcu_cpu_online();
}

void sched_init(void) {
    kernel_mmu.root_phys = kernel_page_table();
    sched_init_cpu();
    rcu_set_kick(rcu_kick);
}

/* Interrupts off. Halts until there may be something to do. */
static void idle_halt(const struct run_queue *rq) {
    if (cpu_count > 1)
        atomic_fetch_or(&idle_cpus, BIT(rq->cpu));
    /* After the bit: whoever did not see it has queued its thread elsewhere. */
    if (rcu_idle_enter() && atomic_load(&rq->queued) == 0)
        cpu_enable_irq_and_halt();
    irq_disable();
    rcu_idle_exit();
}

void sched_idle(void) {
    const struct run_queue *rq = this_run_queue();
    for (;;) {
        rcu_quiescent();
        rcu_run_callbacks(true);
        deferred_run_pending(); /* queued with interrupts off where no APIC can interrupt us for it */
        irq_disable();
        if (atomic_load_relaxed(&rq->queued) == 0)
            idle_halt(rq);
        irq_enable();
        if (atomic_load_relaxed(&rq->queued) != 0 || balance_can_steal(rq)) {
            atomic_fetch_and(&idle_cpus, ~BIT(rq->cpu));
            schedule();
        }
    }
}
