/*
 * 64-bit by 32-bit division that needs no compiler support library: the loader is 32-bit code
 * linked without libgcc. Schoolbook in two steps of DIV r/m32 (SDM 2A, DIV).
 */
#pragma once

#include <stdint.h>

/* Quotient of n / d, remainder in *rem. d must not be 0. */
static inline uint64_t div64_u32(uint64_t n, uint32_t d, uint32_t *rem) {
    uint32_t high = (uint32_t)(n >> 32), low = (uint32_t)n;
    uint32_t quotient_high = high / d;

    high %= d;
    __asm__("divl %4" : "=a"(low), "=d"(*rem) : "0"(low), "1"(high), "rm"(d) : "cc");
    return (uint64_t)quotient_high << 32 | low;
}

#ifdef __x86_64__
/* a * b / c through a 128-bit product, or UINT64_MAX when that does not fit; c must not be 0. */
static inline uint64_t mul_div_u64(uint64_t a, uint64_t b, uint64_t c) {
    unsigned __int128 product = (unsigned __int128)a * b;
    uint64_t low = (uint64_t)product, high = (uint64_t)(product >> 64);

    if (high >= c)
        return UINT64_MAX;
    __asm__("divq %4" : "=a"(low), "=d"(high) : "0"(low), "1"(high), "rm"(c) : "cc");
    return low;
}
#endif
