#include "kernel/arch/percpu.h"

uintptr_t per_cpu_offset[CPU_MAX];
uint32_t cpu_count = 1;

DEFINE_PER_CPU(uintptr_t, cpu_offset);
DEFINE_PER_CPU(uint32_t, cpu_number);
/* The compiler reads it as %gs:stack_guard (-mstack-protector-guard-symbol); kernel_entry sets it. */
DEFINE_PER_CPU(uint64_t, stack_guard);
