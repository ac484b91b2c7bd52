/*
 * POSIX timers of a process, timer_create(2): a signal, or nothing, at the end of an interval. Neither
 * fork nor exec hands them on. Clocks are those of the time (clock_has_timers) and CPU clocks; setting the
 * time of day does not move a timer that runs. All calls are about the running process and take its lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/proc/itimer.h"

struct process;

/* linux/siginfo.h */
enum sigev_notify { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD = 2, SIGEV_THREAD_ID = 4 };

struct posix_timer_request {
    int clock;
    int signal, notify; /* enum sigev_notify; the C library makes the threads of SIGEV_THREAD */
    int tid;            /* SIGEV_THREAD_ID: a thread of the process */
    uint64_t value;     /* si_value */
    bool value_is_id;   /* instead */
};

/* Its number; -EINVAL, -EOPNOTSUPP for other clocks, -EAGAIN: as many as signals may be queued. */
int posix_timer_create(const struct posix_timer_request *request);
/* -EINVAL for numbers that are not in use, here and below. remaining_ns: `absolute`, a moment of the clock. */
int posix_timer_set(int id, bool absolute, const struct itimer_value *new, struct itimer_value *old);
int posix_timer_read(int id, struct itimer_value *value);
/* How often it ended between the signal delivered last and its delivery. */
int posix_timer_overrun(int id);
/* Its signal, if pending, goes too. May wait for a running callback. */
int posix_timer_delete(int id);

/* exec, and the end of a process. May wait for a running callback. */
void posix_timers_free(struct process *process);
