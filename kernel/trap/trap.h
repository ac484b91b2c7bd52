/* Exceptions, interrupts and system calls: from the entry code to those who handle them. */
#pragma once

#include <stdint.h>

#include "kernel/arch/frame.h"
#include "lib/bits.h"

/* Exception vectors, SDM 3A table 6-1. */
enum trap_vector {
    TRAP_DIVIDE = 0,
    TRAP_DEBUG = 1,
    TRAP_NMI = 2,
    TRAP_BREAKPOINT = 3,
    TRAP_OVERFLOW = 4,
    TRAP_BOUND = 5,
    TRAP_INVALID_OPCODE = 6,
    TRAP_NO_FPU = 7,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_INVALID_TSS = 10,
    TRAP_NO_SEGMENT = 11,
    TRAP_STACK_SEGMENT = 12,
    TRAP_PROTECTION = 13,
    TRAP_PAGE_FAULT = 14,
    TRAP_FPU = 16,
    TRAP_ALIGNMENT = 17,
    TRAP_MACHINE_CHECK = 18,
    TRAP_SIMD = 19,
    TRAP_CONTROL_PROTECTION = 21,
    TRAP_EXCEPTIONS = 32, /* vectors from here on are interrupts */
};

/* Page-fault error code, SDM 3A figure 4-12. */
#define PAGE_FAULT_PRESENT BIT(0)
#define PAGE_FAULT_WRITE BIT(1)
#define PAGE_FAULT_USER BIT(2)
#define PAGE_FAULT_RESERVED BIT(3)
#define PAGE_FAULT_FETCH BIT(4)

/* Descriptor tables, exceptions: from here on a fault gives a report. Works before memory is set up. */
void trap_init(void);
/* SYSCALL's registers on the running CPU, user copies. After trap_init. */
void syscall_init(void);
/* The SYSCALL registers of a further CPU. */
void syscall_init_cpu(void);

/* Called by entry.asm. */
void trap_handle(struct trap_frame *frame);
/* Interrupts off on entry and return: does what the running thread's work word asks. */
void trap_exit_work(struct trap_frame *frame);
/* The frame cannot be returned to: raises SIGSEGV and makes it harmless. Interrupts off. */
void trap_bad_return(struct trap_frame *frame);
/* "page fault"; NULL above TRAP_EXCEPTIONS. */
const char *trap_name(uint64_t vector);

extern const uint64_t trap_vectors[];
void syscall_entry(void);
