/*
 * The screen of explain mode: what console.h does not offer. COM1 gets the text alone.
 */
#pragma once

#include <stdint.h>

enum explain_colour { /* PC text attributes: background << 4 | foreground */
    EXPLAIN_DARK = 0x08,
    EXPLAIN_BRIGHT = 0x0f,
    EXPLAIN_TITLE = 0x1f,
    EXPLAIN_FOOTER = 0x70
};

/* Empties the screen; output goes to its first line. */
void explain_screen_clear(void);

/* Output goes to the start of `row`; on COM1 to a new line. */
void explain_screen_go(uint32_t row);

/* The cell that the next character takes, counted row by row. */
uint32_t explain_screen_cell(void);

/* Colours the cells from `start` up to `end`. */
void explain_screen_paint(uint32_t start, uint32_t end, enum explain_colour colour);

/* Colours a whole row. */
void explain_screen_paint_row(uint32_t row, enum explain_colour colour);
