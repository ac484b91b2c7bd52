/* Queueing: who waits for a CPU, in which order, and who is next. Contracts and invariants: run_queue.h. */
#include "kernel/sched/run_queue.h"

#include "kernel/log/panic.h"

#define WEIGHT_NICE_0 1024u
#define WEIGHT_IDLE 3u /* policy SCHED_IDLE */
#define WEIGHT_REALTIME nice_weight[0]
#define NICE_MIN (-20)
#define SLEEPER_CREDIT_NS (3 * NS_PER_MS) /* a sleeper's head start */
#define WAKE_GRANULARITY_NS NS_PER_MS     /* how far behind current must be to lose the CPU */
#define HINT_LIMIT_NS (2 * NS_PER_MS)     /* how unfair a synchronous wake-up may be */

/* 1024 / 1.25^nice: a step of nice changes the share against an equal by about 10 %. Linux's numbers. */
static const uint32_t nice_weight[40] = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, /* -20 .. -11 */
    9548,  7620,  6100,  4904,  3906,  3121,  2501,  1991,  1586,  1277,  /* -10 .. -1 */
    1024,  820,   655,   526,   423,   335,   272,   215,   172,   137,   /* 0 .. 9 */
    110,   87,    70,    56,    45,    36,    29,    23,    18,    15,    /* 10 .. 19 */
};

DEFINE_LOCK_CLASS(run_queue_class, "run queue");
DEFINE_PER_CPU(struct run_queue, run_queue);

void rq_init(struct run_queue *rq, uint32_t cpu) {
    spin_init(&rq->lock, run_queue_class);
    rq->cpu = cpu;
    for (unsigned i = 0; i < RT_LEVELS; i++)
        list_init(&rq->realtime[i]);
}

size_t sched_cpu_bytes(void) {
    return sizeof(struct run_queue);
}

struct run_queue *rq_lock_thread(struct thread *thread) {
    for (;;) {
        struct run_queue *rq = run_queue_of(thread);
        spin_lock(&rq->lock);
        if (likely(rq == run_queue_of(thread)))
            return rq;
        spin_unlock(&rq->lock);
    }
}

void sched_weigh(struct thread *thread) {
    if (thread_is_realtime(thread))
        thread->weight = WEIGHT_REALTIME;
    else
        thread->weight = thread->policy == SCHED_IDLE ? WEIGHT_IDLE : nice_weight[thread->nice - NICE_MIN];
}

static uint64_t virtual_time(const struct thread *thread, uint64_t delta_ns) {
    return likely(thread->weight == WEIGHT_NICE_0) ? delta_ns : delta_ns * WEIGHT_NICE_0 / thread->weight;
}

static struct thread *fair_first(const struct run_queue *rq) {
    return rq->leftmost == NULL ? NULL : container_of(rq->leftmost, struct thread, run_node);
}

/* Virtual times wrap: compared by difference. */
static bool virtual_before(uint64_t a, uint64_t b) {
    return (int64_t)(a - b) < 0;
}

static bool fair_before(const struct thread *thread, const struct rb_node *node) {
    const struct thread *other = container_of((void *)(uintptr_t)node, struct thread, run_node);
    return virtual_before(thread->virtual_runtime_ns, other->virtual_runtime_ns);
}

/* One that has just run mostly goes to the end, which is found at once. */
static void fair_enqueue(struct run_queue *rq, struct thread *thread) {
    bool rightmost = rq->rightmost == NULL || !fair_before(thread, rq->rightmost);
    struct rb_node *parent = rightmost ? rq->rightmost : NULL;
    struct rb_node **link = parent == NULL ? &rq->fair.top : &parent->child[RB_RIGHT];
    bool leftmost = parent == NULL;

    while (*link != NULL) {
        parent = *link;
        bool before = fair_before(thread, parent);
        leftmost = leftmost && before;
        link = &parent->child[before ? RB_LEFT : RB_RIGHT];
    }
    rb_link_node(&thread->run_node, parent, link);
    rb_insert_fixup(&rq->fair, &thread->run_node);
    if (leftmost)
        rq->leftmost = &thread->run_node;
    if (rightmost)
        rq->rightmost = &thread->run_node;
}

static void fair_dequeue(struct run_queue *rq, struct thread *thread) {
    if (rq->leftmost == rq->rightmost) { /* it alone */
        rq->fair.top = rq->leftmost = rq->rightmost = NULL;
        return;
    }
    if (rq->leftmost == &thread->run_node)
        rq->leftmost = rb_next(&thread->run_node);
    if (rq->rightmost == &thread->run_node)
        rq->rightmost = rb_prev(&thread->run_node);
    rb_erase(&rq->fair, &thread->run_node);
}

static void realtime_enqueue(struct run_queue *rq, struct thread *thread) {
    struct list_node *list = &rq->realtime[thread->run_priority];
    if (thread->rotate)
        list_add_tail(&thread->rt_node, list);
    else
        list_add(&thread->rt_node, list);
    thread->rotate = false;
    rq->realtime_map[thread->run_priority / 64] |= BIT(thread->run_priority % 64);
}

static void realtime_dequeue(struct run_queue *rq, struct thread *thread) {
    list_remove(&thread->rt_node);
    if (list_is_empty(&rq->realtime[thread->run_priority]))
        rq->realtime_map[thread->run_priority / 64] &= ~BIT(thread->run_priority % 64);
}

struct thread *rq_first_realtime(const struct run_queue *rq) {
    unsigned word = rq->realtime_map[1] != 0;
    if (rq->realtime_map[word] == 0)
        return NULL;
    unsigned level = word * 64 + log2_floor(rq->realtime_map[word]);
    return list_first_entry(&rq->realtime[level], struct thread, rt_node);
}

void rq_enqueue(struct run_queue *rq, struct thread *thread) {
    DEBUG_ASSERT(!thread->queued && thread->state == THREAD_RUNNABLE && thread != rq->idle);
    if (thread_is_realtime(thread))
        realtime_enqueue(rq, thread);
    else
        fair_enqueue(rq, thread);
    thread->queued = true;
    rq->queued++;
    rq->queued_weight += thread->weight;
}

void rq_dequeue(struct run_queue *rq, struct thread *thread) {
    DEBUG_ASSERT(thread->queued);
    if (thread_is_realtime(thread))
        realtime_dequeue(rq, thread);
    else
        fair_dequeue(rq, thread);
    if (rq->hint == thread)
        rq->hint = NULL;
    thread->queued = false;
    rq->queued--;
    rq->queued_weight -= thread->weight;
}

struct thread *rq_pick(struct run_queue *rq) {
    if (rq->queued == 0)
        return rq->idle;
    struct thread *next = rq_first_realtime(rq), *fair = fair_first(rq);
    if (likely(next == NULL) || (fair != NULL && rq_realtime_rests(rq))) {
        struct thread *hint = rq->hint;
        next = fair;
        if (hint != NULL && !thread_is_realtime(hint) &&
            virtual_before(hint->virtual_runtime_ns, next->virtual_runtime_ns + HINT_LIMIT_NS))
            next = hint;
    }
    rq_dequeue(rq, next);
    return next;
}

static void charge_realtime(struct run_queue *rq, uint64_t now_ns, uint64_t delta_ns) {
    if (thread_is_realtime(rq->current))
        rq->rt_used_ns += delta_ns;
    if (rq->rt_used_ns > 0 && now_ns - rq->rt_period_ns >= SCHED_RT_PERIOD_US * NS_PER_US) {
        rq->rt_period_ns = now_ns;
        rq->rt_used_ns = 0;
    }
}

bool rq_changes_kind(const struct run_queue *rq) {
    if (thread_is_realtime(rq->current))
        return rq_realtime_rests(rq) && fair_first(rq) != NULL;
    return !rq_realtime_rests(rq) && rq_first_realtime(rq) != NULL;
}

void rq_charge(struct run_queue *rq, uint64_t now_ns) {
    struct thread *current = rq->current;
    uint64_t delta_ns = now_ns - rq->charged_until_ns;

    if (virtual_before(now_ns, rq->charged_until_ns))
        return; /* another CPU, whose clock is a little ahead, was here meanwhile */
    rq->charged_until_ns = now_ns;
    charge_realtime(rq, now_ns, delta_ns);
    if (current == rq->idle) {
        rq->idle_ns += delta_ns;
        return;
    }
    current->cpu_time.total_ns += delta_ns;
    rq->busy.total_ns += delta_ns;
    current->virtual_runtime_ns += virtual_time(current, delta_ns);

    uint64_t lowest = current->virtual_runtime_ns;
    const struct thread *first = fair_first(rq);
    if (first != NULL && virtual_before(first->virtual_runtime_ns, lowest))
        lowest = first->virtual_runtime_ns;
    if (virtual_before(rq->min_virtual_ns, lowest))
        rq->min_virtual_ns = lowest;
}

void rq_place(struct run_queue *rq, struct thread *thread, bool is_new) {
    uint64_t earliest = rq->min_virtual_ns;
    if (!is_new)
        earliest -= SLEEPER_CREDIT_NS;
    if (is_new || virtual_before(thread->virtual_runtime_ns, earliest))
        thread->virtual_runtime_ns = earliest;
}

bool rq_preempts(const struct run_queue *rq, const struct thread *woken) {
    const struct thread *current = rq->current;
    if (current == rq->idle)
        return true;
    if (rq_realtime_rests(rq) && thread_is_realtime(woken) != thread_is_realtime(current))
        return thread_is_realtime(current);
    if (thread_is_realtime(woken) || thread_is_realtime(current)) {
        unsigned own = thread_is_realtime(woken) ? woken->run_priority : 0;
        return own > (thread_is_realtime(current) ? current->run_priority : 0u);
    }
    if (woken->policy == SCHED_BATCH || woken->policy == SCHED_IDLE)
        return false;
    return virtual_before(woken->virtual_runtime_ns + WAKE_GRANULARITY_NS, current->virtual_runtime_ns);
}

void rq_yield(struct run_queue *rq, struct thread *thread) {
    thread->rotate = true;
    if (rq->rightmost == NULL)
        return;
    uint64_t latest = container_of(rq->rightmost, struct thread, run_node)->virtual_runtime_ns;
    if (virtual_before(thread->virtual_runtime_ns, latest))
        thread->virtual_runtime_ns = latest;
}
