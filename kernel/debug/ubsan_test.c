/* The check for undefined behaviour must see faults seeded for it. */
#include "kernel/debug/selftest.h"
#include "kernel/debug/ubsan.h"
#include "lib/bits.h"

#if CONFIG_DEBUG

/* What the compiler cannot see through. */
static int hidden(int value) {
    __asm__ volatile("" : "+r"(value));
    return value;
}

static int table[4];

static void add(void) {
    (void)hidden(hidden(INT32_MAX) + 1);
}

static void shift(void) {
    (void)hidden(1 << hidden(40));
}

static void load(void) {
    (void)hidden(table[hidden(7)]);
}

static void negate(void) {
    (void)hidden(-hidden(INT32_MIN));
}

SELFTEST(ubsan_seeded, "ubsan.seeded") {
    void (*const faults[])(void) = {add, shift, load, negate};

    ubsan_expect_reports(true);
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        uint32_t before = ubsan_report_count();
        faults[i]();
        uint32_t after = ubsan_report_count();
        CHECK(after > before);
        faults[i]();
        CHECK(ubsan_report_count() == after); /* a place is reported once */
    }
    ubsan_expect_reports(false);
}

SELFTEST(ubsan_clean, "ubsan.clean") {
    CHECK(ubsan_unexpected_count() == 0);
}

#endif
