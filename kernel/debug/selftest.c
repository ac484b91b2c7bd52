#define LOG_TAG "selftest"
#include "kernel/debug/selftest.h"

#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "lib/string.h"

void selftest_fail(struct selftest_run *run, const char *file, int line, const char *text) {
    if (run->failed_file)
        return;
    run->failed_file = file;
    run->failed_line = line;
    run->failed_text = text;
}

static bool selected(const struct selftest *test, const char *prefix) {
    return strncmp(test->name, prefix, strlen(prefix)) == 0;
}

static bool run_one(const struct selftest *test, unsigned number) {
    struct selftest_run run = {.name = test->name};
    test->run(&run);
    if (!run.failed_file) {
        log_notice("ok %u %s", number, test->name);
        return true;
    }
    log_error("# %s:%d: %s", run.failed_file, run.failed_line, run.failed_text);
    log_error("not ok %u %s", number, test->name);
    return false;
}

void selftest_run_requested(void) {
    const char *prefix = cmdline_value("selftest");
    unsigned planned = 0, number = 0, failed = 0;
    if (!prefix)
        return;
    for (const struct selftest *test = selftests_start; test < selftests_end; test++)
        planned += selected(test, prefix);
    log_notice("KTAP version 1");
    log_notice("1..%u", planned);
    for (const struct selftest *test = selftests_start; test < selftests_end; test++)
        if (selected(test, prefix))
            failed += !run_one(test, ++number);
    log_notice("# pass:%u fail:%u", number - failed, failed);
}
