/*
 * The vDSO: a shared object that exec maps into every program, with calls that need not enter the
 * kernel. This is code of programs: it runs in user mode, at any address, on the caller's stack.
 * Names and version are Linux's (vdso(7)); libraries find them through AT_SYSINFO_EHDR.
 */
#pragma once

#include <stdint.h>

#include "kernel/time/clock_page.h"

/* The page before the object (vdso.ld); hidden: reached relative to the instruction, without relocation. */
extern const struct clock_page vdso_clock_page __attribute__((visibility("hidden")));

struct vdso_timespec {
    int64_t seconds, nanoseconds;
};
struct vdso_timeval {
    int64_t seconds, microseconds;
};
struct vdso_timezone {
    int32_t minutes_west, dst;
};

/* 0 or -errno, as the system calls of the same names. A bad pointer faults in the program. */
int __vdso_clock_gettime(int clock, struct vdso_timespec *time);
int __vdso_clock_getres(int clock, struct vdso_timespec *resolution);
int __vdso_gettimeofday(struct vdso_timeval *time, struct vdso_timezone *zone);
int64_t __vdso_time(int64_t *seconds);
int64_t __vdso_getcpu(uint32_t *cpu, uint32_t *node, void *unused);
