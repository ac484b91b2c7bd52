/* What the debugging facilities hook into at boot. */
#pragma once

/* Gives panics registers, a backtrace and the monitor. */
void debug_init(void);

/* Does what the command line asks for: `selftest`, `crash=KIND`, `init=monitor`. In a thread; may sleep. */
void debug_run_requested(void);
