/* Times as programs pass them: asm-generic/posix_types.h, linux/time_types.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/time/timer.h"
#include "kernel/vm/uaccess.h"

struct user_timespec {
    int64_t seconds, nanoseconds;
};
struct user_timeval {
    int64_t seconds, microseconds;
};

static inline struct user_timespec timespec_from_ns(uint64_t ns) {
    return (struct user_timespec){(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC)};
}
static inline struct user_timeval timeval_from_ns(uint64_t ns) {
    return (struct user_timeval){(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC / NS_PER_US)};
}
/* Nanoseconds; times beyond 584 years become UINT64_MAX. False if a field is out of its range. */
static inline bool timespec_to_ns(const struct user_timespec *time, uint64_t *ns) {
    if (time->seconds < 0 || (uint64_t)time->nanoseconds >= NS_PER_SEC)
        return false;
    bool overflow = __builtin_mul_overflow((uint64_t)time->seconds, NS_PER_SEC, ns) ||
                    __builtin_add_overflow(*ns, (uint64_t)time->nanoseconds, ns);
    if (overflow)
        *ns = UINT64_MAX;
    return true;
}
static inline bool timeval_to_ns(const struct user_timeval *time, uint64_t *ns) {
    if ((uint64_t)time->microseconds >= NS_PER_SEC / NS_PER_US)
        return false;
    struct user_timespec spec = {time->seconds, time->microseconds * (int64_t)NS_PER_US};
    return timespec_to_ns(&spec, ns);
}
