/*
 * The processor's registers, read. Nothing here changes any.
 */
#pragma once

#include <stdint.h>

/* What SGDT and SIDT store (SDM 3A §3.5.1). */
struct table_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

static inline struct table_register read_gdtr(void) {
    struct table_register r;

    __asm__ volatile("sgdt %0" : "=m"(r));
    return r;
}

static inline struct table_register read_idtr(void) {
    struct table_register r;

    __asm__ volatile("sidt %0" : "=m"(r));
    return r;
}

static inline uint32_t read_cr0(void) {
    uint32_t value;

    __asm__ volatile("movl %%cr0, %0" : "=r"(value));
    return value;
}

/* The selector in a segment register, which is named without quotes. */
#define read_segment(name) \
    ({ uint16_t segment_value; \
       __asm__ volatile("movw %%" #name ", %0" : "=rm"(segment_value)); segment_value; })
