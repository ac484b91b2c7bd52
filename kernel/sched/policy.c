/*
 * How a thread is scheduled: its policy, its real-time priority, what it is lent, its nice value. They decide where it
 * queues, so they change under the lock of its run queue, and where that makes a difference off the queue.
 */
#include "kernel/arch/cpu.h"
#include "kernel/sched/run_queue.h"

enum what { POLICY, NICE, BOOST };

struct schedule_as {
    uint8_t policy, rt_priority, boost;
    int8_t nice;
};

static uint8_t run_priority(const struct schedule_as *as) {
    return as->boost > as->rt_priority ? as->boost : as->rt_priority;
}

/* As it is now, but for `what`. */
static struct schedule_as changed(const struct thread *thread, enum what what, const struct schedule_as *to) {
    struct schedule_as as = {thread->policy, thread->rt_priority, thread->boost, thread->nice};

    if (what == NICE) {
        as.nice = to->nice;
    } else if (what == BOOST) {
        as.boost = to->boost;
    } else {
        as.policy = to->policy;
        as.rt_priority = to->rt_priority;
    }
    return as;
}

static void apply(struct thread *thread, const struct schedule_as *as) {
    thread->policy = as->policy;
    thread->rt_priority = as->rt_priority;
    thread->boost = as->boost;
    thread->nice = as->nice;
    thread->run_priority = run_priority(as);
    sched_weigh(thread);
}

/* Of real-time threads one that is raised goes behind its new equals, one that is lowered before them: sched(7). */
static void change(struct run_queue *rq, struct thread *thread, const struct schedule_as *as) {
    uint8_t before = thread->run_priority, after = run_priority(as);
    bool requeue = thread->queued && (after != before || after == 0);

    rq_charge(rq, clock_monotonic_ns());
    if (requeue)
        rq_dequeue(rq, thread);
    apply(thread, as);
    if (after != before)
        thread->rotate = after > before;
    rq->runs_realtime = thread_is_realtime(rq->current);
    rq->current_weight = rq->current->weight;
    if (requeue)
        rq_enqueue(rq, thread);
    thread_set_work(rq->current, THREAD_WORK_RESCHEDULE);
}

static void set(struct thread *thread, enum what what, const struct schedule_as *to) {
    uint64_t flags = irq_save();
    struct run_queue *rq = rq_lock_thread(thread);
    struct schedule_as as = changed(thread, what, to);

    change(rq, thread, &as);
    spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_set_policy(struct thread *thread, enum sched_policy policy, uint8_t rt_priority) {
    set(thread, POLICY, &(struct schedule_as){.policy = (uint8_t)policy, .rt_priority = rt_priority});
}

void sched_set_nice(struct thread *thread, int8_t nice) {
    set(thread, NICE, &(struct schedule_as){.nice = nice});
}

void sched_set_boost(struct thread *thread, uint8_t rt_priority) {
    set(thread, BOOST, &(struct schedule_as){.boost = rt_priority});
}
