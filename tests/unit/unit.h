/*
 * The unit-test harness. A file of tests is one program:
 *
 *     #include "tests/unit/unit.h"
 *     TEST(addition) { CHECK_EQ(1 + 1, 2); }
 *
 * It runs its tests in order (or those named on its command line), says what failed and where,
 * ends with "N passed, N failed", and exits with 0 iff none failed. A sanitiser's finding or a
 * failed ASSERT ends the program at once.
 */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"

struct unit_test {
    const char *name;
    void (*run)(void);
    struct unit_test *next;
};

static struct unit_test *unit_tests, **unit_tests_end = &unit_tests;
static bool unit_failed; /* the running test */

#define TEST(test) \
    static void test_##test(void); \
    __attribute__((constructor)) static void register_##test(void) { \
        static struct unit_test record = { #test, test_##test, NULL }; \
        *unit_tests_end = &record; \
        unit_tests_end = &record.next; \
    } \
    static void test_##test(void)

/* A failed check lets the test go on. */
#define CHECK(condition) unit_check(condition, #condition, __FILE__, __LINE__)
#define CHECK_EQ(value, expected) \
    unit_check_eq((int64_t)(value), (int64_t)(expected), #value, __FILE__, __LINE__)
#define CHECK_STR(value, expected) unit_check_str(value, expected, #value, __FILE__, __LINE__)

__attribute__((unused)) static bool unit_check(bool ok, const char *what, const char *file,
                                               int line) {
    if (!ok) {
        unit_failed = true;
        printf("%s:%d: failed: %s\n", file, line, what);
    }
    return ok;
}

__attribute__((unused)) static bool unit_check_eq(int64_t value, int64_t expected,
                                                  const char *what, const char *file, int line) {
    if (!unit_check(value == expected, what, file, line))
        printf("    is %" PRId64 " (0x%" PRIx64 "), expected %" PRId64 " (0x%" PRIx64 ")\n", value,
               (uint64_t)value, expected, (uint64_t)expected);
    return value == expected;
}

__attribute__((unused)) static bool unit_check_str(const char *value, const char *expected,
                                                   const char *what, const char *file, int line) {
    bool equal = value && strcmp(value, expected) == 0;

    if (!unit_check(equal, what, file, line))
        printf("    is \"%s\", expected \"%s\"\n", value ? value : "(null)", expected);
    return equal;
}

/* Repeatable pseudo-random numbers for tests that try many cases (xorshift64). */
__attribute__((unused)) static uint64_t unit_random(void) {
    static uint64_t state = 0x9e3779b97f4a7c15;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

void assert_failed(const char *expression, const char *file, int line) {
    fflush(stdout);
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    abort();
}

static bool unit_is_wanted(const char *name, int argc, char **argv) {
    bool wanted = argc < 2;

    for (int i = 1; i < argc; i++)
        wanted |= strcmp(argv[i], name) == 0;
    return wanted;
}

int main(int argc, char **argv) {
    int passed = 0, failed = 0;

    for (struct unit_test *test = unit_tests; test; test = test->next) {
        if (!unit_is_wanted(test->name, argc, argv))
            continue;
        unit_failed = false;
        test->run();
        if (unit_failed)
            printf("FAIL %s\n", test->name);
        failed += unit_failed;
        passed += !unit_failed;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed || passed == 0;
}
