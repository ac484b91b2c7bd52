/*
 * What the parts of the race test share. A part runs in a process of its own until the time is over;
 * what it does is decided by the seed alone, when is not. It checks what must be true however its threads
 * interleave, and ends: a wake-up that got lost shows as a part that hangs.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            check_failed(__FILE__, __LINE__, #condition);                                          \
    } while (0)

/* Prints it with errno and ends the process with status 1. */
void check_failed(const char *file, int line, const char *text) __attribute__((noreturn));

/* One thread, or process, of a part: its number and its own random numbers. */
struct job {
    unsigned index;
    uint64_t random;
};

void job_init(struct job *job, unsigned index);
/* The next number in [0, limit). */
uint32_t pick(struct job *job, uint32_t limit);

/* Runs `body` in `count` threads and waits for all of them. */
void run_threads(unsigned count, void (*body)(struct job *job));
/* The same in processes, which must all exit with status 0. */
void run_processes(unsigned count, void (*body)(struct job *job));

bool time_left(void);
void nap_us(unsigned us);

/* Touches memory that may have gone: false if that gave SIGSEGV or SIGBUS. */
void catch_faults(void);
bool try_read(const volatile uint8_t *at, uint8_t *value);
bool try_write(volatile uint8_t *at, uint8_t value);

/* The parts. */
void race_mappings(void);
void race_copies(void);
void race_truncation(void);
void race_processes(void);
void race_exec(void);
void race_futexes(void);
void race_inheritance(void);
void race_robust(void);
void race_descriptors(void);
void race_polls(void);
void race_names(void);
void race_scheduling(void);
void race_timers(void);
void race_signals(void);
void race_proc(void);
void race_rseq(void);
void race_clock(void);
void race_ipc(void);

/* What the program does instead when it is called by race_exec: exits with `code`. */
#define EXEC_WORD "exit-with"
