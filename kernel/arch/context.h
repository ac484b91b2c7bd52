/*
 * What a CPU holds for a thread besides its kernel stack, and the switch between two threads.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

struct fpu_area; /* XSAVE or FXSAVE image, SDM 1 §13.4; size found at boot */

struct arch_thread {
    uint64_t rsp;     /* kernel stack pointer while not running */
    uint64_t fs_base; /* user's, SDM 3A §3.4.4 */
    uint64_t gs_base; /* user's; in MSR KERNEL_GS_BASE while in the kernel */
    struct fpu_area *fpu; /* NULL for kernel threads */
};

/* Page tables of an address space, as the CPU needs them. */
struct mmu_context {
    uint64_t root_phys;  /* top-level table */
    uint64_t active_cpus; /* bit per CPU that has it loaded; atomic */
};

/* Saves callee-saved registers on the old stack, loads the new one. Interrupts off. */
void arch_switch_stack(uint64_t *old_rsp, uint64_t new_rsp);
/* FPU, FS/GS bases, TSS stack, CR3: everything but the stack. Interrupts off. */
void arch_switch_state(struct arch_thread *old, struct arch_thread *next, uint64_t next_stack_top);
void arch_switch_mmu(struct mmu_context *old, struct mmu_context *next);
