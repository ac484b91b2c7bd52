/*
 * Lines of text under a heading, to scroll through by key.
 */
#pragma once

#include "lib/bits.h"

/* Starts a new text. */
void pager_clear(void);

/* Appends a line, without newline; what exceeds the pager's memory is left out. */
printf_like(1, 2) void pager_add(const char *format, ...);

/* Shows the text until the person is done with it, or the menu's time is up (menu_pages.h). */
void pager_show(const char *title);
