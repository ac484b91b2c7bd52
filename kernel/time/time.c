/*
 * Starts time: calibration, clocks, timer hardware; and refines the rate of the TSC while the
 * system runs, so that booting need not wait for a long measurement.
 */
#define LOG_TAG "time"
#include "kernel/log/log.h"
#include "kernel/time/calibrate.h"
#include "kernel/time/clock.h"
#include "kernel/time/event.h"
#include "kernel/time/timer.h"
#include "kernel/view/view.h"
#include "lib/bits.h"

/* Each round starts from a figure that is good enough to count the reference's wraps until the next. */
static const uint64_t refine_after_ns[] = {50 * NS_PER_MS, NS_PER_SEC, 20 * NS_PER_SEC};
#define REFINE_LATE 4u /* times as long is too long for that */

static struct calibration calibration;
static const struct clock_event *event;
static struct timer refine_timer;
static unsigned refine_round;

static void refine(struct timer *timer) {
    uint64_t tsc_hz;

    if (calibrate_refine(clock_tsc_hz(), refine_after_ns[refine_round] * REFINE_LATE, &tsc_hz)) {
        refine_round++;
        if (tsc_hz)
            clock_set_rate(tsc_hz);
        else
            log_warn("measuring the TSC again made no sense; keeping %llu kHz",
                     (unsigned long long)clock_tsc_hz() / 1000);
    }
    if (refine_round < ARRAY_SIZE(refine_after_ns))
        timer_start(timer, clock_monotonic_ns() + refine_after_ns[refine_round]);
}

static void show_time(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "tsc_hz %llu\n", (unsigned long long)clock_tsc_hz());
    view_printf(buffer, "tsc_source %s\n", calibration.source);
    view_printf(buffer, "refinements %u\n", refine_round);
    view_printf(buffer, "timer %s\n", event->name);
    view_printf(buffer, "apic_timer_hz %llu\n", (unsigned long long)calibration.apic_timer_hz);
    view_printf(buffer, "monotonic_ns %llu\n", (unsigned long long)clock_monotonic_ns());
    view_printf(buffer, "realtime_ns %llu\n", (unsigned long long)clock_realtime_ns());
}

static struct view time_view = {
    .tree = VIEW_KERNEL,
    .path = "hw/time",
    .help = "clocks: rates in Hz, sources, nanoseconds since boot and since 1970",
    .show = show_time,
};

void time_init(void) {
    timer_init_cpu();
    calibrate_start(&calibration);
    clock_set_rate(calibration.tsc_hz);
    log_set_clock(clock_monotonic_ns);
    event = clock_event_init(&calibration, timer_interrupt);
    timer_set_event(event);
    if (!calibration.exact && refine_round == 0) {
        timer_init(&refine_timer, refine);
        timer_start(&refine_timer, clock_monotonic_ns() + refine_after_ns[0]);
    }
    view_register(&time_view);
    log_info("TSC %llu.%03llu MHz by %s, timer %s", (unsigned long long)calibration.tsc_hz / 1000000,
             (unsigned long long)calibration.tsc_hz / 1000 % 1000, calibration.source, event->name);
}
