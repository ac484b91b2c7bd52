/*
 * A visit to long mode: there and back, to see what the switch does to the registers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mode_registers {
    uint32_t cr0, cr3, cr4;
    uint32_t efer; /* its low half: the high one is reserved (SDM 3A §2.2.1) */
};

struct mode_visit {
    struct mode_registers before, after; /* after: in compatibility mode */
    uint64_t bytes;   /* what 64-bit code read at `virt` */
    uint16_t cs;      /* its code segment */
};

_Static_assert(sizeof(struct mode_registers) == 16, "long_mode.asm");
_Static_assert(offsetof(struct mode_visit, bytes) == 32, "long_mode.asm");

/*
 * Enters long mode with the top-level table `table` (identity-mapping the loader), notes the
 * registers, reads eight bytes at `virt` in 64-bit mode, and returns to 32-bit protected mode with
 * all registers as they were. The processor has been found to have long mode.
 */
void long_mode_visit(uint32_t table, uint32_t use_nx, uint64_t virt, struct mode_visit *visit);
