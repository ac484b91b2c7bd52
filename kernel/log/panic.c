/*
 * The end of the road: shows why, then does what `panic=` on the command line asks: `halt` (the
 * default), `reboot`, `exit` (QEMU's isa-debug-exit device) or `monitor` (through the report hook).
 */
#define LOG_TAG "kernel panic"
#include "kernel/log/panic.h"

#include <stdarg.h>

#include "kernel/arch/cpu.h"
#include "kernel/arch/io.h"
#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "lib/atomic.h"
#include "lib/format.h"
#include "lib/string.h"

#define DEBUG_EXIT_PORT 0xf4 /* -device isa-debug-exit,iobase=0xf4: exits with value * 2 + 1 */
#define DEBUG_EXIT_PANIC 0x7e /* the emulator's exit status 253 */
#define PANIC_TEXT_MAX 256

static uint32_t panicking; /* 0, or 1 + the number of the CPU */
static void (*panic_report)(const struct trap_frame *frame);
static void (*stop_others)(void);

void panic_set_report(void (*report)(const struct trap_frame *frame)) {
    panic_report = report;
}

void panic_set_stop(void (*stop)(void)) {
    stop_others = stop;
}

bool panic_in_progress(void) {
    return atomic_load_relaxed(&panicking) != 0;
}

void panic_stop_if_elsewhere(void) {
    if (panic_in_progress() && atomic_load_relaxed(&panicking) != cpu_id() + 1)
        cpu_halt_forever();
}

noreturn_fn static void panic_finish(void) {
    const char *action = cmdline_value("panic");
    if (!action)
        action = "halt";
    if (strcmp(action, "exit") == 0)
        io_out8(DEBUG_EXIT_PORT, DEBUG_EXIT_PANIC);
    if (strcmp(action, "reboot") == 0)
        cpu_reset();
    log_write(LOG_EMERGENCY, LOG_TAG, "system halted");
    cpu_halt_forever();
}

noreturn_fn static void panic_valist(const struct trap_frame *frame, const char *fmt, va_list arguments) {
    uint32_t nobody = 0;
    irq_disable();
    bool first = atomic_compare_exchange(&panicking, &nobody, cpu_id() + 1);
    panic_stop_if_elsewhere(); /* one report is enough */
    if (first && stop_others)
        stop_others();
    if (!first) {
        /* A panic within the panic: whatever showed it is broken, so only stop. */
        static uint32_t nested;
        if (!atomic_exchange(&nested, 1u))
            log_write(LOG_EMERGENCY, LOG_TAG, "panic while panicking: %s", fmt);
        panic_finish();
    }
    static char text[PANIC_TEXT_MAX]; /* not on a stack that may be the problem */
    format_vsnprintf(text, sizeof text, fmt, arguments);
    log_write(LOG_EMERGENCY, LOG_TAG, "%s", text);
    if (panic_report)
        panic_report(frame);
    panic_finish();
}

void panic(const char *fmt, ...) {
    va_list arguments;
    va_start(arguments, fmt);
    panic_valist(NULL, fmt, arguments);
}

void panic_frame(const struct trap_frame *frame, const char *fmt, ...) {
    va_list arguments;
    va_start(arguments, fmt);
    panic_valist(frame, fmt, arguments);
}

noreturn_fn void assert_failed(const char *expression, const char *file, int line) {
    panic("%s:%d: assertion failed: %s", file, line, expression);
}

/* What the compiler calls when a function's stack guard has changed. */
noreturn_fn void __stack_chk_fail(void);
noreturn_fn void __stack_chk_fail(void) {
    panic("stack guard overwritten, found by the function at %p", __builtin_return_address(0));
}
