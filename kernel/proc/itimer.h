/* Interval timers: getitimer(2), setitimer(2), alarm(2). */
#pragma once

#include <stdint.h>

struct process;

enum itimer_which { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };

struct itimer_value {
    uint64_t interval_ns, remaining_ns; /* 0: once; not running */
};

/*
 * Reads a timer of the running process and, unless `new` is NULL, sets it. They send SIGALRM, SIGVTALRM
 * (the user part of its CPU time), SIGPROF (all of it). 0 or -ENOMEM.
 */
int itimer_exchange(enum itimer_which which, const struct itimer_value *new, struct itimer_value *old);
/* A process ends: no timer of it runs any longer. May wait for a running callback. */
void itimer_cancel_all(struct process *process);
