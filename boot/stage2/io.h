/*
 * Port input and output, and the few instructions that C lacks.
 */
#pragma once

#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port) {
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* About a microsecond: a write to the port where BIOSes leave their progress codes. */
static inline void io_delay(void) {
    outb(0x80, 0);
}

static inline uint64_t read_tsc(void) {
    uint64_t tsc;

    __asm__ volatile("rdtsc" : "=A"(tsc));
    return tsc;
}
