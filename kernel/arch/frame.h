/*
 * The registers of whatever was interrupted, as the entry code saves them. Every entry - system
 * call, exception, interrupt - builds the complete frame, so signals, fork, ptrace and backtraces
 * see one shape. The layout is known to entry.asm.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t vector;     /* exception or interrupt vector; TRAP_SYSCALL for a system call */
    uint64_t error_code; /* CPU's error code, or the number of the system call (orig_rax) */
    uint64_t rip, cs, rflags, rsp, ss; /* as the CPU pushes them, SDM 3A §6.14.2 */
};

_Static_assert(sizeof(struct trap_frame) == 22 * 8, "entry.asm knows this layout");

#define TRAP_SYSCALL 256u

#define TRAP_EXCEPTION_COUNT 32u /* vectors from here to 255 are interrupts, SDM 3A table 6-1 */

static inline bool frame_is_interrupt(const struct trap_frame *frame) {
    return frame->vector >= TRAP_EXCEPTION_COUNT && frame->vector < TRAP_SYSCALL;
}

static inline bool frame_from_user(const struct trap_frame *frame) {
    return (frame->cs & 3) == 3;
}
