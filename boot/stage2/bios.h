/*
 * BIOS interrupts from 32-bit code. Buffers that the BIOS is to fill must lie below 1 MiB; the
 * bounce buffer (boot/layout.h) is the usual place.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/layout.h"

#define BIOS_CARRY 1u /* in flags: most functions set it on failure */
#define BIOS_ZERO 0x40u

enum bios_vector {
    BIOS_VIDEO = 0x10,
    BIOS_MEMORY_SIZE = 0x12,
    BIOS_DISK = 0x13,
    BIOS_SYSTEM = 0x15,
    BIOS_KEYBOARD = 0x16,
    BIOS_NEXT_DEVICE = 0x18,
    BIOS_CLOCK = 0x1a
};

/* In and out; bios.asm knows the offsets. */
struct bios_regs {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
    uint16_t ds, es;
    uint32_t flags; /* out only, as what follows */
    uint64_t start_tsc, end_tsc; /* as the BIOS was entered and left; 0 before bios_use_tsc */
} __attribute__((packed, aligned(4)));

_Static_assert(offsetof(struct bios_regs, start_tsc) == 36, "bios.asm knows the offsets");
_Static_assert(sizeof(struct bios_regs) == 52, "bios.asm copies 13 words");

/* Runs the handler of interrupt `vector` in real mode with interrupts on, and logs the call. */
void bios_call(uint8_t vector, struct bios_regs *regs);

/* bios.asm: the call itself; and that the CPU has a TSC to time it by. */
void bios_interrupt(uint8_t vector, struct bios_regs *regs);
void bios_use_tsc(void);

/* The segment and offset by which real mode reaches an address below 1 MiB. */
static inline uint16_t bios_segment(uint32_t address) {
    return (uint16_t)(address >> 4);
}
static inline uint16_t bios_offset(uint32_t address) {
    return (uint16_t)(address & 0xf);
}

/*
 * The linear address of a buffer that the BIOS is to read or fill. Through an assembly statement:
 * the compiler loses track of a pointer cut into segment and offset, and drops the stores to it.
 */
static inline uint32_t bios_address(const void *buffer) {
    uint32_t address;

    __asm__ volatile("" : "=r"(address) : "0"(buffer) : "memory");
    return address;
}

/* Words of the BIOS data area and other fixed places below 1 MiB. */
static inline uint16_t bios_word(uint32_t address) {
    return *(const volatile uint16_t *)(uintptr_t)address;
}
static inline uint8_t bios_byte(uint32_t address) {
    return *(const volatile uint8_t *)(uintptr_t)address;
}

/* BIOS data area ("PC/AT Technical Reference", section 5). */
#define BDA_COM1_PORT     0x400u
#define BDA_EBDA_SEGMENT  0x40eu
#define BDA_MEMORY_KIB    0x413u
#define BDA_SHIFT_STATE   0x417u
#define BDA_KEY_HEAD      0x41au /* of the keyboard buffer; equal to the tail: empty */
#define BDA_KEY_TAIL      0x41cu
#define BDA_VIDEO_MODE    0x449u
#define BDA_VIDEO_COLUMNS 0x44au
#define BDA_CURSOR_COLUMN 0x450u
#define BDA_CURSOR_ROW    0x451u
#define BDA_CURSOR_SHAPE  0x460u
#define BDA_CRTC_PORT     0x463u
#define BDA_TICKS         0x46cu /* u32, 18.2 a second */
#define BDA_LAST_ROW      0x484u
#define BDA_KEYBOARD_KIND 0x496u
