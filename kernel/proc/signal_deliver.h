/* Signals on the way back to user mode: handlers' frames and default actions. */
#pragma once

struct trap_frame;

/*
 * Acts on the running task's signals: sets up `frame` for a handler, stops, or ends the process; clears
 * THREAD_WORK_SIGNAL when none is left. Interrupts on; may sleep; may not return.
 */
void signal_deliver(struct trap_frame *frame);
