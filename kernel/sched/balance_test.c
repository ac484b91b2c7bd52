/* Self-tests of several CPUs; with one they test that nothing needs a second. */
#include "kernel/arch/cpu.h"
#include "kernel/debug/selftest.h"
#include "kernel/sched/completion.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/cpu_call.h"
#include "kernel/time/clock.h"

static uint64_t answered; /* bit per CPU; atomic */

static void answer(void *argument) {
    if (argument == &answered)
        atomic_fetch_or(&answered, BIT(cpu_id()));
}

SELFTEST(cpu_call_all, "sync.cpu-call") {
    for (int round = 0; round < 100; round++) {
        uint64_t self = BIT(cpu_id());
        answered = 0;
        cpu_call(cpu_mask_all(), answer, &answered);
        CHECK(atomic_load(&answered) == (cpu_mask_all() & ~self));
    }
}

static uint32_t calls_left, callers_left;

static void count_call(void *unused) {
    (void)unused;
    atomic_fetch_sub(&calls_left, 1u);
}

static void call_others(void *unused) {
    (void)unused;
    for (int round = 0; round < 50; round++)
        cpu_call(cpu_mask_all(), count_call, NULL);
    atomic_fetch_sub(&callers_left, 1u);
}

/* Each CPU waits for all others, which wait for it. */
SELFTEST(cpu_call_crossing, "sync.cpu-call-crossing") {
    callers_left = cpu_count;
    calls_left = 50 * cpu_count * (cpu_count - 1);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        CHECK(thread_spawn_on("test", call_others, NULL, BIT(cpu)) != NULL);
    while (atomic_load(&callers_left) != 0)
        sched_yield();
    CHECK(atomic_load(&calls_left) == 0);
}

struct visit {
    uint32_t cpu;
    bool wrong;
    struct completion done;
};

static void visit_cpu(void *argument) {
    struct visit *visit = argument;
    visit->wrong = cpu_id() != visit->cpu;
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) { /* and now everywhere else */
        sched_set_affinity(current_thread(), BIT(cpu));
        sched_reschedule(); /* as the exit path would */
        visit->wrong = visit->wrong || cpu_id() != cpu;
    }
    completion_done(&visit->done);
}

SELFTEST(sched_affinity, "sched.affinity") {
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct visit visit = {.cpu = cpu};
        completion_init(&visit.done);
        CHECK(thread_spawn_on("test", visit_cpu, &visit, BIT(cpu)) != NULL);
        completion_wait(&visit.done);
        CHECK(!visit.wrong);
    }
}

static uint32_t meeting, leaving; /* threads that have come, that have not left; atomic */

/* Ends only if all run at the same time: the kernel preempts nobody. */
static void meet(void *unused) {
    (void)unused;
    uint64_t end_ns = clock_monotonic_ns() + 10 * NS_PER_SEC;
    atomic_fetch_add(&meeting, 1u);
    while (atomic_load(&meeting) < cpu_count && clock_monotonic_ns() < end_ns)
        cpu_pause();
    atomic_fetch_sub(&leaving, 1u);
}

SELFTEST(sched_spread, "sched.every-cpu-works") {
    meeting = 0;
    leaving = cpu_count;
    for (uint32_t i = 0; i < cpu_count; i++)
        CHECK(thread_spawn("test", meet, NULL) != NULL);
    while (atomic_load(&leaving) != 0)
        sched_yield();
    CHECK(atomic_load(&meeting) == cpu_count);
}
