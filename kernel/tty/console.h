/*
 * The console: which terminals show the log, and which one /dev/console is. The argument
 * `console=NAME` may be given several times; the last is /dev/console. Without it the log goes to
 * the first serial port and the screen, and /dev/console is the serial port if there is one.
 */
#pragma once

#include "kernel/log/log.h"

/* A driver offers `sink` to show the log on the terminal `name`; it is used if the console is there. */
void console_offer(const char *name, struct log_sink *sink);
/* Registers /dev/console, /dev/tty and /dev/tty0. */
void console_init(void);
