/* Timers, clocks and deferred work inside the kernel. */
#include "kernel/time/timer.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/debug/selftest.h"
#include "kernel/irq/deferred.h"
#include "kernel/irq/irq.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_page.h"
#include "lib/div64.h"
#include "lib/errno.h"

#define TIMERS 8u
#define PATIENCE_NS (10 * NS_PER_SEC) /* a loaded host may run a CPU late */

static struct wait_queue done_wait;
static uint32_t fired, order[TIMERS];
static struct timer timers[TIMERS];
static bool in_interrupt;

static void record(struct timer *timer) {
    in_interrupt = irq_in_progress();
    order[atomic_fetch_add(&fired, 1u)] = (uint32_t)(timer - timers);
    wait_wake_all(&done_wait);
}

/* The queue is made once: the last callback of a test may still be waking when the next begins. */
static void forget_fired(void) {
    if (!done_wait.entries.next)
        wait_queue_init(&done_wait);
    atomic_store(&fired, 0u);
}

static bool wait_fired(uint32_t count) {
    return WAIT_EVENT_INTERRUPTIBLE(&done_wait, atomic_load(&fired) >= count, clock_monotonic_ns() + PATIENCE_NS) == 0;
}

SELFTEST(clock_runs, "time.clock-runs-forward") {
    uint64_t last_ns = clock_monotonic_ns();

    for (unsigned i = 0; i < 10000; i++) {
        uint64_t now_ns = clock_monotonic_ns();
        CHECK(now_ns >= last_ns);
        last_ns = now_ns;
    }
    clock_delay_us(100);
    CHECK(clock_monotonic_ns() - last_ns >= 100 * NS_PER_US);
}

SELFTEST(rate_change, "time.clock-continuous-over-rate-change") {
    uint64_t hz = clock_tsc_hz(), before_tsc = clock_tsc_ordered(), before_ns = clock_monotonic_ns();

    clock_set_rate(hz + hz / 1000);
    uint64_t between_ns = clock_monotonic_ns();
    clock_set_rate(hz);
    uint64_t after_ns = clock_monotonic_ns(), after_tsc = clock_tsc_ordered();
    CHECK(before_ns <= between_ns && between_ns <= after_ns);
    /* No more than the ticks make, however long this took: the other rate counts less, one measured meanwhile hardly more. */
    CHECK(after_ns - before_ns <= mul_div_u64(after_tsc - before_tsc, NS_PER_SEC, hz - hz / 32) + NS_PER_US);
}

SELFTEST(moments, "time.moment-of-a-time-of-day") {
    uint64_t before_ns = clock_monotonic_ns(), realtime_ns = clock_realtime_ns(), after_ns = clock_monotonic_ns();

    uint64_t moment_ns = clock_realtime_moment_ns(realtime_ns);
    CHECK(before_ns <= moment_ns && moment_ns <= after_ns);
    CHECK(clock_realtime_moment_ns(realtime_ns + NS_PER_SEC) - moment_ns == NS_PER_SEC);
    CHECK(clock_realtime_moment_ns(0) == 0);
}

SELFTEST(timers_in_order, "time.timers-fire-in-order") {
    forget_fired();
    for (unsigned i = 0; i < TIMERS; i++)
        timer_init(&timers[i], record);
    /* All on one CPU's queue before the first can fire, however long that takes. */
    uint64_t flags = irq_save();
    uint64_t now_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < TIMERS; i++)
        timer_start(&timers[i], now_ns + (TIMERS - i) * NS_PER_MS);
    irq_restore(flags);
    CHECK(wait_fired(TIMERS));
    CHECK(in_interrupt);
    CHECK(clock_monotonic_ns() >= now_ns + TIMERS * NS_PER_MS);
    for (unsigned i = 0; i < TIMERS; i++)
        CHECK(order[i] == TIMERS - 1 - i);
}

SELFTEST(timer_cancelled, "time.cancelled-timer-stays-silent") {
    forget_fired();
    timer_init(&timers[0], record);
    timer_init(&timers[1], record);
    uint64_t flags = irq_save(); /* neither fires before the first is cancelled */
    timer_start(&timers[0], clock_monotonic_ns() + 5 * NS_PER_MS);
    timer_start(&timers[1], clock_monotonic_ns() + 10 * NS_PER_MS);
    bool cancelled = timer_cancel_sync(&timers[0]), again = timer_cancel(&timers[0]);
    irq_restore(flags);
    CHECK(cancelled && !again);
    CHECK(wait_fired(1));
    CHECK(fired == 1 && order[0] == 1);
}

SELFTEST(timer_moved, "time.restarted-timer-moves") {
    uint64_t now_ns = clock_monotonic_ns();

    forget_fired();
    timer_init(&timers[0], record);
    timer_start(&timers[0], now_ns + 3600 * NS_PER_SEC);
    timer_start(&timers[0], now_ns + NS_PER_MS);
    CHECK(wait_fired(1));
    timer_start(&timers[0], 0); /* long past: at once */
    CHECK(wait_fired(2));
    CHECK(!timers[0].queued);
}

#define MOVES 10000u
#define MOVERS_MAX 2u
#define FAR_NS (1000000 * NS_PER_SEC) /* later than any other deadline */

static struct timer moved[4];
static uint32_t movers_coming, movers_left; /* atomic */

/* Starts and cancels the timers in an order of its own, while another CPU does so too. */
static void move_timers(void *seed) {
    uint32_t random = (uint32_t)(uintptr_t)seed;

    atomic_fetch_sub(&movers_coming, 1u);
    while (atomic_load(&movers_coming) != 0)
        cpu_pause();
    for (unsigned i = 0; i < MOVES; i++) {
        random = random * 1664525u + 1013904223u;
        struct timer *timer = &moved[random >> 16 & (ARRAY_SIZE(moved) - 1)];
        if (random >> 30 != 0)
            timer_start(timer, FAR_NS + (random >> 20));
        else
            (void)timer_cancel(timer);
    }
    atomic_fetch_sub(&movers_left, 1u);
}

static uint64_t last_deadline_ns(void) {
    uint64_t last_ns = 0;

    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct timer_stats stats;
        timer_stats_read(cpu, &stats);
        last_ns = MAX(last_ns, stats.last_deadline_ns);
    }
    return last_ns;
}

/* Two CPUs take the same timers from each other: each is in the tree it says, and in no other. */
SELFTEST(timer_contended, "time.timers-moved-by-two-cpus") {
    uint32_t movers = MIN(cpu_count, MOVERS_MAX);

    movers_coming = movers_left = movers;
    for (unsigned i = 0; i < ARRAY_SIZE(moved); i++)
        timer_init(&moved[i], record);
    for (uint32_t cpu = 0; cpu < movers; cpu++)
        CHECK(thread_spawn_on("test", move_timers, (void *)(uintptr_t)(cpu + 1), BIT(cpu)) != NULL);
    while (atomic_load(&movers_left) != 0)
        sched_yield();
    for (unsigned i = 0; i < ARRAY_SIZE(moved); i++) {
        bool was_queued = moved[i].queued;
        CHECK(timer_cancel_sync(&moved[i]) == was_queued && !timer_cancel(&moved[i]));
    }
    CHECK(last_deadline_ns() < FAR_NS);
}

static uint32_t deferred_runs;
static bool deferred_irq_on, deferred_in_irq;

static void count_run(struct deferred *deferred) {
    (void)deferred;
    deferred_irq_on = irq_enabled();
    deferred_in_irq = irq_in_progress();
    deferred_runs++;
}

SELFTEST(deferred_once, "irq.deferred-runs-once-with-interrupts-on") {
    struct deferred deferred;

    deferred_runs = 0;
    deferred_init(&deferred, count_run);
    uint64_t flags = irq_save();
    deferred_queue(&deferred);
    deferred_queue(&deferred);
    CHECK(deferred_runs == 0);
    irq_restore(flags);
    for (uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS; deferred_runs == 0 && clock_monotonic_ns() < end_ns;)
        deferred_run_pending();
    CHECK(deferred_runs == 1);
    CHECK(deferred_irq_on && deferred_in_irq);
}
