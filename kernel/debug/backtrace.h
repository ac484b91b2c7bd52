/* Who called whom: by frame pointers (-fno-omit-frame-pointer), which are not trusted. Any context. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct trap_frame;

/* Return addresses from the stack frame at `rbp` outward; returns how many. */
size_t backtrace_collect(uint64_t rbp, uint64_t *addresses, size_t max);
/* Logs them with names: of `frame` (first its RIP), or of the caller when `frame` is NULL. */
void backtrace_show(const struct trap_frame *frame);
/* Logs the registers, control registers and the bytes at RIP. */
void registers_show(const struct trap_frame *frame);
