/* Draws the timeline for a terminal of 80 columns. */
#pragma once

#include "user/boottrace/phases.h"

/* `colours`: bars in colours of ECMA-48 SGR, otherwise in letters. */
void chart_print(const struct timeline *timeline, bool colours);
/* Without a TSC: the order of things is all there is. */
void chart_print_order(const struct timeline *timeline);
