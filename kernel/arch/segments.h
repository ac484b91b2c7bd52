/*
 * Segment selectors, the task state segment and the descriptor tables (SDM 3A §3.4, §6.14, §7.7).
 * The selectors are those of Linux, which programs can see. SYSCALL takes the kernel's pair from
 * STAR[47:32], SYSRET the user's from STAR[63:48] + 16 and + 8 (SDM 3A §5.8.8).
 */
#pragma once

#include <stdint.h>

#define SELECTOR_KERNEL_CODE 0x10
#define SELECTOR_KERNEL_DATA 0x18
#define SELECTOR_USER_BASE 0x23 /* unused slot that STAR[63:48] points to */
#define SELECTOR_USER_DATA 0x2b
#define SELECTOR_USER_CODE 0x33
#define SELECTOR_TSS 0x40

/* Interrupt stack table slots, SDM 3A §6.14.5. */
enum ist {
    IST_NONE = 0,
    IST_DOUBLE_FAULT = 1,
    IST_NMI = 2,
    IST_MACHINE_CHECK = 3,
    IST_DEBUG = 4,
    IST_COUNT = 4,
};
#define IST_STACK_SIZE 0x2000u
#define IST_STACKS_SIZE (IST_COUNT * IST_STACK_SIZE)

#define IDT_VECTORS 256u

/*
 * Loads the running CPU's GDT and TSS. The GS base survives. `interrupt_stacks` are IST_STACKS_SIZE bytes,
 * page aligned; NULL on the boot CPU, which has its own.
 */
void segments_init(void *interrupt_stacks);
/* Where RSP goes on entry from user mode. */
void segments_set_kernel_stack(uint64_t stack_top);

/* I/O ports that programs may not use: a bit each, SDM 1 §19.5.2. */
#define PORT_COUNT 65536u
struct port_map {
    uint8_t denied[PORT_COUNT / 8];
};
/* What holds for programs on the running CPU from now on; NULL: no port at all. */
void segments_set_ports(const struct port_map *ports);

/* Fills the shared IDT: `stubs` is IDT_VECTORS entry points. */
void idt_init(const uint64_t stubs[IDT_VECTORS]);
/* Loads it on the running CPU. */
void idt_load(void);

/* Name of the running CPU's interrupt stack that `address` lies on or just below (overflow), or NULL. */
const char *segments_ist_name(uint64_t address);
