/*
 * CPU time, exact, and how much of it passed in user mode. The slice timer samples where it finds a thread; each
 * sample settles the time since the last one. What no sample has found yet counts as the last one did, and once it
 * has been told, it stays so: neither part ever runs backwards.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpu_time {
    uint64_t total_ns;
    uint64_t user_ns;    /* of settled_ns */
    uint64_t settled_ns; /* of total_ns */
    bool in_kernel;      /* what the last sample found; before any, a thread that can run user code does */
};

/* The owner's lock held (the run queue's). Any context. */
static inline void cpu_time_settle(struct cpu_time *time) {
    if (!time->in_kernel)
        time->user_ns += time->total_ns - time->settled_ns;
    time->settled_ns = time->total_ns;
}

static inline void cpu_time_sample(struct cpu_time *time, bool in_kernel) {
    time->in_kernel = in_kernel;
    cpu_time_settle(time);
}

static inline void cpu_time_read(struct cpu_time *time, uint64_t *user_ns, uint64_t *system_ns) {
    cpu_time_settle(time);
    *user_ns = time->user_ns;
    *system_ns = time->total_ns - time->user_ns;
}
