/*
 * bench [--list] [--rounds N] [--round-us N] [--size N] [--workers N] [ROW...]
 *
 * Prints a line a row: "row NAME[@SIZE][*WORKERS] COUNT TICKS...", the ticks of each round of COUNT operations; of
 * workers, which do the same at the same time on a CPU each, a line each; or
 * "missing NAME ERRNO", or "failed NAME". Last "clock TICKS NS": the same time on both clocks.
 */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PARTNERS_MAX 16
#define COUNT_LIMIT 100000
#define STATUS_MISSING 77
#define GONE_POLL_US 1000

static const struct bench_row *const themes[] = {
    call_rows,   file_rows,   memory_rows, process_rows, thread_rows,
    signal_rows, timer_rows, pipe_rows,   waiting_rows, growth_rows,
};
#define THEMES (sizeof themes / sizeof themes[0])
#define THEMES_BY_DEFAULT (THEMES - 1) /* growth rows only when named */

static long rounds = 7, round_us = 2000, size_wanted = 10, workers;
static long worker;           /* this process's number; `workers`, if named, have a CPU each, be it one alone */
static atomic_long *prepared; /* workers that could begin; shared */
static pid_t partners[PARTNERS_MAX];
static int partner_count;

_Noreturn void bench_fail(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, condition, strerror(errno));
    kill(0, SIGKILL); /* the row's group: who waits for this process would wait for ever */
    _exit(1);
}

pid_t bench_partner(void (*body)(void)) {
    pid_t pid = fork();
    bench_need(pid >= 0 && partner_count < PARTNERS_MAX);
    if (pid == 0) {
        body();
        _exit(0);
    }
    partners[partner_count++] = pid;
    return pid;
}

void bench_pin(void) {
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET((size_t)worker, &own);
    sched_setaffinity(0, sizeof own, &own);
}

int bench_file(const char *path, size_t size) {
    char block[4096];
    memset(block, 'x', sizeof block);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    bench_need(fd >= 0);
    for (size_t done = 0; done < size; done += sizeof block)
        bench_need(write(fd, block, sizeof block) == sizeof block);
    return fd;
}

void bench_allow(int resource, long count) {
    struct rlimit limit;
    getrlimit(resource, &limit);
    limit.rlim_cur = (rlim_t)count + 64;
    limit.rlim_max = limit.rlim_max > limit.rlim_cur ? limit.rlim_max : limit.rlim_cur;
    bench_need(setrlimit(resource, &limit) == 0);
}

static uint64_t ticks(void) {
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t round_ticks(const struct bench_row *row, long count) {
    if (row->before_round)
        row->before_round();
    long done = row->done ? row->done() : 0;
    uint64_t start = ticks();
    for (long i = 0; i < count; i++)
        row->run();
    uint64_t taken = ticks() - start;
    return row->done ? taken * (uint64_t)count / (uint64_t)(row->done() - done) : taken;
}

/* As many operations as take about round_us: from the second of two, the first being cold. */
static long choose_count(const struct bench_row *row) {
    uint64_t start_ns = now_ns(), start = ticks();
    round_ticks(row, 1);
    uint64_t cold_ns = now_ns() - start_ns + 1, cold = ticks() - start + 1;
    uint64_t one = round_ticks(row, 1) + 1;
    uint64_t budget = (uint64_t)round_us * 1000 * cold / cold_ns;
    uint64_t count = budget / one + 1;
    uint64_t limit = row->count_max ? (uint64_t)row->count_max : COUNT_LIMIT;
    return (long)(count < limit ? count : limit);
}

/* What the row is called in the output: with its size where that can be chosen, and with the workers. */
static const char *label(const struct bench_row *row) {
    static char text[64];
    bool chosen = row->prepare && row >= growth_rows && row < growth_rows + growth_row_count;
    int length = snprintf(text, sizeof text, chosen ? "%s@%ld" : "%s", row->name, size_wanted);
    if (workers > 1)
        snprintf(text + length, sizeof text - (size_t)length, "*%ld", workers);
    return text;
}

/* All workers begin together. */
static void meet(void) {
    if (workers < 2)
        return;
    atomic_fetch_add(prepared, 1);
    while (atomic_load(prepared) < workers)
        sched_yield();
}

static int run_row(const struct bench_row *row) {
    if (workers > 0)
        bench_pin();
    int missing = row->prepare ? row->prepare(row->size ? row->size : size_wanted) : 0;
    if (missing) {
        printf("missing %s %d\n", label(row), missing);
        fflush(stdout);
        return STATUS_MISSING;
    }
    uint64_t taken[rounds];
    long count = choose_count(row), operations = row->operations ? row->operations : 1;
    meet();
    for (long i = 0; i < rounds; i++)
        taken[i] = round_ticks(row, count);
    printf("row %s %ld", label(row), count * operations);
    for (long i = 0; i < rounds; i++)
        printf(" %llu", (unsigned long long)taken[i]);
    printf("\n");
    fflush(stdout);
    for (int i = 0; i < partner_count; i++) {
        kill(partners[i], SIGKILL);
        waitpid(partners[i], NULL, 0);
    }
    return 0;
}

static int run_workers(const struct bench_row *row) {
    pid_t started[workers + 1]; /* not empty where none was named */
    prepared = mmap(NULL, sizeof *prepared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_need(prepared != MAP_FAILED);
    for (worker = workers > 0 ? workers - 1 : 0; worker > 0; worker--)
        if ((started[worker] = fork()) == 0)
            _exit(run_row(row));
    int status = run_row(row);
    for (long i = 1; i < workers; i++)
        bench_need(started[i] > 0 && waitpid(started[i], NULL, 0) == started[i]);
    return status;
}

static void run_apart(const struct bench_row *row) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        _exit(run_workers(row));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || (status != 0 && WEXITSTATUS(status) != STATUS_MISSING))
        printf("failed %s %d\n", label(row), status);
    fflush(stdout);
    while (kill(-pid, SIGKILL) == 0) /* the next row is not to pay for their end */
        usleep(GONE_POLL_US);
}

static bool is_wanted(const char *name, char **wanted, size_t theme) {
    if (!*wanted)
        return theme < THEMES_BY_DEFAULT;
    for (; *wanted; wanted++)
        if (strcmp(*wanted, name) == 0)
            return true;
    return false;
}

static void list_rows(void) {
    for (size_t theme = 0; theme < THEMES; theme++)
        for (const struct bench_row *row = themes[theme]; row->name; row++)
            printf("%s%s\n", row->name, theme < THEMES_BY_DEFAULT ? "" : " growth");
}

int main(int argc, char **argv) {
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--list") == 0) {
            list_rows();
            return 0;
        }
        long *option = strcmp(argv[at], "--rounds") == 0     ? &rounds
                       : strcmp(argv[at], "--round-us") == 0 ? &round_us
                       : strcmp(argv[at], "--size") == 0     ? &size_wanted
                       : strcmp(argv[at], "--workers") == 0  ? &workers
                                                             : NULL;
        if (!option || at + 1 == argc || (*option = atol(argv[++at])) < 1) {
            fprintf(stderr, "usage: bench [--list] [--rounds N] [--round-us N] [--size N] [--workers N] [ROW...]\n");
            return 2;
        }
    }
    mkdir(BENCH_FOLDER, 0755);
    uint64_t start_ns = now_ns(), start = ticks();
    for (size_t theme = 0; theme < THEMES; theme++)
        for (const struct bench_row *row = themes[theme]; row->name; row++)
            if (is_wanted(row->name, argv + at, theme))
                run_apart(row);
    uint64_t end_ns = now_ns(), end = ticks();
    printf("clock %llu %llu\n", (unsigned long long)(end - start), (unsigned long long)(end_ns - start_ns));
    return 0;
}
