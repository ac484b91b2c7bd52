/* System calls that do little: the way in and out. The two controls are user code alone. */
#define _GNU_SOURCE
#include "bench.h"
#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define COPY_BYTES (64 * 1024)

static int device;
static char byte;
static char copy_from[COPY_BYTES], copy_to[COPY_BYTES];

static void cpu_loop(void) {
    long left = 1000;
    __asm__ volatile("1: dec %0; jnz 1b" : "+r"(left));
}

static void memcpy_64k(void) {
    size_t words = COPY_BYTES / 8;
    const void *from = copy_from;
    void *to = copy_to;
    __asm__ volatile("rep movsq" : "+c"(words), "+S"(from), "+D"(to) : : "memory");
}

static void run_getpid(void) {
    getpid();
}

static void run_clock_gettime(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
}

static void clock_gettime_syscall(void) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
}

static int open_zero(long size) {
    (void)size;
    device = open("/dev/zero", O_RDONLY);
    bench_need(device >= 0);
    return 0;
}

static int open_null(long size) {
    (void)size;
    device = open("/dev/null", O_WRONLY);
    bench_need(device >= 0);
    return 0;
}

static void read_one(void) {
    read(device, &byte, 1);
}

static void write_one(void) {
    write(device, &byte, 1);
}

const struct bench_row call_rows[] = {
    {.name = "cpu_loop", .run = cpu_loop, .operations = 1000},
    {.name = "memcpy_64k", .run = memcpy_64k},
    {.name = "getpid", .run = run_getpid},
    {.name = "clock_gettime", .run = run_clock_gettime},
    {.name = "clock_gettime_syscall", .run = clock_gettime_syscall},
    {.name = "read_zero_1", .run = read_one, .prepare = open_zero},
    {.name = "write_null_1", .run = write_one, .prepare = open_null},
    {},
};
