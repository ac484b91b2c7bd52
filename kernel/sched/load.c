/*
 * Load averages and totals: exponentially damped averages of the number of threads that run, wait for
 * a CPU or are blocked, sampled every five seconds as Linux does.
 */
#include "kernel/sched/load.h"

#include "kernel/sched/run_queue.h"
#include "kernel/time/clock.h"

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

void sched_stats_read(struct sched_stats *stats) {
    uint64_t busy_ns = 0, user_samples = 0, kernel_samples = 0;

    *stats = (struct sched_stats){0};
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct run_queue *rq = per_cpu_ptr(run_queue, cpu);
        uint64_t flags = spin_lock_irqsave(&rq->lock);
        rq_charge(rq, clock_monotonic_ns());
        stats->runnable += rq->queued + (rq->current != rq->idle);
        stats->context_switches += rq->switches;
        busy_ns += rq->busy_ns;
        user_samples += rq->user_samples;
        kernel_samples += rq->kernel_samples;
        stats->idle_ns += rq->idle_ns;
        spin_unlock_irqrestore(&rq->lock, flags);
    }
    stats->threads = thread_total();
    cpu_time_divide(busy_ns, user_samples, kernel_samples, &stats->user_ns, &stats->system_ns);
    for (unsigned i = 0; i < ARRAY_SIZE(averages); i++)
        stats->load_average[i] = atomic_load_relaxed(&averages[i]);
}
