/* Sleeping until a process or a thread has had some CPU time. */
#pragma once

#include "kernel/task/cpu_clock.h"

/* 0 when the clock has got there, -EINTR for a signal. If what it measures ends before, only a signal ends the sleep. */
int cpu_clock_sleep(const struct cpu_clock *clock, uint64_t deadline_ns);
