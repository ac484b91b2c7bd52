/*
 * The scheduler's core: switching, waking, slices. Run-queue locks are taken with interrupts off and
 * nest inside everything but the timer queue's and RCU's.
 */
#include "kernel/sched/sched.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/frame.h"
#include "kernel/arch/fpu.h"
#include "kernel/irq/deferred.h"
#include "kernel/log/panic.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/sched/run_queue.h"
#include "kernel/sched/switch.h"
#include "kernel/sync/rcu.h"
#include "kernel/time/clock.h"
#include "lib/string.h"

DEFINE_PER_CPU(struct thread *, current_thread_pointer);
static DEFINE_PER_CPU(struct thread, boot_thread); /* later this CPU's idle thread */
static struct mmu_context kernel_mmu;              /* for threads that gave up their address space */
static void (*kick_cpu)(uint32_t cpu);

void sched_set_kick(void (*kick)(uint32_t cpu)) {
    kick_cpu = kick;
}

/* Makes a CPU's current thread go through its exit path soon. */
static void kick_remote(uint32_t cpu) {
    if (cpu != cpu_id() && kick_cpu != NULL)
        kick_cpu(cpu);
}

void thread_set_work(struct thread *thread, uint32_t work_bits) {
    atomic_fetch_or(&thread->work, work_bits);
    if (atomic_load_relaxed(&thread->on_cpu))
        kick_remote(atomic_load_relaxed(&thread->cpu));
}

static void rcu_kick(uint32_t cpu) {
    struct run_queue *rq = per_cpu_ptr(run_queue, cpu);
    uint64_t flags = spin_lock_irqsave(&rq->lock);
    thread_set_work(rq->current, THREAD_WORK_RESCHEDULE);
    spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- slices ---- */

/* One timer start a slice at most: it is left running when threads switch. */
static void slice_arm(struct run_queue *rq, uint64_t now_ns, bool busy) {
    if (busy && !rq->slice_timer.queued && rq->cpu == cpu_id())
        timer_start(&rq->slice_timer, now_ns + SCHED_SLICE_NS);
}

/* Where the interrupt found the thread: one from user mode has left its frame at the top of the stack. */
static void sample(struct run_queue *rq, struct thread *thread) {
    bool user = thread_is_user(thread) && frame_is_interrupt(thread_user_frame(thread));
    thread->user_samples += user;
    thread->kernel_samples += !user;
    rq->user_samples += user;
    rq->kernel_samples += !user;
}

/* Interrupt context. */
static void slice_expire(struct timer *timer) {
    struct run_queue *rq = container_of(timer, struct run_queue, slice_timer);
    uint64_t now_ns = clock_monotonic_ns();

    spin_lock(&rq->lock);
    struct thread *current = rq->current;
    if (current != rq->idle) {
        uint64_t end_ns = current->slice_start_ns + SCHED_SLICE_NS;
        sample(rq, current);
        if (rq->queued > 0 && now_ns >= end_ns && current->policy != SCHED_FIFO) {
            current->rotate = true;
            thread_set_work(current, THREAD_WORK_RESCHEDULE);
        }
        timer_start(timer, now_ns >= end_ns ? now_ns + SCHED_SLICE_NS : end_ns);
    }
    spin_unlock(&rq->lock);
}

/* ---- switching ---- */

/* In the new thread, on its stack, interrupts off, the run queue still locked by the old one. */
static void finish_switch(void) {
    struct run_queue *rq = this_run_queue();
    struct thread *previous = rq->previous;
    bool dead = previous->state == THREAD_DEAD;

    atomic_store(&previous->on_cpu, 0u);
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

/* Queues the running thread again, or leaves it off as its state says. rq->lock held. */
static void put_previous(struct run_queue *rq, struct thread *previous) {
    if (previous == rq->idle)
        return;
    if (previous->state == THREAD_SLEEPING && (atomic_load(&previous->work) & THREAD_WORK_SIGNAL))
        previous->state = THREAD_RUNNABLE;
    if (previous->state == THREAD_RUNNABLE) {
        previous->involuntary_switches++;
        rq_enqueue(rq, previous);
        return;
    }
    previous->voluntary_switches++;
    rq->blocked += previous->state == THREAD_BLOCKED;
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

/* ---- waking ---- */

/* Puts a runnable thread on its queue and sees to it that it gets its turn. rq->lock held. */
static void activate(struct run_queue *rq, struct thread *thread, bool sync) {
    rq_enqueue(rq, thread);
    if (sync)
        rq->hint = thread;
    else if (rq->current != rq->idle)
        rq_charge(rq, clock_monotonic_ns());
    if (!sync && rq_preempts(rq, thread))
        thread_set_work(rq->current, THREAD_WORK_RESCHEDULE);
    else if (rq->cpu != cpu_id())
        thread_set_work(rq->current, THREAD_WORK_RESCHEDULE);
}

bool thread_wake(struct thread *thread, unsigned states, bool sync) {
    uint64_t flags = irq_save();
    struct run_queue *rq = rq_lock_thread(thread);
    bool wake = (states & (1u << thread->state)) != 0;

    if (wake) {
        bool running = thread == rq->current || thread == rq->idle;
        if (!running) {
            rq->blocked -= thread->state == THREAD_BLOCKED;
            rq_place(rq, thread);
        }
        thread->state = THREAD_RUNNABLE;
        if (!running)
            activate(rq, thread, sync && rq->cpu == cpu_id());
    }
    spin_unlock_irqrestore(&rq->lock, flags);
    return wake;
}

void thread_start(struct thread *thread) {
    uint64_t flags = irq_save();
    struct run_queue *rq = this_run_queue();

    spin_lock(&rq->lock);
    ASSERT(thread->state == THREAD_NEW);
    thread->cpu = rq->cpu;
    rq_place(rq, thread);
    thread->state = THREAD_RUNNABLE;
    activate(rq, thread, false);
    spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- policy ---- */

/* Takes the thread off its queue while `policy`, priority and nice change: they decide where it queues. */
static void change(struct thread *thread, uint8_t policy, uint8_t rt_priority, int8_t nice) {
    uint64_t flags = irq_save();
    struct run_queue *rq = rq_lock_thread(thread);
    bool queued = thread->queued;

    rq_charge(rq, clock_monotonic_ns());
    if (queued)
        rq_dequeue(rq, thread);
    thread->policy = policy;
    thread->rt_priority = rt_priority;
    thread->nice = nice;
    if (queued)
        rq_enqueue(rq, thread);
    thread_set_work(rq->current, THREAD_WORK_RESCHEDULE);
    spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_set_policy(struct thread *thread, enum sched_policy policy, uint8_t rt_priority) {
    change(thread, (uint8_t)policy, rt_priority, thread->nice);
}

void sched_set_nice(struct thread *thread, int8_t nice) {
    change(thread, thread->policy, thread->rt_priority, nice);
}

void thread_times(struct thread *thread, uint64_t *user_ns, uint64_t *system_ns) {
    uint64_t flags = irq_save();
    struct run_queue *rq = rq_lock_thread(thread);

    if (rq->current == thread)
        rq_charge(rq, clock_monotonic_ns());
    cpu_time_divide(thread->cpu_time_ns, thread->user_samples, thread->kernel_samples, user_ns, system_ns);
    spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- start and idle ---- */

void sched_init(void) {
    struct run_queue *rq = this_run_queue();
    struct thread *boot = this_cpu_ptr(boot_thread);

    rq_init(rq, cpu_id());
    timer_init(&rq->slice_timer, slice_expire);
    boot->state = THREAD_RUNNABLE;
    boot->cpu = cpu_id();
    boot->on_cpu = 1;
    boot->affinity = ~0ull;
    strlcpy(boot->name, "idle", sizeof boot->name);
    rq->current = rq->idle = boot;
    this_cpu(current_thread_pointer) = boot;
#if CONFIG_DEBUG
    lockdep_switch(&boot->held);
#endif
    kernel_mmu.root_phys = kernel_page_table();
    rcu_cpu_online();
    rcu_set_kick(rcu_kick);
}

void sched_idle(void) {
    const struct run_queue *rq = this_run_queue();
    for (;;) {
        rcu_quiescent();
        rcu_run_callbacks(true);
        deferred_run_pending(); /* queued with interrupts off where no APIC can interrupt us for it */
        irq_disable();
        if (atomic_load_relaxed(&rq->queued) == 0 && this_cpu(rcu_attention) == 0)
            cpu_enable_irq_and_halt();
        irq_enable();
        if (atomic_load_relaxed(&rq->queued) != 0)
            schedule();
    }
}
