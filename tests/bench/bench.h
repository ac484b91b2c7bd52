/*
 * The rows of ./astra bench: what a program asks of a kernel, one operation each. The same static
 * binary runs on Astra and on Linux.
 *
 * Each row runs in a process of its own: prepare once, then rounds of `count` operations timed with
 * RDTSC. Under QEMU's -icount shift=1 a tick is a nanosecond of virtual time, two an instruction.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct bench_row {
    const char *name;
    void (*run)(void);          /* one operation */
    int (*prepare)(long size);  /* may be null; 0, or the errno that says this row is not possible here */
    void (*before_round)(void); /* may be null; not timed */
    long size;                  /* for prepare; 0: what --size says */
    long count_max;             /* operations a round has at most; 0: no limit */
    long operations;            /* that one `run` makes; 0: one */
    long (*done)(void);         /* may be null: operations made up to now, where `run` makes as many as it happens */
};

/* Each ends with a row without a name. */
extern const struct bench_row call_rows[], file_rows[], memory_rows[], pipe_rows[], process_rows[], signal_rows[],
    thread_rows[], timer_rows[], waiting_rows[], growth_rows[];

extern const long growth_row_count;

/* Ends the row as failed unless `condition` holds. */
#define bench_need(condition) ((condition) ? (void)0 : bench_fail(__FILE__, __LINE__, #condition))
_Noreturn void bench_fail(const char *file, int line, const char *condition);

/* A further process that runs `body`; it is killed when the row ends. Returns its id. */
pid_t bench_partner(void (*body)(void));

/* Keeps this process and its future children on one CPU: the first, or this worker's. */
void bench_pin(void);

/* A regular file of `size` bytes, open for reading and writing. */
int bench_file(const char *path, size_t size);

/* Lets this process have `count` of what RLIMIT_`resource` limits, and some. */
void bench_allow(int resource, long count);

#define BENCH_FOLDER "/bench"
#define BENCH_FILE BENCH_FOLDER "/file"
#define BENCH_TINY BENCH_FOLDER "/tiny" /* the smallest static program */
