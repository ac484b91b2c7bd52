/* Self-test of a run queue of its own: real-time threads leave the others their part of each second. */
#include "kernel/sched/run_queue.h"

#include "kernel/debug/selftest.h"

#define STEP_NS NS_PER_MS

static struct run_queue queue;
static struct thread idle, greedy, modest;

/* The running thread goes back to the queue after a step, and the next one runs. */
static void run_step(uint64_t *now_ns) {
    *now_ns += STEP_NS;
    rq_charge(&queue, *now_ns);
    if (queue.current != &idle)
        rq_enqueue(&queue, queue.current);
    queue.current = rq_pick(&queue);
}

/* Milliseconds that `thread` has in `steps`. */
static uint64_t share_ms(const struct thread *thread, uint32_t steps, uint64_t *now_ns) {
    uint64_t before_ns = thread->cpu_time.total_ns;
    for (uint32_t i = 0; i < steps; i++)
        run_step(now_ns);
    return (thread->cpu_time.total_ns - before_ns) / NS_PER_MS;
}

SELFTEST(run_queue_realtime_rests, "sched.realtime-rests") {
    uint64_t now_ns = 7 * NS_PER_SEC;
    uint64_t flags = irq_save(); /* the lock's class is taken with interrupts off */
    queue = (struct run_queue){.charged_until_ns = now_ns, .current = &idle, .idle = &idle};
    rq_init(&queue, 0);
    greedy = (struct thread){.state = THREAD_RUNNABLE, .policy = SCHED_FIFO, .rt_priority = 1, .run_priority = 1};
    modest = (struct thread){.state = THREAD_RUNNABLE};
    sched_weigh(&greedy);
    sched_weigh(&modest);
    spin_lock(&queue.lock);
    rq_enqueue(&queue, &greedy);
    uint64_t alone_ms = share_ms(&greedy, 3001, &now_ns);
    rq_enqueue(&queue, &modest);
    uint64_t shared_ms = share_ms(&modest, 3000, &now_ns);
    while (!rq_realtime_rests(&queue) || queue.current != &modest)
        run_step(&now_ns);
    bool keeps = !rq_preempts(&queue, &greedy) && !rq_changes_kind(&queue);
    while (rq_realtime_rests(&queue))
        rq_charge(&queue, now_ns += STEP_NS);
    bool gives_back = rq_preempts(&queue, &greedy) && rq_changes_kind(&queue);
    spin_unlock(&queue.lock);
    irq_restore(flags);
    CHECK(alone_ms == 3000);
    CHECK(shared_ms >= 140 && shared_ms <= 160);
    CHECK(keeps && gives_back);
}
