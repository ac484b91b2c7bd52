/* Draws the timeline for a terminal of 80 columns. */
#pragma once

#include "user/boottrace/phases.h"

struct chart {
    bool colours; /* bars in colours of ECMA-48 SGR, otherwise in letters */
    size_t lines; /* at most; the shortest phases are then left out. 0: all of them */
};
void chart_print(const struct timeline *timeline, const struct chart *chart);
/* Without a TSC: the order of things is all there is. */
void chart_print_order(const struct timeline *timeline);
