/*
 * Spreading threads over CPUs: at a wake-up and for a new thread by choice of the CPU, otherwise by
 * idle CPUs that steal. A queue whose threads wait for a whole slice wakes an idle CPU; busy CPUs compare their
 * loads now and then.
 *
 * Virtual times of two queues cannot be compared: a thread takes its distance from the old queue's
 * minimum along to the new one.
 */
#include "kernel/sched/balance.h"

#include "kernel/irq/irq.h"
#include "kernel/sync/cpu_call.h"

#define PULL_LOOKS 16u /* at threads of the busiest CPU */

uint64_t idle_cpus;

uint64_t balance_allowed(const struct thread *thread) {
    return atomic_load_relaxed(&thread->affinity) & cpu_mask_all();
}

/* A real-time thread must not wait for another one while some CPU runs an ordinary thread. */
static uint64_t without_realtime(uint64_t cpus) {
    uint64_t found = 0;

    for (uint64_t left = cpus; left != 0; left &= left - 1) {
        uint32_t cpu = (uint32_t)__builtin_ctzll(left);
        const struct run_queue *rq = per_cpu_ptr(run_queue, cpu);
        if (!atomic_load_relaxed(&rq->runs_realtime))
            found |= BIT(cpu);
    }
    return found;
}

static uint32_t prefer(uint64_t cpus, uint32_t favourite) {
    return cpus & BIT(favourite) ? favourite : (uint32_t)__builtin_ctzll(cpus);
}

uint32_t balance_choose(const struct thread *thread, uint32_t last, bool sync) {
    uint64_t allowed = balance_allowed(thread);
    uint32_t self = cpu_id();

    if (sync && (allowed & BIT(self)) && atomic_load_relaxed(&this_run_queue()->queued) == 0)
        return self;
    uint64_t idle = atomic_load_relaxed(&idle_cpus) & allowed;
    if (idle != 0) {
        uint32_t cpu = prefer(idle, last);
        atomic_fetch_and(&idle_cpus, ~BIT(cpu)); /* the next one goes elsewhere */
        return cpu;
    }
    if (allowed == 0)
        return last; /* none of its CPUs runs */
    uint64_t ordinary = thread_is_realtime(thread) ? without_realtime(allowed) : 0;
    return prefer(ordinary != 0 ? ordinary : allowed, last);
}

uint32_t balance_choose_new(const struct thread *thread) {
    uint32_t self = cpu_id(), best = self, shortest = UINT32_MAX;
    uint64_t allowed = balance_allowed(thread);

    if (cpu_count == 1 || (atomic_load_relaxed(&idle_cpus) & allowed) != 0)
        return balance_choose(thread, self, false);
    for (; allowed != 0; allowed &= allowed - 1) {
        uint32_t cpu = (uint32_t)__builtin_ctzll(allowed);
        uint32_t queued = atomic_load_relaxed(&per_cpu_ptr(run_queue, cpu)->queued);
        if (queued < shortest || (queued == shortest && cpu == self)) {
            best = cpu;
            shortest = queued;
        }
    }
    return best;
}

struct run_queue *balance_move(struct thread *thread, struct run_queue *from, uint32_t cpu) {
    struct run_queue *rq = from;

    while (rq->cpu != cpu) {
        thread->virtual_runtime_ns -= rq->min_virtual_ns;
        atomic_store(&thread->cpu, cpu);
        spin_unlock(&rq->lock);
        rq = per_cpu_ptr(run_queue, cpu);
        spin_lock(&rq->lock);
        thread->virtual_runtime_ns += rq->min_virtual_ns;
        if (!(balance_allowed(thread) & BIT(cpu)))
            cpu = balance_choose(thread, cpu, false);
    }
    return rq;
}

static bool may_steal(const struct run_queue *from, const struct thread *thread, uint32_t cpu) {
    return thread != from->hint && (balance_allowed(thread) & BIT(cpu));
}

/* The first one that would run and may move. Both locks held. */
static struct thread *choose_victim(struct run_queue *from, uint32_t cpu) {
    struct thread *realtime = rq_first_realtime(from);

    if (realtime != NULL && may_steal(from, realtime, cpu))
        return realtime;
    for (struct rb_node *node = from->leftmost; node != NULL; node = rb_next(node)) {
        struct thread *thread = container_of(node, struct thread, run_node);
        if (may_steal(from, thread, cpu))
            return thread;
    }
    return NULL;
}

/* Both locks held. */
static void take_from(struct run_queue *from, struct run_queue *rq, struct thread *thread) {
    rq_dequeue(from, thread);
    thread->virtual_runtime_ns += rq->min_virtual_ns - from->min_virtual_ns;
    atomic_store(&thread->cpu, rq->cpu);
}

static struct thread *steal_from(struct run_queue *from, struct run_queue *rq) {
    if (!spin_trylock(&from->lock))
        return NULL;
    struct thread *thread = choose_victim(from, rq->cpu);
    if (thread != NULL)
        take_from(from, rq, thread);
    spin_unlock(&from->lock);
    return thread;
}

struct thread *balance_steal(struct run_queue *rq) {
    for (uint32_t i = 1; i < cpu_count; i++) {
        struct run_queue *from = per_cpu_ptr(run_queue, (rq->cpu + i) % cpu_count);
        struct thread *thread = atomic_load_relaxed(&from->queued) != 0 ? steal_from(from, rq) : NULL;
        if (thread != NULL)
            return thread;
    }
    return NULL;
}

/*
 * The first that would run, may move, and weighs no more than the difference between the loads. One that makes up
 * all of it leaves as large a difference the other way round: it goes unless it has just come. Both locks held.
 */
static struct thread *choose_lighter(struct run_queue *from, const struct run_queue *rq, bool *wait) {
    uint64_t own = rq_load(rq), theirs = rq_load(from);
    unsigned looks = PULL_LOOKS;

    for (struct rb_node *node = from->leftmost; node != NULL && looks-- > 0; node = rb_next(node)) {
        struct thread *thread = container_of(node, struct thread, run_node);
        if (own + thread->weight > theirs || !may_steal(from, thread, rq->cpu))
            continue;
        if (own + thread->weight < theirs || thread != from->newcomer)
            return thread;
        *wait = true;
    }
    return NULL;
}

static struct run_queue *find_busiest(const struct run_queue *rq) {
    struct run_queue *busiest = NULL;
    uint64_t most = rq_load(rq);

    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct run_queue *other = per_cpu_ptr(run_queue, cpu);
        if (atomic_load_relaxed(&other->queued) == 0 || rq_load(other) <= most)
            continue;
        busiest = other;
        most = rq_load(other);
    }
    return busiest;
}

bool balance_pull(struct run_queue *rq) {
    struct run_queue *from = find_busiest(rq);
    bool wait = false;

    if (from == NULL)
        return true;
    if (!spin_trylock(&from->lock))
        return false;
    struct thread *thread = rq_first_realtime(from);
    if (thread == NULL || !may_steal(from, thread, rq->cpu) || rq->runs_realtime)
        thread = choose_lighter(from, rq, &wait);
    if (thread != NULL)
        take_from(from, rq, thread);
    spin_unlock(&from->lock);
    if (thread != NULL) {
        rq->newcomer = thread;
        rq_enqueue(rq, thread);
    }
    return !wait || thread != NULL;
}

bool balance_can_steal(const struct run_queue *rq) {
    for (uint32_t i = 1; i < cpu_count; i++) {
        const struct run_queue *from = per_cpu_ptr(run_queue, (rq->cpu + i) % cpu_count);
        if (atomic_load_relaxed(&from->queued) > (atomic_load_relaxed(&from->hint) != NULL))
            return true;
    }
    return false;
}

void balance_offer(const struct run_queue *rq) {
    uint64_t idle = atomic_load_relaxed(&idle_cpus) & ~BIT(rq->cpu);
    if (idle != 0)
        (void)irq_send((uint32_t)__builtin_ctzll(idle), IRQ_LOCAL_RESCHEDULE);
}
