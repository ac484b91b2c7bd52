/*
 * Interrupt descriptor tables. Facts: SDM 3A §6.11 (32-bit gates), §6.14.1 (64-bit gates).
 */
#include "boot/stage2/exceptions.h"

#include "boot/layout.h"
#include "boot/stage2/error.h"

#define GATE_INTERRUPT 0x8e00u /* present, DPL 0, interrupt gate */

struct gate32 {
    uint16_t offset_low, selector, flags, offset_high;
};

struct gate64 {
    uint16_t offset_low, selector, flags, offset_middle;
    uint32_t offset_high, reserved;
};

_Static_assert(sizeof(struct gate32) == 8 && sizeof(struct gate64) == 16, "gates");

static struct gate32 idt32[EXCEPTION_COUNT];
static struct gate64 idt64[EXCEPTION_COUNT] __attribute__((aligned(16)));

void exceptions_init(void) {
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = {sizeof(idt32) - 1, (uint32_t)(uintptr_t)idt32};

    for (unsigned i = 0; i < EXCEPTION_COUNT; i++) {
        uint32_t address = exception_stubs32.address[i];

        idt32[i] = (struct gate32){(uint16_t)address, SELECTOR_CODE32, GATE_INTERRUPT,
                                   (uint16_t)(address >> 16)};
    }
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

void exceptions_prepare64(struct idt_pointer64 *pointer) {
    for (unsigned i = 0; i < EXCEPTION_COUNT; i++) {
        uint32_t address = exception_stubs64.address[i];

        idt64[i] = (struct gate64){(uint16_t)address, SELECTOR_CODE64, GATE_INTERRUPT,
                                   (uint16_t)(address >> 16), 0, 0};
    }
    *pointer = (struct idt_pointer64){sizeof(idt64) - 1, (uintptr_t)idt64};
}

void exception_report(uint32_t vector, uint32_t error, uint32_t eip) {
    uint32_t address;

    __asm__ volatile("movl %%cr2, %0" : "=r"(address));
    error_fatal(ERROR_EXCEPTION, "exception %u, error code %#x, eip %#x, cr2 %#x", vector, error,
                eip, address);
}
