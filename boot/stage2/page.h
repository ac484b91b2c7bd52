/*
 * A page of text on both displays at once: on the screen by INT 10h, cell by cell with attributes,
 * on COM1 by VT100 sequences. Text goes where the pen is and is cut off at the right edge; nothing
 * scrolls. Any size of text mode will do, colour or monochrome.
 */
#pragma once

#include "lib/bits.h"

enum page_style {
    PAGE_NORMAL,
    PAGE_DIM,      /* less important, or not to be had */
    PAGE_BRIGHT,
    PAGE_BAR,      /* head and foot */
    PAGE_SELECTED,
    PAGE_ALERT
};

/* Empties both displays and hides their cursors. */
void page_open(void);

/* Empties both displays, shows the cursors again; ordinary output follows. */
void page_close(void);

/* Cells; what the screen has, at most 80 by 24, which every terminal has. */
unsigned page_columns(void);
unsigned page_rows(void);

/* Puts the pen down. Rows and columns count from 0. */
void page_at(unsigned row, unsigned column);

printf_like(2, 3) void page_print(enum page_style style, const char *format, ...);

/* Blanks, in that style, up to `column`, or to the end of the row if it is that far. */
void page_fill(enum page_style style, unsigned column);

/* Shows the cursor at the pen; hides it. */
void page_show_cursor(void);
void page_hide_cursor(void);
