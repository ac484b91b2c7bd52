/*
 * For bugs in the kernel only: never for what a device, a disk, a file or a program can provoke.
 */
#pragma once

#include "lib/assert.h"
#include "lib/bits.h"

/* Stops all CPUs and shows the message, the registers and a symbolised backtrace. Any context. */
noreturn_fn void panic(const char *fmt, ...) printf_like(1, 2);

/* ASSERT of lib/assert.h ends here too: panic.c provides assert_failed. */

/* The same for hot paths: compiled in debug builds only. */
#define DEBUG_ASSERT(condition)       \
    do {                              \
        if (CONFIG_DEBUG)             \
            ASSERT(condition);        \
    } while (0)
