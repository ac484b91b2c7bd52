/*
 * Load averages and totals: exponentially damped averages of the number of threads that run, wait for
 * a CPU or are blocked, sampled every five seconds as Linux does.
 */
#include "kernel/sched/load.h"

#include "kernel/sched/run_queue.h"
#include "kernel/time/clock.h"
#include "lib/string.h"

#define SAMPLE_NS (5 * NS_PER_SEC)
#define FIXED_SHIFT 11
#define FIXED_ONE (1u << FIXED_SHIFT)

/* FIXED_ONE / e^(5 s / 1, 5, 15 min) */
static const uint32_t decay[3] = {1884, 2014, 2037};
static uint64_t averages[3];
static struct timer sample_timer;

static uint64_t active_threads(void) {
    int64_t active = 0;
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        const struct run_queue *rq = per_cpu_ptr(run_queue, cpu);
        active += atomic_load_relaxed(&rq->queued) + (rq->current != rq->idle);
        active += atomic_load_relaxed(&rq->blocked);
    }
    return active > 0 ? (uint64_t)active : 0;
}

/* Interrupt context. */
static void sample(struct timer *timer) {
    uint64_t active = active_threads() << FIXED_SHIFT;
    for (unsigned i = 0; i < ARRAY_SIZE(averages); i++)
        averages[i] = (averages[i] * decay[i] + active * (FIXED_ONE - decay[i])) >> FIXED_SHIFT;
    timer_start(timer, clock_monotonic_ns() + SAMPLE_NS);
}

void load_start(void) {
    timer_init(&sample_timer, sample);
    timer_start(&sample_timer, clock_monotonic_ns() + SAMPLE_NS);
}

void sched_cpu_stats_read(uint32_t cpu, struct sched_cpu_stats *stats) {
    struct run_queue *rq = per_cpu_ptr(run_queue, cpu);
    uint64_t flags = spin_lock_irqsave(&rq->lock);

    rq_charge(rq, clock_monotonic_ns());
    *stats = (struct sched_cpu_stats){.queued = rq->queued, .blocked = rq->blocked, .switches = rq->switches,
                                      .idle_ns = rq->idle_ns, .idle = rq->current == rq->idle};
    cpu_time_read(&rq->busy, &stats->user_ns, &stats->system_ns);
    memcpy(stats->current, rq->current->name, sizeof stats->current);
    spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_stats_read(struct sched_stats *stats) {
    struct sched_cpu_stats one;
    int64_t blocked = 0;

    *stats = (struct sched_stats){.threads = thread_total()};
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        sched_cpu_stats_read(cpu, &one);
        stats->runnable += one.queued + !one.idle;
        stats->context_switches += one.switches;
        stats->user_ns += one.user_ns;
        stats->system_ns += one.system_ns;
        stats->idle_ns += one.idle_ns;
        blocked += one.blocked;
    }
    stats->blocked = (uint64_t)MAX(blocked, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(averages); i++)
        stats->load_average[i] = atomic_load_relaxed(&averages[i]);
}
