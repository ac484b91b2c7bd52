/* Rows: clocks and timers. */
#include <signal.h>
#include <time.h>

#include "tests/vm/programs/arguments/arguments.h"

static const int64_t no_time[2];
static const int64_t later[4] = {0, 0, 100, 0}; /* interval and value */
static const int64_t nonsense[2] = {-1, 0};
static const struct sigevent event = {.sigev_notify = SIGEV_NONE, .sigev_signo = SIGUSR1};

static const struct row rows[] = {
    ROW(time, "", HARMLESS, A_OUT(8))
    ROW(gettimeofday, "", HARMLESS, A_OUT(16), A_OUT(8))
    ROW(settimeofday, "", 0, A_IN(nonsense), A_NO_IN(8))
    ROW(clock_gettime, "", HARMLESS, A_CHOICE(CLOCK_MONOTONIC), A_OUT(16))
    ROW(clock_settime, "", 0, A_CHOICE(CLOCK_MONOTONIC), A_IN(nonsense))
    ROW(clock_settime, "-realtime", 0, A_SAME(CLOCK_REALTIME), A_IN(nonsense))
    ROW(clock_getres, "", HARMLESS, A_CHOICE(CLOCK_MONOTONIC), A_OUT(16))
    ROW(clock_nanosleep, "", HARMLESS, A_CHOICE(CLOCK_MONOTONIC), A_FLAGS(1), A_TIME(no_time), A_NO_OUT(16))
    ROW(nanosleep, "", HARMLESS, A_TIME(no_time), A_NO_OUT(16))
    ROW(times, "", HARMLESS, A_OUT(32))
    ROW(alarm, "", 0, A_SECONDS(0))
    ROW(getitimer, "", HARMLESS, A_CHOICE(0), A_OUT(32))
    ROW(setitimer, "", 0, A_CHOICE(0), A_IN(later), A_OUT(32))
    ROW(timer_create, "", 0, A_CHOICE(CLOCK_MONOTONIC), A_IN(event), A_OUT(4))
    ROW(timer_create, "-default", 0, A_CHOICE(CLOCK_REALTIME), A_NO_IN(64), A_OUT(4))
    ROW(timer_settime, "", 0, A_CHOICE(0), A_FLAGS(0), A_IN(later), A_OUT(32))
    ROW(timer_gettime, "", HARMLESS, A_CHOICE(0), A_OUT(32))
    ROW(timer_getoverrun, "", HARMLESS, A_CHOICE(0))
    ROW(timer_delete, "", 0, A_CHOICE(0))
    ROW(timerfd_create, "", 0, A_CHOICE(CLOCK_MONOTONIC), A_FLAGS(0))
    ROW(timerfd_settime, "", 0, A_FD(TIMER_FD), A_FLAGS(0), A_IN(later), A_OUT(32))
    ROW(timerfd_gettime, "", HARMLESS, A_FD(TIMER_FD), A_OUT(32))
};

const struct rows time_rows = ROWS(rows);
