/*
 * For bugs in the kernel only: never for what a device, a disk, a file or a program can provoke.
 */
#pragma once

#include "lib/bits.h"

/* Stops all CPUs and shows the message, the registers and a symbolised backtrace. Any context. */
noreturn_fn void panic(const char *fmt, ...) printf_like(1, 2);

/* States what cannot be otherwise. Always compiled in: cheap, and a wrong kernel must stop. */
#define ASSERT(condition)                                                              \
    do {                                                                               \
        if (unlikely(!(condition)))                                                    \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);      \
    } while (0)

/* The same for hot paths: compiled in debug builds only. */
#define DEBUG_ASSERT(condition)       \
    do {                              \
        if (CONFIG_DEBUG)             \
            ASSERT(condition);        \
    } while (0)
