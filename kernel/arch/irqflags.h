/* The running CPU's interrupt flag (RFLAGS.IF, SDM 3A §6.8.1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RFLAGS_IF (1ull << 9)

static inline void irq_disable(void) {
    __asm__ volatile("cli" ::: "memory");
}

static inline void irq_enable(void) {
    __asm__ volatile("sti" ::: "memory");
}

static inline uint64_t irq_flags(void) {
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return flags;
}

static inline bool irq_enabled(void) {
    return (irq_flags() & RFLAGS_IF) != 0;
}

/* Disables interrupts; returns what irq_restore needs. */
static inline uint64_t irq_save(void) {
    uint64_t flags = irq_flags();
    irq_disable();
    return flags;
}

static inline void irq_restore(uint64_t flags) {
    if (flags & RFLAGS_IF)
        irq_enable();
}
