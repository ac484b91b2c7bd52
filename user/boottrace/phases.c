#include "user/boottrace/phases.h"

#include <string.h>

#define STAGE2_READ_BYTES (127u * 512u)

/* What an event ends: the phase from the event before it. Steps of the loader are told by pairs instead. */
static const struct {
    const char *event, *phase;
    enum owner owner;
} endings[] = {
    {"stage1_read", "stage1", OWNER_LOADER},         {"kernel_entry", "long mode", OWNER_LOADER},
    {"kernel_memory", "kernel memory", OWNER_KERNEL},       {"kernel_clock", "interrupts", OWNER_KERNEL},
    {"kernel_threads", "threads", OWNER_KERNEL},     {"filesystems", "file tree", OWNER_KERNEL},
    {"drivers", "drivers", OWNER_KERNEL},            {"first_program", "first program", OWNER_KERNEL},
    {"prompt", "to the prompt", OWNER_PROGRAMS},
};

static const char *const loading_steps[] = {"kernel", "ramfs"};

static bool is(const struct table *events, size_t row, const char *name) {
    return strcmp(table_text(events, row, "event"), name) == 0;
}

static bool is_loading(const char *step) {
    for (size_t i = 0; i < sizeof loading_steps / sizeof *loading_steps; i++)
        if (strcmp(step, loading_steps[i]) == 0)
            return true;
    return false;
}

static uint64_t at_least(uint64_t value, uint64_t minimum) {
    return value < minimum ? minimum : value;
}

/* Saved files may hold anything: time never runs backwards here, and the BIOS has no more than all of it. */
static void add(struct timeline *timeline, const struct table *events, size_t from, size_t to, struct phase phase) {
    if (timeline->count == PHASES_MAX)
        return;
    uint64_t bios_from = table_number(events, from, "bios_ticks"), bios_to = table_number(events, to, "bios_ticks");
    phase.start_tsc = table_number(events, from, "tsc");
    phase.end_tsc = at_least(table_number(events, to, "tsc"), phase.start_tsc);
    phase.bios_ticks = at_least(bios_to, bios_from) - bios_from;
    if (phase.bios_ticks > phase.end_tsc - phase.start_tsc)
        phase.bios_ticks = phase.end_tsc - phase.start_tsc;
    timeline->phases[timeline->count++] = phase;
}

/*
 * The step that begins at `row` ends with its step_done, the last one with the jump; one that failed,
 * with the step that comes instead.
 */
static void add_step(struct timeline *timeline, const struct table *events, size_t row) {
    const char *step = table_text(events, row, "step");

    for (size_t end = row + 1; end < events->rows; end++) {
        bool done = is(events, end, "step_done") && strcmp(table_text(events, end, "step"), step) == 0;
        if (!done && !is(events, end, "jump") && !is(events, end, "step"))
            continue;
        uint64_t bytes = done && is_loading(step) ? table_number(events, end, "b") : 0;
        add(timeline, events, row, end,
            (struct phase){.name = step, .owner = OWNER_LOADER, .bios_known = true, .bytes = bytes});
        return;
    }
}

/* The kernel's milestones may have other events between them: the phase begins at the last one before. */
static void add_ending(struct timeline *timeline, const struct table *events, size_t row) {
    for (size_t i = 0; row > 0 && i < sizeof endings / sizeof *endings; i++) {
        if (!is(events, row, endings[i].event))
            continue;
        bool stage1 = strcmp(endings[i].event, "stage1_read") == 0;
        add(timeline, events, row - 1, row,
            (struct phase){.name = endings[i].phase, .owner = endings[i].owner, .bios_known = !stage1,
                           .bytes = stage1 ? STAGE2_READ_BYTES : 0});
    }
}

static void add_self_check(struct timeline *timeline, const struct table *events, size_t row) {
    if (row > 0 && is(events, row - 1, "stage1_read"))
        add(timeline, events, row - 1, row,
            (struct phase){.name = "self-check", .owner = OWNER_LOADER, .bios_known = true});
}

bool timeline_read(struct timeline *timeline, const char *folder, struct table *events) {
    *timeline = (struct timeline){.folder = folder};
    if (!table_read(events, folder, "events"))
        return false;
    for (size_t row = 0; row < events->rows; row++) {
        timeline->retries += is(events, row, "disk_retry");
        timeline->warnings += is(events, row, "warning");
        timeline->reached_prompt |= is(events, row, "prompt");
        if (is(events, row, "step")) {
            add_self_check(timeline, events, row);
            add_step(timeline, events, row);
        } else {
            add_ending(timeline, events, row);
        }
    }
    if (events->rows > 0) {
        timeline->lost_events = table_number(events, 0, "number");
        timeline->start_tsc = table_number(events, 0, "tsc");
        timeline->end_tsc = table_number(events, events->rows - 1, "tsc");
    }
    timeline->tsc_hz = timeline->end_tsc > timeline->start_tsc ? value_read(folder, "info", "tsc_hz") : 0;
    return true;
}
