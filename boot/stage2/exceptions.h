/*
 * Exceptions in the loader itself, and in the kernel before it has its own handlers.
 */
#pragma once

#include <stdint.h>

/* Installs the 32-bit table. Interrupts stay off: only exceptions arrive. */
void exceptions_init(void);

/* What LIDT takes in 64-bit mode (SDM 3A §3.5.1). */
struct idt_pointer64 {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* Makes the 64-bit table that is handed to the kernel. */
void exceptions_prepare64(struct idt_pointer64 *pointer);

#define EXCEPTION_COUNT 32u /* SDM 3A §6.3.1: vectors that the processor keeps for itself */

/* In exceptions.asm: the addresses of what receives each exception. */
struct exception_stubs {
    uint32_t address[EXCEPTION_COUNT];
};
extern const struct exception_stubs exception_stubs32, exception_stubs64;

/* Called by exceptions.asm. */
void exception_report(uint32_t vector, uint32_t error, uint32_t eip)
    __attribute__((noreturn));
