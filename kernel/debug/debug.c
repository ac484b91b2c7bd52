#define LOG_TAG "panic"
#include "kernel/debug/debug.h"

#include "kernel/debug/backtrace.h"
#include "kernel/debug/crash.h"
#include "kernel/debug/monitor.h"
#include "kernel/debug/selftest.h"
#include "kernel/debug/sysrq.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "lib/string.h"
#include "lib/version.h"

static void report(const struct trap_frame *frame) {
    const char *action = cmdline_value("panic");
    log_error("Astra %s (%s)", astra_version, astra_build_id);
    if (frame)
        registers_show(frame);
    backtrace_show(frame);
    if (action && strcmp(action, "monitor") == 0)
        monitor_run(frame);
}

void debug_init(void) {
    panic_set_report(report);
    sysrq_init();
}

void debug_run_requested(void) {
    selftest_run_requested();
    crash_run_requested();
    monitor_run_requested();
}
