/*
 * How far another clock is ahead of one's own, from questions: one's own time before asking, the other's when it
 * answers, one's own with the answer. The other answered somewhere in between; each question narrows that down.
 * Times wrap; their distances are taken as signed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct clock_offset {
    int64_t least, most; /* ticks; least > most: the clocks do not run alike */
};

#define CLOCK_OFFSET_UNKNOWN ((struct clock_offset){INT64_MIN, INT64_MAX})

static inline void clock_offset_narrow(struct clock_offset *offset, uint64_t before, uint64_t there, uint64_t after) {
    int64_t least = (int64_t)(there - after), most = (int64_t)(there - before);
    if (least > offset->least)
        offset->least = least;
    if (most < offset->most)
        offset->most = most;
}

/* Whether the two clocks may show the same time. */
static inline bool clock_offset_may_be_none(const struct clock_offset *offset) {
    return offset->least <= 0 && offset->most >= 0;
}

/* The best guess. */
static inline int64_t clock_offset_middle(const struct clock_offset *offset) {
    return offset->least / 2 + offset->most / 2;
}
