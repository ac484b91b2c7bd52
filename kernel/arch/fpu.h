/*
 * x87, SSE and AVX registers of user threads (SDM 1 §10.5, §13). The kernel itself never uses them.
 *
 * A thread's registers are saved eagerly when it is switched out and restored when it returns to
 * user mode, unless they are still in the CPU: each CPU remembers the area last restored into it,
 * each area the CPU that last loaded it, and only if both agree the registers are current.
 * While a thread runs with its registers loaded, its area in memory is stale: arch_fpu_save first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fpu_area;

#define FPU_AREA_ALIGN 64u /* SDM 1 §13.4: XSAVE areas are 64-byte aligned */

/* Chooses XSAVEOPT, XSAVE or FXSAVE and sets the size of an area. Every CPU calls it. */
void arch_fpu_init(void);
/* The same settings on a further CPU. */
void arch_fpu_init_cpu(void);
/* Bytes of an area; the owner allocates it with FPU_AREA_ALIGN. */
size_t arch_fpu_area_size(void);

/* The state of a program that has just been executed: SysV ABI x86-64 §3.4.1. */
void arch_fpu_area_init(struct fpu_area *area);
/* `copy` becomes what the running thread's registers are. Not in interrupt context. */
void arch_fpu_copy(struct fpu_area *copy, struct fpu_area *current);

/* True if the CPU holds this area's registers. Interrupts off. */
bool arch_fpu_is_loaded(const struct fpu_area *area);
/* Writes the registers to the area if they are loaded. Interrupts off. */
void arch_fpu_save(struct fpu_area *area);
/* Loads them if they are not there. Interrupts off. */
void arch_fpu_load(struct fpu_area *area);
/* Memory is about to be changed: forget what the CPU holds. Save first to keep it. */
void arch_fpu_forget(struct fpu_area *area);

/*
 * The image as signal frames and ptrace show it: FXSAVE's 512 bytes first, then, where XSAVE is
 * used, its header and the extended components. Valid after arch_fpu_save.
 */
void *arch_fpu_image(struct fpu_area *area);
size_t arch_fpu_image_size(void);
uint64_t arch_fpu_features(void); /* XCR0; 0 when only FXSAVE is there */
/*
 * Makes an image that came from user memory safe to load (clears reserved bits that would fault).
 * False if it cannot be repaired.
 */
bool arch_fpu_sanitise(struct fpu_area *area);

/* The unmasked exceptions that are pending, SDM 1 §8.1.3 order: invalid, denormal, division by zero,
 * overflow, underflow, precision. The registers must be loaded. Interrupts off. */
uint32_t arch_fpu_exceptions(bool simd);
