/*
 * COM1 by polling (16550, National Semiconductor PC16550D data sheet), for when nothing else can be trusted: early
 * boot, panics, the monitor. Any context.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Sets 8N1 at 115200 baud, as the loader did. */
void serial_init(void);
void serial_write(const char *text, size_t length); /* "\n" becomes "\r\n" */
/* The next character typed, or -1 if there is none. */
int serial_read(void);

/* The log's first sink: everything goes to COM1 until a driver takes over the port. */
void early_console_init(void);
/* The driver has the port: stop, except in a panic. */
void early_console_release(void);
