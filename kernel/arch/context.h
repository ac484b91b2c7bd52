/*
 * What a CPU holds for a thread besides its kernel stack, and the switch between two threads.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/bits.h"

struct trap_frame;
struct port_map; /* segments.h */
struct fpu_area; /* XSAVE or FXSAVE image, SDM 1 §13.4; size found at boot */

/* What few threads have: switching looks at it only if either thread has any. */
enum thread_rare {
    THREAD_RARE_PORTS = 1u << 0,
    THREAD_RARE_SELECTORS = 1u << 1, /* not all 0, or were not when it last began to run */
    THREAD_RARE_NO_TSC = 1u << 2,    /* RDTSC faults in user mode */
};

struct arch_thread {
    uint64_t rsp;     /* kernel stack pointer while not running */
    uint64_t fs_base; /* user's, SDM 3A §3.4.4 */
    uint64_t gs_base; /* user's; in MSR KERNEL_GS_BASE while in the kernel */
    struct fpu_area *fpu; /* NULL for kernel threads */
    const struct port_map *ports; /* of its own (kernel/task/ports.h); NULL: none */
    uint64_t selectors;   /* user's DS, ES, FS, GS, 16 bits each from the lowest, while it does not run; mostly 0 */
    uint32_t rare;        /* of enum thread_rare */
};

/* Page tables of an address space, as the CPU needs them. */
struct mmu_context {
    uint64_t root_phys;  /* top-level table */
    uint64_t active_cpus; /* bit per CPU that has it loaded; atomic */
};

/* A thread that has not run yet starts in `entry`, interrupts off, on an empty stack. */
void arch_thread_init(struct arch_thread *thread, void *stack_top, void (*entry)(void));

/* Frame pointer of a thread that is not running, for backtraces. */
uint64_t arch_thread_frame_pointer(const struct arch_thread *thread);

/* Saves callee-saved registers on the old stack, loads the new one. Interrupts off. */
void arch_switch_stack(uint64_t *old_rsp, uint64_t new_rsp);
/* FPU, FS/GS bases, TSS stack and ports: everything but the stack and CR3. Interrupts off. The caller sets
 * THREAD_WORK_FPU for `next` unless arch_fpu_is_loaded says that its registers are still there. */
void arch_switch_state(struct arch_thread *old, struct arch_thread *next, uint64_t next_stack_top);
/* Loads CR3 if `next` is not NULL and not loaded already; keeps `active_cpus`. Interrupts off. */
void arch_switch_mmu(struct mmu_context *old, struct mmu_context *next);

/* FS and GS base of the running thread, for arch_prctl; setting one makes the selector 0, as on Linux. */
void arch_set_fs_base(struct arch_thread *current, uint64_t base);
void arch_set_gs_base(struct arch_thread *current, uint64_t base);
uint64_t arch_fs_base(void);
uint64_t arch_gs_base(void);
/* exec: data selectors and bases of the running thread become 0. */
void arch_reset_segments(struct arch_thread *current);
/* clone: the child's are the running thread's. */
void arch_copy_segments(struct arch_thread *child, struct arch_thread *current);
/* Then, with CLONE_SETTLS: its own FS base. */
void arch_preset_fs_base(struct arch_thread *child, uint64_t base);
/* PR_SET_TSC of the running thread. */
void arch_forbid_tsc(struct arch_thread *current, bool forbid);
static inline bool arch_tsc_is_forbidden(const struct arch_thread *thread) {
    return thread->rare & THREAD_RARE_NO_TSC;
}
/* I/O ports of a thread that does not run yet, or of the running one, for which they hold at once. NULL: none. */
void arch_preset_ports(struct arch_thread *child, const struct port_map *ports);
void arch_set_ports(struct arch_thread *current, const struct port_map *ports);

/*
 * Leaves the kernel for user mode with the registers in `frame`, which must be the one at the top
 * of the running thread's kernel stack. For a thread's first return. Interrupts on or off.
 */
noreturn_fn void arch_return_to_user(struct trap_frame *frame);
