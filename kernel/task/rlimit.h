/* Resource limits, asm-generic/resource.h. */
#pragma once

#include <stdint.h>

enum rlimit_resource {
    RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC,
    RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE,
    RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_COUNT,
};
#define RLIM_INFINITY UINT64_MAX

struct rlimit {
    uint64_t current, maximum; /* struct rlimit64's layout */
};

/* The running process's soft limit. */
uint64_t rlimit_current(enum rlimit_resource resource);
/* What the first process starts with. */
extern const struct rlimit rlimit_defaults[RLIMIT_COUNT];
