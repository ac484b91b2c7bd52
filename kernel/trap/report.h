/* What happened, in words: for exceptions that the kernel cannot survive. Any context. */
#pragma once

#include <stdint.h>

struct trap_frame;

/* Logs the decoded cause of `frame`'s exception; `address` is the faulting address, CR2 or RIP. */
void trap_report(const struct trap_frame *frame, uint64_t address);
