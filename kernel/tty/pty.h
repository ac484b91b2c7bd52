/* Pseudo-terminals: /dev/ptmx and the terminals in /dev/pts. pty(7). */
#pragma once

#include <stdint.h>

void pty_init(void);
/* How many there are, and may be: /proc/sys/kernel/pty. */
uint32_t pty_count(void);
#define PTY_COUNT_MAX 4096u
