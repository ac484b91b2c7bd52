/*
 * One request a calling CPU, which waits until every CPU it is for has taken its bit out of `pending`;
 * a bit of the caller's number in a CPU's `callers` tells where to look.
 */
#include "kernel/sync/cpu_call.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "lib/assert.h"
#include "lib/atomic.h"

struct cpu_request {
    void (*run)(void *argument);
    void *argument;
    uint64_t pending; /* CPUs that have not answered; atomic */
};

static DEFINE_PER_CPU(struct cpu_request, cpu_request);
static DEFINE_PER_CPU(uint64_t, callers); /* CPUs whose requests wait here; atomic */
static void (*send_call)(uint32_t cpu);

void cpu_call_set_send(void (*send)(uint32_t cpu)) {
    send_call = send;
}

uint64_t cpu_mask_all(void) {
    return UINT64_MAX >> (CPU_MAX - atomic_load_relaxed(&cpu_count));
}

void cpu_call(uint64_t cpus, void (*run)(void *argument), void *argument) {
    struct cpu_request *request = this_cpu_ptr(cpu_request);
    uint64_t self = BIT(cpu_id());

    cpus &= ~self;
    if (cpus == 0)
        return;
    ASSERT(irq_enabled() && atomic_load_relaxed(&request->pending) == 0);
    request->run = run;
    request->argument = argument;
    atomic_store(&request->pending, cpus);
    for (uint64_t left = cpus; left != 0; left &= left - 1) {
        uint32_t cpu = (uint32_t)__builtin_ctzll(left);
        /* Whoever put the first bit there has sent the interrupt. */
        if (atomic_fetch_or(per_cpu_ptr(callers, cpu), self) == 0)
            send_call(cpu);
    }
    while (atomic_load(&request->pending) != 0)
        cpu_pause();
}

void cpu_call_handle(void) {
    uint64_t self = BIT(cpu_id());
    uint64_t left = atomic_exchange(this_cpu_ptr(callers), 0ull);

    for (; left != 0; left &= left - 1) {
        struct cpu_request *request = per_cpu_ptr(cpu_request, __builtin_ctzll(left));
        request->run(request->argument);
        atomic_fetch_and(&request->pending, ~self);
    }
}
