/*
 * The kernel monitor: a command line on COM1, polled, with interrupts off. It reads nothing through
 * the facilities it debugs: no allocation, no locks but the log's, memory only by walking page tables.
 */
#pragma once

struct trap_frame;

/* Returns on `continue`. `frame` (may be NULL) is what `regs` and `bt` show. */
void monitor_run(const struct trap_frame *frame);
/* If init=monitor is on the command line: runs it; a panic's hook runs it for panic=monitor. */
void monitor_run_requested(void);
