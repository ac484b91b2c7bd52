/* Resource limits: the defaults, and the running process's. */
#include "kernel/task/rlimit.h"

#include "kernel/task/task.h"

#define MIB (1024ull * 1024)

/* Linux's defaults for the first process (asm-generic/resource.h), with its usual hard limit of files. */
const struct rlimit rlimit_defaults[RLIMIT_COUNT] = {
    [RLIMIT_CPU] = {RLIM_INFINITY, RLIM_INFINITY},
    [RLIMIT_FSIZE] = {RLIM_INFINITY, RLIM_INFINITY},
    [RLIMIT_DATA] = {RLIM_INFINITY, RLIM_INFINITY},
    [RLIMIT_STACK] = {8 * MIB, RLIM_INFINITY},
    [RLIMIT_CORE] = {0, RLIM_INFINITY},
    [RLIMIT_RSS] = {RLIM_INFINITY, RLIM_INFINITY},
    [RLIMIT_NPROC] = {RLIM_INFINITY, RLIM_INFINITY},
    [RLIMIT_NOFILE] = {1024, 1048576},
    [RLIMIT_MEMLOCK] = {8 * MIB, 8 * MIB},
    [RLIMIT_AS] = {RLIM_INFINITY, RLIM_INFINITY},
    [RLIMIT_LOCKS] = {RLIM_INFINITY, RLIM_INFINITY},
    [RLIMIT_SIGPENDING] = {4096, 4096},
    [RLIMIT_MSGQUEUE] = {819200, 819200},
    [RLIMIT_NICE] = {0, 0},
    [RLIMIT_RTPRIO] = {0, 0},
    [RLIMIT_RTTIME] = {RLIM_INFINITY, RLIM_INFINITY},
};

uint64_t rlimit_current(enum rlimit_resource resource) {
    return atomic_load_relaxed(&current_process()->limits[resource].current);
}
