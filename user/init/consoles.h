/* The terminals where people find a prompt. */
#pragma once

/* Calls `handle` with /dev/console and then every other terminal that shows the log
 * (/proc/consoles, proc(5)): who reads the log there will want to type there. The path belongs to
 * `handle`. */
void consoles_each(void (*handle)(char *path));
