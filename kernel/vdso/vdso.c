/*
 * See vdso.h. The clocks are computed from the page that lies before this object in memory; whatever
 * else is asked for is left to the system call. The coarse clocks are the fine ones, as in the kernel.
 */
#include "kernel/vdso/vdso.h"

#include "kernel/time/clock.h"
#include "kernel/time/clock_id.h"

/* asm/unistd_64.h */
enum call_number { CALL_CLOCK_GETTIME = 228, CALL_CLOCK_GETRES = 229, CALL_GETCPU = 309 };

static int64_t system_call(enum call_number number, uint64_t first, uint64_t second, uint64_t third) {
    int64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((int64_t)number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
}

int __vdso_clock_gettime(int clock, struct vdso_timespec *time) {
    uint64_t now_ns;

    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        now_ns = clock_page_realtime_ns(&vdso_clock_page);
        break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        now_ns = clock_page_monotonic_ns(&vdso_clock_page);
        break;
    default:
        return (int)system_call(CALL_CLOCK_GETTIME, (uint64_t)clock, (uintptr_t)time, 0);
    }
    time->seconds = (int64_t)(now_ns / NS_PER_SEC);
    time->nanoseconds = (int64_t)(now_ns % NS_PER_SEC);
    return 0;
}

int __vdso_clock_getres(int clock, struct vdso_timespec *resolution) {
    return (int)system_call(CALL_CLOCK_GETRES, (uint64_t)clock, (uintptr_t)resolution, 0);
}

int __vdso_gettimeofday(struct vdso_timeval *time, struct vdso_timezone *zone) {
    if (time) {
        uint64_t now_ns = clock_page_realtime_ns(&vdso_clock_page);
        time->seconds = (int64_t)(now_ns / NS_PER_SEC);
        time->microseconds = (int64_t)(now_ns % NS_PER_SEC / NS_PER_US);
    }
    if (zone)
        *zone = (struct vdso_timezone){vdso_clock_page.zone.minutes_west, vdso_clock_page.zone.dst};
    return 0;
}

int64_t __vdso_time(int64_t *seconds) {
    int64_t now = (int64_t)(clock_page_realtime_ns(&vdso_clock_page) / NS_PER_SEC);

    if (seconds)
        *seconds = now;
    return now;
}

int64_t __vdso_getcpu(uint32_t *cpu, uint32_t *node, void *unused) {
    return system_call(CALL_GETCPU, (uintptr_t)cpu, (uintptr_t)node, (uintptr_t)unused);
}

#define ALIAS(name) extern __typeof__(__vdso_##name) name __attribute__((weak, alias("__vdso_" #name)))

ALIAS(clock_gettime);
ALIAS(clock_getres);
ALIAS(gettimeofday);
ALIAS(time);
ALIAS(getcpu);
