/* Timers. The rows that wait count the wait too: virtual time passes while the machine is idle. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static timer_t timer;
static int timer_file;
static const struct itimerspec in_an_hour = {.it_value.tv_sec = 3600};
static const struct itimerspec at_once = {.it_value.tv_nsec = 1};

static int create(timer_t *into) {
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    return timer_create(CLOCK_MONOTONIC, &event, into) == 0 ? 0 : errno;
}

static int create_timer(long size) {
    (void)size;
    return create(&timer);
}

static void timer_create_delete(void) {
    timer_t one;
    bench_need(create(&one) == 0);
    timer_delete(one);
}

static void run_timer_settime(void) {
    timer_settime(timer, 0, &in_an_hour, NULL);
}

static int little_slack(long size) {
    (void)size;
    prctl(PR_SET_TIMERSLACK, 1); /* where there is any */
    return 0;
}

static void nanosleep_1ns(void) {
    struct timespec one = {.tv_nsec = 1};
    nanosleep(&one, NULL);
}

static int create_timerfd(long size) {
    little_slack(size);
    timer_file = timerfd_create(CLOCK_MONOTONIC, 0);
    return timer_file >= 0 ? 0 : errno;
}

static void run_timerfd_settime(void) {
    timerfd_settime(timer_file, 0, &in_an_hour, NULL);
}

static void timerfd_wait(void) {
    uint64_t count;
    timerfd_settime(timer_file, 0, &at_once, NULL);
    bench_need(read(timer_file, &count, sizeof count) == sizeof count);
}

const struct bench_row timer_rows[] = {
    {.name = "timer_create_delete", .run = timer_create_delete, .prepare = create_timer},
    {.name = "timer_settime", .run = run_timer_settime, .prepare = create_timer},
    {.name = "nanosleep_1ns", .run = nanosleep_1ns, .prepare = little_slack},
    {.name = "timerfd_settime", .run = run_timerfd_settime, .prepare = create_timerfd},
    {.name = "timerfd_wait_1ns", .run = timerfd_wait, .prepare = create_timerfd},
    {},
};
