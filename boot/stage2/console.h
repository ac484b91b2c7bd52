/*
 * The loader's output: screen (INT 10h teletype, so whatever the BIOS shows, shows this) and
 * COM1, which it programs to 115200 baud, 8N1. Every byte goes to both.
 */
#pragma once

#include <stddef.h>

#include "lib/bits.h"

/* Brings the screen to a text mode if the BIOS left it in another, and programs COM1. */
void console_init(void);

/* Brings the screen to a text mode if it is in another. */
void console_ensure_text(void);

printf_like(1, 2) void console_printf(const char *format, ...);

/* Starts a step's line: "  name      ". Looks whether somebody wants the menu (keys.h). */
void console_step(const char *name);

/* Ends the current line unless it is empty. */
void console_fresh_line(void);

/* Rewrites the current line: the next output starts at its first column. */
void console_rewind(void);

/* A byte from COM1; -1 if there is none, or one that arrived damaged. */
int console_receive(void);

/* From now on COM1 is for output only. */
void console_ignore_serial_input(void);

/* Sends to COM1 alone, control sequences and all. */
void console_send_serial(const char *text, size_t length);

/* Sets boot_info's text mode description to the screen as it is now. */
void console_describe_screen(void);
