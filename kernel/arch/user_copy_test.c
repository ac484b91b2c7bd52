/* The copy routines on kernel memory, and their faults on memory that is not mapped at all. */
#include "kernel/arch/user_copy.h"

#include "kernel/debug/selftest.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/layout.h"
#include "lib/errno.h"
#include "lib/string.h"

SELFTEST(user_copy_whole, "user-copy.whole") {
    char from[40], to[40];
    memset(from, 'x', sizeof from);
    for (size_t n = 0; n <= sizeof to; n++) {
        memset(to, 0, sizeof to);
        CHECK(arch_user_copy(to, from, n) == 0);
        CHECK(memcmp(to, from, n) == 0 && (n == sizeof to || to[n] == 0));
    }
}

SELFTEST(user_copy_fault, "user-copy.fault") {
    /* The byte below a kernel stack is not mapped. */
    char *stack = kernel_stack_alloc();
    char buffer[32];
    CHECK(stack);
    for (size_t missing = 1; missing <= 20; missing++) {
        CHECK(arch_user_copy(buffer, stack - missing, sizeof buffer) == sizeof buffer);
        char *end = stack + KERNEL_STACK_SIZE; /* the next slot's guard begins here */
        CHECK(arch_user_copy(end - (32 - missing), buffer, sizeof buffer) == missing);
        CHECK(arch_user_clear(end - (32 - missing), sizeof buffer) == missing);
    }
    kernel_stack_free(stack);
}

SELFTEST(user_copy_non_canonical, "user-copy.non-canonical") {
    char buffer[8];
    CHECK(arch_user_copy(buffer, (const void *)0x800000000000ull, sizeof buffer) == sizeof buffer);
    CHECK(arch_user_copy_string(buffer, (const char *)0x800000000000ull, sizeof buffer) == -EFAULT);
}

SELFTEST(user_copy_string, "user-copy.string") {
    char buffer[8];
    CHECK(arch_user_copy_string(buffer, "abc", sizeof buffer) == 3 && strcmp(buffer, "abc") == 0);
    CHECK(arch_user_copy_string(buffer, "12345678", sizeof buffer) == 8);
}

SELFTEST(user_copy_words, "user-copy.words") {
    uint32_t word = 5, seen;
    CHECK(arch_user_load32(&seen, &word) == 0 && seen == 5);
    CHECK(arch_user_compare_exchange32(&seen, &word, 4, 9) == 0 && seen == 5 && word == 5);
    CHECK(arch_user_compare_exchange32(&seen, &word, 5, 9) == 0 && seen == 5 && word == 9);
    CHECK(arch_user_load32(&seen, (const uint32_t *)0x800000000000ull) == -EFAULT);
}
