/*
 * The boot trace.
 */
#include "boot/stage2/trace.h"

#include "boot/layout.h"
#include "boot/stage2/io.h"
#include "boot/stage2/state.h"
#include "lib/string.h"

static bool tsc_usable;

static void append(enum boot_event id, uint64_t tsc, uint64_t a, uint64_t b) {
    struct boot_trace *trace = boot_trace();

    trace->events[(uint32_t)trace->count % BOOT_TRACE_EVENTS] =
        (struct boot_trace_event){.id = id, .tsc = tsc, .a = a, .b = b};
    trace->count++;
}

void trace_init(bool has_tsc, uint8_t drive) {
    const volatile uint32_t *stamp = (const volatile uint32_t *)STATE_TSC_ENTRY;
    const volatile uint8_t *passed = (const volatile uint8_t *)STATE_DRIVE_PASSED;
    const volatile uint8_t *mbr = (const volatile uint8_t *)LAYOUT_BOOT_SECTOR;
    uint64_t entry_tsc = stamp[0] | (uint64_t)stamp[1] << 32;
    bool one_call = mbr[MBR_READ_COUNT] == mbr[MBR_PACKET + 2];

    tsc_usable = has_tsc;
    memset(boot_trace(), 0, sizeof(struct boot_trace));
    append(BOOT_EVENT_STAGE1_ENTRY, has_tsc ? entry_tsc : 0, *passed, 0);
    trace_event(BOOT_EVENT_STAGE1_READ, drive, one_call);
}

void trace_event(enum boot_event id, uint64_t a, uint64_t b) {
    append(id, tsc_usable ? read_tsc() : 0, a, b);
}

void trace_step(enum boot_step step) {
    trace_event(BOOT_EVENT_STEP, step, 0);
}

void trace_step_done(enum boot_step step, uint64_t figure) {
    trace_event(BOOT_EVENT_STEP_DONE, step, figure);
}
