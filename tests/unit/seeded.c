/*
 * Seeded bugs: each of these must make the program fail, or the harness detects nothing.
 * tests.mk runs them one by one and demands a non-zero status with the words given there.
 */
#include "tests/unit/unit.h"

TEST(check) {
    CHECK_EQ(unit_random() & 0, 1);
}

TEST(assertion) {
    ASSERT(unit_tests == NULL);
}

TEST(address_sanitizer) {
    char *volatile heap = malloc(8);

    printf("%d\n", heap[8]);
    free(heap);
}

TEST(undefined_behaviour_sanitizer) {
    volatile int shift = 40;

    printf("%d\n", 1 << shift);
}
