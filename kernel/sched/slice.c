/*
 * The end of a slice: the running thread is charged, sampled and, if others wait, asked to leave. In the same interrupt its CPU
 * looks at what other CPUs want of it, and at whether they have less to do.
 * Locks: the run queue's.
 */
#include "kernel/sched/slice.h"

#include "kernel/arch/frame.h"
#include "kernel/sched/balance.h"
#include "kernel/sync/rcu.h"

#define BALANCE_SLICES 16u /* from one comparison with the other CPUs' loads to the next */

/* One timer start a slice at most: it is left running when threads switch. */
void slice_arm(struct run_queue *rq, uint64_t now_ns, bool busy) {
    if (busy && !rq->slice_timer.queued && rq->cpu == cpu_id())
        timer_start(&rq->slice_timer, now_ns + SCHED_SLICE_NS);
}

/* Where the interrupt found the thread: one from user mode has left its frame at the top of the stack. */
static void sample(struct run_queue *rq, struct thread *thread) {
    bool in_kernel = !thread_is_user(thread) || !frame_is_interrupt(thread_user_frame(thread));
    cpu_time_sample(&thread->cpu_time, in_kernel);
    cpu_time_sample(&rq->busy, in_kernel);
}

/* Other CPUs wait for this one to pass a quiescent state, or its threads could have another CPU. */
static void look_around(struct run_queue *rq) {
    if (this_cpu(rcu_attention) != 0)
        thread_set_work(rq->current, THREAD_WORK_RESCHEDULE);
    if (cpu_count == 1)
        return;
    rq->hint = NULL; /* whoever woke it has not gone to sleep */
    if (rq->queued > 0)
        balance_offer(rq);
    if (++rq->slices >= BALANCE_SLICES && balance_pull(rq))
        rq->slices = 0;
}

/* One that was lent a real-time priority keeps the CPU, like SCHED_FIFO. */
static bool has_slices(const struct thread *thread) {
    return !thread_is_realtime(thread) || thread->policy == SCHED_RR;
}

/* Interrupt context. */
static void slice_expire(struct timer *timer) {
    struct run_queue *rq = container_of(timer, struct run_queue, slice_timer);
    uint64_t now_ns = clock_monotonic_ns();

    spin_lock(&rq->lock);
    struct thread *current = rq->current;
    if (current != rq->idle) {
        uint64_t end_ns = current->slice_start_ns + sched_slice_ns(current->policy);
        rq_charge(rq, now_ns);
        sample(rq, current);
        look_around(rq);
        if (current->switch_work & THREAD_WORK_CPU_CLOCK)
            thread_set_work(current, THREAD_WORK_CPU_CLOCK);
        if (rq->queued > 0 && now_ns >= end_ns && has_slices(current)) {
            current->rotate = true;
            thread_set_work(current, THREAD_WORK_RESCHEDULE);
        } else if (rq->queued > 0 && rq_changes_kind(rq)) {
            thread_set_work(current, THREAD_WORK_RESCHEDULE);
        }
        timer_start(timer, now_ns >= end_ns ? now_ns + SCHED_SLICE_NS : MIN(end_ns, now_ns + SCHED_SLICE_NS));
    }
    spin_unlock(&rq->lock);
}

void slice_init(struct run_queue *rq) {
    timer_init(&rq->slice_timer, slice_expire);
}
