/* The stack frame of a signal handler: what Linux x86-64 programs expect, byte by byte. */
#pragma once

#include "kernel/task/signal.h"

struct trap_frame;

/* Makes `frame` enter the handler with everything it needs to return. `mask` is what sigreturn restores.
 * 0, or -EFAULT when the stack cannot be written or there is no restorer. May sleep. */
int signal_frame_push(struct trap_frame *frame, const struct signal_action *action,
                      const struct signal_info *info, signal_set mask);
/* sigreturn: takes registers, FPU state, mask and alternate stack from the frame at the user's RSP.
 * 0 or -EFAULT. May sleep. */
int signal_frame_pop(struct trap_frame *frame);

/* asm-generic/signal-defs.h, linux/signal.h */
enum { SS_ONSTACK = 1, SS_DISABLE = 2 };
#define SS_AUTODISARM 0x80000000u
#define MINSIGSTKSZ 2048u
/* Whether `stack_pointer` lies on the running task's alternate stack. */
bool signal_on_altstack(uint64_t stack_pointer);
