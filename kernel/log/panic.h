/*
 * For bugs in the kernel only: never for what a device, a disk, a file or a program can provoke.
 */
#pragma once

#include "lib/assert.h"
#include "lib/bits.h"

struct trap_frame;

/* Stops all CPUs and shows the message, the registers and a symbolised backtrace. Any context. */
noreturn_fn void panic(const char *fmt, ...) printf_like(1, 2);

/* The same after an exception that cannot be survived; `frame` is where the CPU was. */
noreturn_fn void panic_frame(const struct trap_frame *frame, const char *fmt, ...) printf_like(2, 3);

/* Told once by main.c: shows what log cannot (registers, backtrace, monitor). `frame` may be NULL. */
void panic_set_report(void (*report)(const struct trap_frame *frame));

/* Told once: how the other CPUs are stopped. */
void panic_set_stop(void (*stop)(void));
/* Called by what stops them, on each: does not return if another CPU panics. */
void panic_stop_if_elsewhere(void);

/* True once a panic has begun: locks are no longer waited for. */
bool panic_in_progress(void);

/* ASSERT of lib/assert.h ends here too: panic.c provides assert_failed. */

/* The same for hot paths: compiled in debug builds only. */
#define DEBUG_ASSERT(condition)       \
    do {                              \
        if (CONFIG_DEBUG)             \
            ASSERT(condition);        \
    } while (0)
