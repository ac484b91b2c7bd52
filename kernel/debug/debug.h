/* What the debugging facilities hook into at boot. */
#pragma once

/* Gives panics registers, a backtrace and the monitor. */
void debug_init(void);
