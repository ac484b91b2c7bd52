/* The assert_failed of programs that bring none of their own. */
#include "lib/assert.h"

__attribute__((weak)) void assert_failed(const char *expression, const char *file, int line) {
    (void)expression;
    (void)file;
    (void)line;
    __builtin_trap();
}
