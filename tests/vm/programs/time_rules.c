/* Time by the letter: every clock, what a sleep that is interrupted leaves, sleeps across a stop, times and usage of
 * children, timers that fall behind. "ok NAME" or "not ok NAME (errno N)" a line; the same on Linux. As root. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/states.h"
#include "tests/vm/programs/truths.h"

#define MS 1000000l
#define SECOND 1000000000l
#define LONG_WAIT (1000 * SECOND) /* no delay of the machine uses it up */
enum { RAW = 4, REALTIME_COARSE = 5, MONOTONIC_COARSE = 6, BOOTTIME = 7, REALTIME_ALARM = 8, BOOTTIME_ALARM = 9, TAI = 11 };

static int fails_with(long result, int error) {
    return result == -1 && errno == error;
}

static long ns(struct timespec t) {
    return t.tv_sec * SECOND + t.tv_nsec;
}

static struct timespec spec(long value) {
    return (struct timespec){value / SECOND, value % SECOND};
}

/* The kernel's answer, not the vDSO's. */
static long now(int clock) {
    struct timespec t = {0, -1};
    return syscall(SYS_clock_gettime, clock, &t) < 0 ? -1 : ns(t);
}

static long resolution(int clock) {
    struct timespec t = {0, -1};
    return syscall(SYS_clock_getres, clock, &t) < 0 ? -1 : ns(t);
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(number, &action, NULL);
}

/* Again and again: the first may come before there is anything to interrupt. 0: no more. */
static void alarm_every(long interval) {
    struct itimerval often = {{0, interval / 1000}, {0, interval / 1000}};
    setitimer(ITIMER_REAL, &often, NULL);
}

/* Whether a clock tells the same time as another plus `offset`: between two readings of that. */
static int same_time(int clock, int other, long offset) {
    long before = now(other), seen = now(clock) - offset, after = now(other);
    return before <= seen && seen <= after;
}

/* ---- clocks ---- */

static void clocks(void) {
    static const int fine[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, RAW, BOOTTIME, TAI, REALTIME_ALARM, BOOTTIME_ALARM};
    int good = 1, forward = 1;
    for (unsigned i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        long first = now(fine[i]), second = now(fine[i]);
        good &= resolution(fine[i]) == 1;
        forward &= first >= 0 && second >= first;
    }
    check("fine clocks count nanoseconds", good);
    check("they go forward", forward);
    check("coarse clocks may count more", resolution(REALTIME_COARSE) >= 1 && resolution(MONOTONIC_COARSE) <= 10 * MS);
    long coarse = now(MONOTONIC_COARSE), exact = now(CLOCK_MONOTONIC);
    check("and are behind", coarse <= exact);
    long later = coarse;
    for (int i = 0; i < 60000 && later < exact; i++) {
        usleep(1000);
        later = now(MONOTONIC_COARSE);
    }
    check("but follow", later >= exact && later <= now(CLOCK_MONOTONIC));
    check("CLOCK_BOOTTIME is CLOCK_MONOTONIC where nothing is suspended", same_time(BOOTTIME, CLOCK_MONOTONIC, 0));
    struct timex state = {0};
    adjtimex(&state);
    check("CLOCK_TAI is whole seconds ahead", same_time(TAI, CLOCK_REALTIME, state.tai * SECOND));
    check("alarm clocks tell the same time", same_time(REALTIME_ALARM, CLOCK_REALTIME, 0) && same_time(BOOTTIME_ALARM, BOOTTIME, 0));
    check("no clock 10", fails_with(now(10), EINVAL) && fails_with(resolution(10), EINVAL));
    check("no clock 16", fails_with(now(16), EINVAL));
    struct timespec t = {1, 0};
    check("CLOCK_MONOTONIC cannot be set", fails_with(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &t), EINVAL));
    t.tv_nsec = SECOND;
    check("no such moment", fails_with(syscall(SYS_clock_settime, CLOCK_REALTIME, &t), EINVAL));
}

static int unprivileged(void) {
    struct timespec t = spec(now(CLOCK_REALTIME)), soon = {0, 1};
    timer_t timer;
    setresuid(1000, 1000, 1000);
    struct itimerspec once = {.it_value = {1, 0}};
    return fails_with(syscall(SYS_clock_settime, CLOCK_REALTIME, &t), EPERM) &&
           fails_with(timer_create(REALTIME_ALARM, NULL, &timer), EPERM) &&
           fails_with(timerfd_create(BOOTTIME_ALARM, 0), EPERM);
}

static int answer_of(int (*asks)(void)) {
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(asks());
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- sleeps ---- */

static int sleeps(int clock, int flags, long value) {
    struct timespec t = spec(value);
    return syscall(SYS_clock_nanosleep, clock, flags, &t, NULL);
}

static void sleep_on_clocks(void) {
    static const int clock[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, BOOTTIME, TAI, REALTIME_ALARM, BOOTTIME_ALARM};
    int relative = 1, absolute = 1;
    for (unsigned i = 0; i < sizeof clock / sizeof clock[0]; i++) {
        long start = now(clock[i]);
        relative &= sleeps(clock[i], 0, 5 * MS) == 0 && now(clock[i]) - start >= 5 * MS;
        start = now(clock[i]);
        absolute &= sleeps(clock[i], TIMER_ABSTIME, start + 5 * MS) == 0 && now(clock[i]) - start >= 5 * MS;
    }
    check("relative sleeps on every clock", relative);
    check("absolute sleeps on every clock", absolute);
    check("no sleep on coarse and raw ones", fails_with(sleeps(RAW, 0, MS), EOPNOTSUPP) &&
                                                 fails_with(sleeps(MONOTONIC_COARSE, 0, MS), EOPNOTSUPP));
    check("nor on those that are none", fails_with(sleeps(10, 0, MS), EINVAL));
    struct timespec bad = {0, SECOND}, negative = {-1, 0};
    check("too many nanoseconds", fails_with(nanosleep(&bad, NULL), EINVAL));
    check("negative seconds", fails_with(nanosleep(&negative, NULL), EINVAL));
    check("a moment in the past", sleeps(CLOCK_MONOTONIC, TIMER_ABSTIME, 1) == 0);
}

static volatile int *handled; /* signals; a child sees them too */

static void count(int number) {
    ++*handled;
}

/* What is left of LONG_WAIT, of which at most the time since `start` has passed. */
static int is_rest(long left, long start) {
    return left < LONG_WAIT && left >= LONG_WAIT - (now(CLOCK_MONOTONIC) - start) - MS;
}

static void interrupted_sleeps(void) {
    struct timespec wanted = spec(LONG_WAIT), left = {77, 77};
    long start = now(CLOCK_MONOTONIC);
    check("a handler ends a sleep", fails_with(nanosleep(&wanted, &left), EINTR));
    check("the rest is told", is_rest(ns(left), start));
    left = (struct timespec){77, 77};
    struct timespec moment = spec(now(CLOCK_MONOTONIC) + LONG_WAIT);
    check("an absolute sleep too", fails_with(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, &left), EINTR));
    check("which has no rest", left.tv_sec == 77 && left.tv_nsec == 77);
}

static void interrupted_waits(void) {
    struct pollfd none = {-1};
    check("poll is never restarted", fails_with(poll(&none, 1, LONG_WAIT / MS), EINTR));
    struct timeval limit = {LONG_WAIT / SECOND, 0};
    long start = now(CLOCK_MONOTONIC);
    check("select neither", fails_with(syscall(SYS_select, 0, NULL, NULL, NULL, &limit), EINTR));
    check("but Linux's tells the rest", is_rest(limit.tv_sec * SECOND + limit.tv_usec * 1000, start));
    int epoll = epoll_create1(0);
    struct epoll_event event;
    sigset_t all, none_blocked;
    sigfillset(&all);
    sigemptyset(&none_blocked);
    alarm_every(0);
    sigprocmask(SIG_BLOCK, &all, NULL);
    int waited = epoll_pwait(epoll, &event, 1, 20, &none_blocked);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    check("a mask for the wait is no signal", waited == 0);
    alarm_every(50 * MS);
    check("nor epoll_wait", fails_with(epoll_wait(epoll, &event, 1, LONG_WAIT / MS), EINTR));
    close(epoll);
    struct timespec long_time = spec(LONG_WAIT);
    int word = 0;
    check("nor a futex with a timeout", fails_with(syscall(SYS_futex, &word, 128, 0, &long_time), EINTR));
}

static void interrupted_reads(void) {
    int pipe_ends[2];
    char byte;
    pipe(pipe_ends);
    pid_t reader = getpid();
    *handled = 0;
    if (fork() == 0) {
        while (*handled < 3 || !until_asleep(reader))
            usleep(1000);
        write(pipe_ends[1], "x", 1);
        _exit(0);
    }
    check("a read is, with SA_RESTART", read(pipe_ends[0], &byte, 1) == 1 && *handled >= 3);
    alarm_every(0);
    wait(NULL);
    handle(SIGALRM, count, 0);
    alarm_every(50 * MS);
    check("and ends without", fails_with(read(pipe_ends[0], &byte, 1), EINTR));
    alarm_every(0);
}

static void interrupted(void) {
    handle(SIGALRM, count, SA_RESTART);
    alarm_every(50 * MS);
    interrupted_sleeps();
    interrupted_waits();
    interrupted_reads();
}

/* Stopped and continued in the middle, without a handler: the calls go on, and end when they would have. */
static long sleep_ns;

static int sleeps_once(void) {
    struct timespec t = spec(sleep_ns), left = {99999, 0};
    long start = now(CLOCK_MONOTONIC);
    return nanosleep(&t, &left) == 0 && now(CLOCK_MONOTONIC) - start >= sleep_ns && ns(left) < sleep_ns; /* told at every stop */
}

static int polls_once(void) {
    long start = now(CLOCK_MONOTONIC);
    return poll(NULL, 0, sleep_ns / MS) == 0 && now(CLOCK_MONOTONIC) - start >= sleep_ns;
}

static int waits_for_futex(void) {
    int word = 0;
    struct timespec t = spec(sleep_ns);
    return fails_with(syscall(SYS_futex, &word, 128, 0, &t), ETIMEDOUT);
}

static int waits_for_signal(void) {
    sigset_t set;
    struct timespec t = spec(sleep_ns);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    int result = sigtimedwait(&set, NULL, &t);
    return result == -1 && (errno == EAGAIN || errno == EINTR);
}

/* How often the child was certainly stopped while it slept, which it does until `end` or longer; some three times. */
static int stop_some_times(pid_t pid, int *status, long end) {
    int stops = 0;
    for (int i = 0; i < 3 && until_asleep(pid); i++) {
        kill(pid, SIGSTOP);
        waitpid(pid, status, WUNTRACED);
        if (!WIFSTOPPED(*status))
            return stops;
        stops += now(CLOCK_MONOTONIC) < end;
        usleep(20000);
        kill(pid, SIGCONT);
        usleep(50000);
    }
    waitpid(pid, status, 0);
    return stops;
}

/* Where a stop may have come too late for the sleep, all is done again with more time. */
static int across_a_stop(int (*does)(void)) {
    int status, stops = 0;
    for (sleep_ns = 400 * MS; stops == 0; sleep_ns *= 2) {
        long start = now(CLOCK_MONOTONIC);
        pid_t pid = fork();
        if (pid == 0)
            _exit(does());
        stops = stop_some_times(pid, &status, start + sleep_ns);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* ---- timers ---- */

static void overruns(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec often = {spec(10 * MS), spec(10 * MS)};
    uint64_t count = 0;
    timerfd_settime(fd, 0, &often, NULL);
    usleep(105000);
    struct pollfd over = {fd, POLLIN};
    poll(&over, 1, -1);
    long start = now(CLOCK_MONOTONIC);
    check("a timerfd counts what it missed", read(fd, &count, 8) == 8 && count >= 10);
    check("once", fails_with(read(fd, &count, 8), EAGAIN) || count <= (now(CLOCK_MONOTONIC) - start) / (10 * MS) + 1);
    close(fd);

    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    timer_t timer;
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &often, NULL);
    usleep(105000);
    check("a timer's signal tells how many it stands for", sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_TIMER &&
                                                               info.si_overrun >= 9);
    check("timer_getoverrun too", timer_getoverrun(timer) >= 9);
    timer_delete(timer);

    alarm(1000);
    struct itimerval left;
    check("alarm is a timer", getitimer(ITIMER_REAL, &left) == 0 && left.it_value.tv_sec >= 500 && left.it_value.tv_sec <= 1000);
    long rest = alarm(0);
    check("alarm tells the rest", rest >= 500 && rest <= 1000);
    check("no alarm", alarm(0) == 0);
    struct itimerval bad = {.it_value = {0, 1000000}};
    check("too many microseconds", fails_with(setitimer(ITIMER_REAL, &bad, NULL), EINVAL));
    check("no such timer", fails_with(syscall(SYS_setitimer, 3, &left, NULL), EINVAL));
}

/* ---- usage ---- */

static void burn(long amount) {
    for (long start = now(CLOCK_PROCESS_CPUTIME_ID); now(CLOCK_PROCESS_CPUTIME_ID) - start < amount;)
        ;
}

static int burns(void) {
    burn(60 * MS);
    return 1;
}

static long used(int who) {
    struct rusage usage;
    getrusage(who, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * SECOND + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000l;
}

static int has_a_grandchild(void) {
    return answer_of(burns);
}

static void usage(void) {
    struct tms before, after;
    struct rusage usage;
    long own = used(RUSAGE_SELF), children = used(RUSAGE_CHILDREN);
    clock_t start = times(&before);
    pid_t pid = fork();
    if (pid == 0)
        _exit(has_a_grandchild());
    usleep(50000);
    check("children count when they are awaited", used(RUSAGE_CHILDREN) == children);
    check("wait4 tells their usage", wait4(pid, NULL, 0, &usage) == pid &&
                                         usage.ru_utime.tv_usec + usage.ru_stime.tv_usec + 1000000l * usage.ru_utime.tv_sec >= 50000);
    check("with that of their children", used(RUSAGE_CHILDREN) - children >= 50 * MS);
    clock_t end = times(&after);
    check("times counts hundredths", end - start >= 4 && after.tms_cutime + after.tms_cstime - before.tms_cutime - before.tms_cstime >= 4);
    burn(40 * MS);
    check("own usage", used(RUSAGE_SELF) - own >= 40 * MS);
    check("of this thread", used(1) > 0 && used(1) <= used(RUSAGE_SELF) + MS);
    check("of nobody", fails_with(getrusage(5, &usage), EINVAL));
    getrusage(RUSAGE_SELF, &usage);
    check("memory and faults", usage.ru_maxrss > 0 && usage.ru_minflt > 0);
    signal(SIGCHLD, SIG_IGN);
    children = used(RUSAGE_CHILDREN);
    if (fork() == 0)
        _exit(burns());
    check("nobody waits for it", fails_with(wait(NULL), ECHILD));
    check("so it is not counted", used(RUSAGE_CHILDREN) == children);
    signal(SIGCHLD, SIG_DFL);
}

int main(void) {
    handled = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    clocks();
    check("only with privileges", answer_of(unprivileged) == 1);
    sleep_on_clocks();
    interrupted();
    check("nanosleep goes on after a stop", across_a_stop(sleeps_once));
    check("poll goes on after a stop", across_a_stop(polls_once));
    check("futex goes on after a stop", across_a_stop(waits_for_futex));
    check("sigtimedwait ends, as it does on Linux", across_a_stop(waits_for_signal));
    overruns();
    usage();
    return failures != 0;
}
