/* The hardware that interrupts a CPU at a given time, for timer.c. Interrupts off. */
#pragma once

#include <stdint.h>

#include "kernel/time/calibrate.h"

struct clock_event {
    const char *name;
    /* Interrupts this CPU at `deadline_ns` (monotonic), `delta_ns` from now, or somewhat earlier. */
    void (*arm)(uint64_t deadline_ns, uint64_t delta_ns);
};

/* Picks the best there is and has `expired` called at each interrupt (in interrupt context). */
const struct clock_event *clock_event_init(const struct calibration *calibration, void (*expired)(void));
/* The same hardware on a further CPU. */
void clock_event_init_cpu(void);
