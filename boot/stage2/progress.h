/*
 * A progress bar with megabytes a second, on the line of the step that loads something.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

struct progress {
    const char *label; /* NULL: nothing is shown */
    uint64_t start_tsc;
    uint32_t total;    /* bytes */
    uint32_t shown_ms; /* when the bar was last drawn; 0: not yet */
};

void progress_start(struct progress *progress, const char *label, uint32_t total);

/* Draws the bar if the load takes noticeable time and the last drawing is a while ago. */
void progress_show(struct progress *progress, uint32_t done);

/* Clears the bar: the line begins anew with the step's name. */
void progress_end(struct progress *progress);

/* Prints ", N.N MB/s" for what has been loaded, where the clock is known. */
void progress_print_rate(uint64_t start_tsc, uint32_t bytes);
