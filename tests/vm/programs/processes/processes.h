/* The test program processes: what its parts share. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/vm/programs/states.h"

extern const char *test_name; /* fixture.c, as the next */
extern int failures;
extern volatile int caught, caught_last; /* by note() */

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("not ok %s: line %d: %s (errno %d)\n", test_name, __LINE__, #condition, errno); \
            failures++; \
            return; \
        } \
    } while (0)

void sleep_ms(int ms);
void action(int number, void *handler, int flags);
void note(int number);

/* making.c */
void test_exit_status(void);
void test_wait_options(void);
void test_groups(void);
void test_orphan(void);
void test_vfork(void);
void test_spawn(void);
void test_ignored_children(void);

/* signals.c */
void test_handler(void);
void test_queue(void);
void test_fault(void);
void test_altstack(void);
void test_registers(void);

/* waits.c */
void test_restart(void);
void test_suspend(void);
void test_sleep(void);
void test_stopped_sleep(void);
void test_periodic(void);

/* threads.c */
void test_threads(void);
void test_condition(void);
void test_thread_exit(void);
long futex(uint32_t *word, int op, uint32_t value, void *timeout, uint32_t *word2, uint32_t value3);
void test_futex_shared(void);
void test_robust(void);

/* numbers.c */
void test_identity(void);
void test_limits(void);
void test_scheduling(void);
