/*
 * Event hardware, best first: the TSC-deadline timer, the local APIC's one-shot counter, the 8254.
 * Written once at boot. Spec: SDM 3A §10.5.4.
 */
#define LOG_TAG "time"
#include "kernel/time/event.h"

#include "kernel/arch/cpu.h"
#include "kernel/irq/irq.h"
#include "kernel/irq/local_apic.h"
#include "kernel/log/log.h"
#include "kernel/time/clock.h"
#include "kernel/time/pit.h"

#define RATE_SHIFT 32
#define PIT_TICKS_MAX UINT16_MAX /* 54.9 ms; a later deadline takes several rounds */
#define ISA_LINE_PIT 0u

static uint64_t apic_ticks_per_ns; /* << RATE_SHIFT */
static void (*expired_hook)(void);
static const struct clock_event *chosen;

static void deadline_arm(uint64_t deadline_ns, uint64_t delta_ns) {
    (void)delta_ns;
    local_apic_timer_deadline(clock_ns_to_tsc(deadline_ns) + 1); /* 0 would disarm */
}

static const struct clock_event deadline_event = {"TSC deadline", deadline_arm};

static void apic_arm(uint64_t deadline_ns, uint64_t delta_ns) {
    (void)deadline_ns;
    uint64_t count = (uint64_t)((unsigned __int128)delta_ns * apic_ticks_per_ns >> RATE_SHIFT) + 1;
    local_apic_timer_start((uint32_t)MIN(count, (uint64_t)UINT32_MAX));
}

static const struct clock_event apic_event = {"local APIC", apic_arm};

static void pit_arm(uint64_t deadline_ns, uint64_t delta_ns) {
    (void)deadline_ns;
    uint64_t round_ns = (uint64_t)PIT_TICKS_MAX * NS_PER_SEC / PIT_HZ;
    uint64_t ticks = MIN(delta_ns, round_ns) * PIT_HZ / NS_PER_SEC + 1;
    pit_one_shot((uint32_t)MIN(ticks, (uint64_t)PIT_TICKS_MAX));
}

static const struct clock_event pit_event = {"8254", pit_arm};

static bool pit_handle(struct irq_handler *handler) {
    (void)handler;
    expired_hook();
    return true;
}

static struct irq_handler pit_handler = {.name = "timer", .handle = pit_handle};

const struct clock_event *clock_event_init(const struct calibration *calibration, void (*expired)(void)) {
    expired_hook = expired;
    irq_set_local(IRQ_LOCAL_TIMER, expired);
    if (local_apic_in_use() && calibration->apic_timer_hz) {
        apic_ticks_per_ns = (calibration->apic_timer_hz << RATE_SHIFT) / NS_PER_SEC;
        chosen = cpu_has(CPU_TSC_DEADLINE) ? &deadline_event : &apic_event;
        clock_event_init_cpu();
        return chosen;
    }
    chosen = &pit_event;
    int error = irq_request_isa(ISA_LINE_PIT, &pit_handler);
    if (error)
        log_error("no timer: the 8254's line cannot be used (%d)", error);
    return chosen;
}

void clock_event_init_cpu(void) {
    if (chosen == &deadline_event)
        local_apic_timer_use_deadline();
}
