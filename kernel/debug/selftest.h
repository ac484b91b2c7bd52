/*
 * Tests that run inside the kernel, in files beside what they test (`*_test.c`). A test is a record in
 * the `.selftests` section; `selftest` on the command line runs them all, `selftest=PREFIX` some, and
 * reports in KTAP (Documentation/dev-tools/ktap of Linux describes the format).
 */
#pragma once

#include <stdbool.h>

#include "lib/bits.h"

struct selftest_run;

struct selftest {
    const char *name; /* "page.alloc-free" */
    void (*run)(struct selftest_run *run);
};

struct selftest_run {
    const char *name;
    const char *failed_file; /* first failed check, NULL: none */
    const char *failed_text;
    int failed_line;
};

extern const struct selftest selftests_start[], selftests_end[]; /* kernel.ld */

#define SELFTEST(identifier, text)                                                              \
    static void identifier(struct selftest_run *selftest_run);                                  \
    static const struct selftest selftest_##identifier                                          \
        __attribute__((used, section(".selftests"), aligned(8))) = {(text), identifier};        \
    static void identifier(struct selftest_run *selftest_run)

/* Records the first failure and leaves the test function. */
#define CHECK(condition)                                                             \
    do {                                                                             \
        if (!(condition)) {                                                          \
            selftest_fail(selftest_run, __FILE__, __LINE__, #condition);             \
            return;                                                                  \
        }                                                                            \
    } while (0)

void selftest_fail(struct selftest_run *run, const char *file, int line, const char *text);

/* Runs what the command line asks for, if anything. May sleep. */
void selftest_run_requested(void);
