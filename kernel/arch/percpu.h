/*
 * Per-CPU data: ordinary variables in the `.percpu` section, reached through GS.
 *
 * All start as zero: a variable that needs another value gets it from its subsystem's `_init_cpu`.
 *
 * The linked section is CPU 0's own copy, so GS base is 0 there and per-CPU data work from the
 * first instruction of the kernel. Another CPU's GS base is (its copy - percpu_start), so
 * `%gs:symbol` always addresses the running CPU's copy. Kernel code runs with the kernel's GS base;
 * entry from user mode does SWAPGS (SDM 3A §5.8.8).
 *
 * A per-CPU variable may be used only while the thread cannot move to another CPU: with interrupts
 * off, or anywhere in the kernel between two calls that may sleep (the kernel is not preemptible).
 */
#pragma once

#include <stdint.h>

#define CPU_MAX 64u

#define PER_CPU_SECTION __attribute__((section(".percpu")))
#define DEFINE_PER_CPU(type, name) PER_CPU_SECTION __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern PER_CPU_SECTION __typeof__(type) name

/* An lvalue: the running CPU's copy, one %gs-relative access. */
#define this_cpu(name) (*(volatile __seg_gs __typeof__(name) *)(uintptr_t)&(name))

/* Adds to the running CPU's copy (or a member of it) in one instruction, which no interrupt can split. */
#define this_cpu_add(name, n) ((void)(*(__seg_gs __typeof__(name) *)(uintptr_t)&(name) += (n)))

/* Address of CPU `cpu`'s copy. */
#define per_cpu_ptr(name, cpu) \
    ((__typeof__(name) *)(void *)((uintptr_t)&(name) + per_cpu_offset[cpu]))
#define this_cpu_ptr(name) \
    ((__typeof__(name) *)(void *)((uintptr_t)&(name) + this_cpu(cpu_offset)))

extern uintptr_t per_cpu_offset[CPU_MAX]; /* GS base of each CPU */
extern uint32_t cpu_count; /* CPUs running: numbers 0 .. cpu_count - 1 */
DECLARE_PER_CPU(uint64_t, stack_guard);   /* what functions with buffers keep below their return address */
DECLARE_PER_CPU(uintptr_t, cpu_offset);   /* the same for the running CPU */
DECLARE_PER_CPU(uint32_t, cpu_number);

static inline uint32_t cpu_id(void) {
    return this_cpu(cpu_number);
}
