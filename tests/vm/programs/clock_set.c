/*
 * What waits for a time of day follows when the clock is set (clock_settime(2)); what waits for a span does not. Each
 * waits in a process of its own, which is seen asleep before the clock is set. As root. Sets the machine's clock, and
 * so only with SET_CLOCK in the environment. "ok NAME" or "not ok NAME (errno N)" a line; the same on Linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/vm/programs/states.h"
#include "tests/vm/programs/truths.h"

#define FAR_S 100000l    /* what waits for this does so until the clock is set */
#define BEYOND_S 200000l /* where it is set */

enum { LOCK_PI = 6, WAIT_BITSET = 9, OF_REALTIME = 256 }; /* linux/futex.h */

static struct timespec target; /* a time of day FAR_S ahead of the start */

static int asleep_until_target(void) {
    return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &target, NULL) == 0;
}

static int alarm_sleep_until_target(void) {
    return clock_nanosleep(CLOCK_REALTIME_ALARM, TIMER_ABSTIME, &target, NULL) == 0;
}

static int futex_times_out(void) {
    uint32_t word = 0;
    return syscall(SYS_futex, &word, WAIT_BITSET | OF_REALTIME, 0, &target, NULL, ~0u) < 0 &&
           errno == ETIMEDOUT;
}

/* Of a lock that another process, which lives on, holds. */
static int lock_times_out(void) {
    uint32_t word = (uint32_t)getppid();
    return syscall(SYS_futex, &word, LOCK_PI, 0, &target, NULL, 0) < 0 && errno == ETIMEDOUT;
}

static int queue_times_out(void) {
    struct mq_attr shape = {.mq_maxmsg = 1, .mq_msgsize = 8};
    char message[8];
    mqd_t queue = mq_open("/clock_set", O_RDWR | O_CREAT, 0600, &shape);
    mq_unlink("/clock_set");
    return queue >= 0 && mq_timedreceive(queue, message, sizeof message, NULL, &target) < 0 && errno == ETIMEDOUT;
}

static int timer_signals(void) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec once = {.it_value = target};
    sigset_t set;
    timer_t timer;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return timer_create(CLOCK_REALTIME, &event, &timer) == 0 && timer_settime(timer, TIMER_ABSTIME, &once, NULL) == 0 &&
           sigwaitinfo(&set, NULL) == SIGUSR1;
}

/* A periodic one catches up: each of its ends that the clock went past counts. */
static int descriptor_counts(void) {
    struct itimerspec often = {{100, 0}, target};
    uint64_t ends = 0;
    int fd = timerfd_create(CLOCK_REALTIME, 0);
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &often, NULL) == 0 && read(fd, &ends, sizeof ends) == sizeof ends &&
           ends >= (uint64_t)(BEYOND_S - FAR_S) / 100;
}

static int sleeps_for_a_span(void) {
    struct timespec span = {FAR_S, 0};
    return clock_nanosleep(CLOCK_REALTIME, 0, &span, NULL) == 0;
}

static int sleeps_on_monotonic(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += FAR_S;
    return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == 0;
}

static const struct waiter {
    const char *name;
    int (*waits)(void); /* true if it ended as it should */
    int follows;
} waiters[] = {
    {"a sleep until a time of day", asleep_until_target, 1},
    {"one that may wake the machine", alarm_sleep_until_target, 1},
    {"a futex", futex_times_out, 1},
    {"a lock that passes on priority", lock_times_out, 1},
    {"a message queue", queue_times_out, 1},
    {"a timer that signals", timer_signals, 1},
    {"a timer behind a descriptor", descriptor_counts, 1},
    {"not a sleep for a span", sleeps_for_a_span, 0},
    {"nor one on the monotonic clock", sleeps_on_monotonic, 0},
};
#define WAITERS (sizeof waiters / sizeof waiters[0])

static void move_clock(long seconds) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += seconds;
    clock_settime(CLOCK_REALTIME, &now);
}

static void forward(void) {
    pid_t children[WAITERS];
    int asleep = 1, status;
    clock_gettime(CLOCK_REALTIME, &target);
    target.tv_sec += FAR_S;
    for (unsigned i = 0; i < WAITERS; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(waiters[i].waits());
    }
    for (unsigned i = 0; i < WAITERS; i++)
        asleep &= until_asleep(children[i]);
    check("all wait", asleep);
    move_clock(BEYOND_S);
    for (unsigned i = 0; i < WAITERS; i++) {
        if (!waiters[i].follows)
            continue;
        waitpid(children[i], &status, 0);
        check(waiters[i].name, WIFEXITED(status) && WEXITSTATUS(status) == 1);
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        if (waiters[i].follows)
            continue;
        check(waiters[i].name, waitpid(children[i], &status, WNOHANG) == 0 && until_asleep(children[i]));
        kill(children[i], SIGKILL);
        waitpid(children[i], &status, 0);
    }
    move_clock(-BEYOND_S);
}

static long timer_left(int flags, int moved, int signals) {
    struct sigevent nothing = {.sigev_notify = SIGEV_NONE};
    struct itimerspec value = {0}, left = {0};
    timer_t timer;
    clock_gettime(CLOCK_REALTIME, &value.it_value);
    if (flags == 0)
        value.it_value.tv_sec = 0;
    value.it_value.tv_sec += FAR_S;
    int fd = signals ? -1 : timerfd_create(CLOCK_REALTIME, 0);
    timer_create(CLOCK_REALTIME, &nothing, &timer);
    if (fd >= 0)
        timerfd_settime(fd, flags, &value, NULL);
    else
        timer_settime(timer, flags, &value, NULL);
    move_clock(moved);
    if (fd >= 0)
        timerfd_gettime(fd, &left);
    else
        timer_gettime(timer, &left);
    move_clock(-moved);
    timer_delete(timer);
    close(fd);
    return left.it_value.tv_sec;
}

/* Far more than the machine can be late. */
static int about(long seconds, long expected) {
    return seconds > expected - FAR_S / 10 && seconds < expected + FAR_S / 10;
}

static void backward(void) {
    const int back = -(int)FAR_S / 2;
    check("a timer has longer to go when the clock is set back", about(timer_left(TIMER_ABSTIME, back, 1), FAR_S - back));
    check("one behind a descriptor too", about(timer_left(TFD_TIMER_ABSTIME, back, 0), FAR_S - back));
    check("a timer for a span does not", about(timer_left(0, back, 1), FAR_S));
    check("nor one behind a descriptor", about(timer_left(0, back, 0), FAR_S));
}

int main(void) {
    if (!getenv("SET_CLOCK"))
        return 2;
    forward();
    backward();
    return failures != 0;
}
