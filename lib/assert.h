/*
 * Assertions: for what cannot happen unless this code is wrong, never for what a program,
 * a device or a disk can cause. Always compiled in.
 */
#pragma once

#include "lib/bits.h"

#define ASSERT(condition) \
    do { \
        if (unlikely(!(condition))) \
            assert_failed(#condition, __FILE__, __LINE__); \
    } while (0)

/*
 * Provided by the program that links lib: the kernel panics. A program that provides none
 * gets the weak one of lib/assert.c, which executes an invalid instruction.
 */
noreturn_fn void assert_failed(const char *expression, const char *file, int line);
