/*
 * The handlers that gcc's -fsanitize=undefined calls; their arguments are an interface between the compiler
 * and its run-time library (libsanitizer/ubsan/ubsan_handlers.h of gcc 12), of which only what is used here
 * is declared. Any context. A place's column is set to all ones when it is reported for the first time.
 */
#define LOG_TAG "ubsan"
#include "kernel/debug/ubsan.h"

#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "lib/atomic.h"

#if CONFIG_DEBUG

#define COLUMN_REPORTED UINT32_MAX

/* Every handler's data begin with the place. */
struct ubsan_place {
    const char *file;
    uint32_t line;
    uint32_t column; /* atomic */
};

static uint32_t reports, unexpected;
static bool expected;

uint32_t ubsan_report_count(void) {
    return atomic_load_relaxed(&reports);
}

uint32_t ubsan_unexpected_count(void) {
    return atomic_load_relaxed(&unexpected);
}

void ubsan_expect_reports(bool expect) {
    atomic_store(&expected, expect);
}

static void report(struct ubsan_place *place, const char *what, uint64_t first, uint64_t second) {
    if (atomic_exchange(&place->column, COLUMN_REPORTED) == COLUMN_REPORTED)
        return;
    atomic_fetch_add(&reports, 1u);
    if (atomic_load(&expected))
        return;
    atomic_fetch_add(&unexpected, 1u);
    log_error("%s:%u: %s (%#llx, %#llx)", place->file, place->line, what, (unsigned long long)first,
              (unsigned long long)second);
}

/* void __ubsan_handle_NAME(data, value, value): no value, one or two. */
#define HANDLER_0(name, what)                              \
    void __ubsan_handle_##name(struct ubsan_place *place); \
    void __ubsan_handle_##name(struct ubsan_place *place) { \
        report(place, what, 0, 0);                         \
    }
#define HANDLER_1(name, what)                                              \
    void __ubsan_handle_##name(struct ubsan_place *place, uint64_t value); \
    void __ubsan_handle_##name(struct ubsan_place *place, uint64_t value) { \
        report(place, what, value, 0);                                     \
    }
#define HANDLER_2(name, what)                                                               \
    void __ubsan_handle_##name(struct ubsan_place *place, uint64_t first, uint64_t second);  \
    void __ubsan_handle_##name(struct ubsan_place *place, uint64_t first, uint64_t second) { \
        report(place, what, first, second);                                                 \
    }
#define HANDLER_NORETURN(name, what)                                     \
    noreturn_fn void __ubsan_handle_##name(struct ubsan_place *place);   \
    noreturn_fn void __ubsan_handle_##name(struct ubsan_place *place) {  \
        panic("%s:%u: %s", place->file, place->line, what);              \
    }

HANDLER_2(add_overflow, "signed addition overflows")
HANDLER_2(sub_overflow, "signed subtraction overflows")
HANDLER_2(mul_overflow, "signed multiplication overflows")
HANDLER_1(negate_overflow, "negation overflows")
HANDLER_2(divrem_overflow, "division by zero, or one that overflows")
HANDLER_2(shift_out_of_bounds, "shift by more than the type has, or of a negative number")
HANDLER_1(out_of_bounds, "index outside the array")
HANDLER_1(type_mismatch_v1, "access through a null, misaligned or too short pointer")
HANDLER_2(pointer_overflow, "pointer arithmetic overflows")
HANDLER_1(load_invalid_value, "bool or enum with a value it cannot have")
HANDLER_1(vla_bound_not_positive, "array of no elements")
HANDLER_0(invalid_builtin, "bit scan of zero")
HANDLER_0(nonnull_arg, "null argument where none is allowed")
HANDLER_NORETURN(builtin_unreachable, "code that cannot be reached is")
HANDLER_NORETURN(missing_return, "function ends without a value")

#endif
