/*
 * Contract between handoff.c and handoff_jump.asm.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/stage2/exceptions.h"

struct handoff_target {
    uint64_t entry;       /* virtual */
    uint64_t info;        /* for rdi */
    uint64_t stack_top;
    uint32_t page_tables; /* physical, for CR3 */
    uint32_t use_nx;
    struct idt_pointer64 idt;
} __attribute__((packed));

_Static_assert(offsetof(struct handoff_target, idt) == 32, "handoff_jump.asm");

/* Enters long mode and jumps; registers as boot/bootinfo.h says. */
void handoff_jump(const struct handoff_target *target) __attribute__((noreturn));
