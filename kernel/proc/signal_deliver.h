/* Signals on their way to user mode: called on the exit path when THREAD_WORK_SIGNAL is set. */
#pragma once

#include <stdbool.h>

struct trap_frame;

/* Handles everything pending: runs default actions, stops, ends the process, sets up handlers' frames,
 * restarts or fails the interrupted system call. Interrupts on; may sleep; may not return. */
void signal_deliver(struct trap_frame *frame);
