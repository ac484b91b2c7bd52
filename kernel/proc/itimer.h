/* Interval timers: getitimer(2), setitimer(2), alarm(2). */
#pragma once

#include <stdint.h>

struct process;

enum itimer_which { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };

struct itimer_value {
    uint64_t interval_ns, remaining_ns; /* 0: once; not running */
};

/* The running process's ITIMER_REAL, which sends SIGALRM. `new` and `old` may be NULL. 0 or -ENOMEM. */
int itimer_real_exchange(const struct itimer_value *new, struct itimer_value *old);
/* A process ends: no timer of it runs any longer. May wait for a running callback. */
void itimer_cancel_all(struct process *process);
