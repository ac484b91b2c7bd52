/*
 * Segment descriptors taken apart (SDM 3A §3.4.5). Pure; usable in any context.
 */
#pragma once

#include "lib/bits.h"

struct descriptor {
    uint32_t base;
    uint32_t limit;     /* last byte of the segment: the granularity is worked in */
    uint8_t type;       /* enum descriptor_type, for code and data segments */
    uint8_t privilege;  /* DPL, 0 to 3 */
    bool code_or_data;  /* S */
    bool present;       /* P */
    bool size_32;       /* D/B: 32-bit operands and stack */
    bool long_mode;     /* L: 64-bit code */
    bool granular;      /* G: the limit counts 4 KiB */
};

enum descriptor_type { /* SDM 3A table 3-1; 2 means writable data or readable code */
    DESCRIPTOR_ACCESSED = 1,
    DESCRIPTOR_READ_WRITE = 2,
    DESCRIPTOR_CODE = 8
};

static inline struct descriptor descriptor_decode(uint64_t raw) {
    bool granular = raw >> 55 & 1;
    uint32_t limit = (uint32_t)(raw & 0xffff) | (uint32_t)(raw >> 32 & 0xf0000);

    return (struct descriptor){
        .base = (uint32_t)(raw >> 16 & 0xffffff) | (uint32_t)(raw >> 32 & 0xff000000),
        .limit = granular ? limit << 12 | 0xfff : limit,
        .type = raw >> 40 & 0xf,
        .privilege = raw >> 45 & 3,
        .code_or_data = raw >> 44 & 1,
        .present = raw >> 47 & 1,
        .size_32 = raw >> 54 & 1,
        .long_mode = raw >> 53 & 1,
        .granular = granular,
    };
}
