/*
 * CPU time as a clock: ITIMER_VIRTUAL and ITIMER_PROF, POSIX timers and sleeps on CPU clocks, clocks of other
 * processes and threads, RLIMIT_CPU, RLIMIT_SIGPENDING of a user. The same on Linux. One line a check.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/truths.h"

#define MS 1000000l
#define SECOND 1000000000l
#define LONG (1000 * SECOND)   /* a time that no delay of the machine uses up */
#define CLOCK_ERROR (10 * MS)  /* of timers that count ticks */
#define CLOCK_OF(pid, kind, thread) ((int)(~(unsigned)(pid) << 3) | (thread) * 4 | (kind))
#define BURNS_MAX 12000         /* of 5 ms: a CPU that stands still is charged for it */
enum { PROF, VIRTUAL, TOTAL };

static long now_ns(int clock) {
    struct timespec now;
    if (syscall(SYS_clock_gettime, clock, &now) != 0)
        return -errno;
    return now.tv_sec * SECOND + now.tv_nsec;
}

static void burn(long ns) {
    long end = now_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
    while (now_ns(CLOCK_THREAD_CPUTIME_ID) < end)
        for (volatile int i = 0; i < 20000; i++)
            ;
}

static volatile int signals, last_number, last_code;

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    signals++;
    last_number = number;
    last_code = info->si_code;
}

static int answer(long result) {
    return result < 0 ? errno : 0;
}

static void clock_numbers(void) {
    struct timespec time = {0, 0}, one = {0, 1};
    pid_t self = getpid();
    check("own clocks", now_ns(CLOCK_OF(0, PROF, 0)) >= 0 && now_ns(CLOCK_OF(0, TOTAL, 1)) >= 0 && now_ns(CLOCK_OF(self, TOTAL, 0)) > 0);
    check("kinds", now_ns(CLOCK_OF(self, VIRTUAL, 0)) >= 0 && now_ns(CLOCK_OF(self, 3, 0)) == -EINVAL);
    check("a process that is not there", now_ns(CLOCK_OF(999999, TOTAL, 0)) == -EINVAL);
    check("another process", now_ns(CLOCK_OF(1, TOTAL, 0)) >= 0);
    check("another process's thread", now_ns(CLOCK_OF(getppid(), TOTAL, 1)) == -EINVAL);
    check("resolution", answer(syscall(SYS_clock_getres, CLOCK_OF(self, TOTAL, 0), &time)) == 0 && time.tv_nsec == 1);
    check("resolution of nothing", answer(syscall(SYS_clock_getres, CLOCK_OF(999999, TOTAL, 0), &time)) == EINVAL);
    check("cannot be set", answer(syscall(SYS_clock_settime, CLOCK_OF(self, TOTAL, 0), &one)) == EPERM &&
          answer(syscall(SYS_clock_settime, CLOCK_PROCESS_CPUTIME_ID, &one)) == EINVAL &&
          answer(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &one)) == EINVAL);
    check("sleep on own thread", answer(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &one, NULL)) == EOPNOTSUPP &&
          answer(syscall(SYS_clock_nanosleep, CLOCK_OF(0, TOTAL, 1), 0, &one, NULL)) == EINVAL);
    check("sleep on clocks without timers", answer(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &one, NULL)) == EOPNOTSUPP &&
          answer(syscall(SYS_clock_nanosleep, CLOCK_REALTIME_COARSE, 0, &one, NULL)) == EOPNOTSUPP &&
          answer(syscall(SYS_clock_nanosleep, 10, 0, &one, NULL)) == EINVAL);
    check("CLOCK_TAI", now_ns(11) > 0 && now_ns(10) == -EINVAL && now_ns(12) == -EINVAL);
}

/* What a timer on CPU time that had LONG ns left has now: less by no more than the process has run since it had `ran_ns`. */
static int stood_still(long left_ns, long ran_ns) {
    return left_ns <= LONG && left_ns >= LONG - (now_ns(CLOCK_PROCESS_CPUTIME_ID) - ran_ns) - CLOCK_ERROR;
}

static void interval(int which, int signal, const char *name) {
    struct itimerval value = {{0, 10000}, {LONG / SECOND, 0}}, old;
    signals = 0;
    long ran = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    check(name, setitimer(which, &value, NULL) == 0);
    usleep(100000);
    getitimer(which, &old);
    check("stands still while asleep", signals == 0 && old.it_interval.tv_usec == 10000 &&
          stood_still(old.it_value.tv_sec * SECOND + old.it_value.tv_usec * 1000, ran));
    value.it_value = (struct timeval){0, 20000};
    setitimer(which, &value, NULL);
    for (int i = 0; i < BURNS_MAX && signals < 3; i++)
        burn(5 * MS);
    check("goes on with CPU time", signals >= 3 && last_number == signal && last_code == SI_KERNEL);
    memset(&value, 0, sizeof value);
    setitimer(which, &value, &old);
    check("old interval", old.it_interval.tv_usec == 10000);
    signals = 0;
    burn(30 * MS);
    check("stopped", signals == 0);
}

static long time_us(struct timeval time) {
    return time.tv_sec * 1000000 + time.tv_usec;
}

/* Work in the kernel and work outside, each for some ticks in turn. */
static void two_parts(void) {
    static char page[1 << 16];
    struct rusage before, now;
    int null = open("/dev/zero", O_RDONLY), backwards = 0;
    getrusage(RUSAGE_SELF, &before);
    now = before;
    for (int turn = 0; turn < 6 || (turn < 400 && time_us(now.ru_stime) == 0); turn++) {
        for (long end = now_ns(CLOCK_THREAD_CPUTIME_ID) + 40 * MS; now_ns(CLOCK_THREAD_CPUTIME_ID) < end; before = now) {
            for (int i = 0; i < 50 && turn % 2 == 0; i++)
                backwards += read(null, page, sizeof page) < 0;
            burn(turn % 2 * MS);
            getrusage(RUSAGE_SELF, &now);
            backwards += time_us(now.ru_utime) < time_us(before.ru_utime) || time_us(now.ru_stime) < time_us(before.ru_stime);
        }
    }
    check("neither part runs backwards", backwards == 0 && time_us(now.ru_utime) > 0 && time_us(now.ru_stime) > 0);
    close(null);
}

/* Seconds left of so many, a short while ago. */
static int about(long left, long of) {
    return left <= of && left > of - 500;
}

static void alarms(void) {
    struct itimerval value;
    check("alarm", alarm(1000) == 0 && about(alarm(2000), 1000));
    getitimer(ITIMER_REAL, &value);
    check("is ITIMER_REAL", about(value.it_value.tv_sec, 2000) && value.it_interval.tv_sec == 0);
    pid_t child = fork();
    if (child == 0)
        _exit(alarm(0) != 0);
    int status;
    waitpid(child, &status, 0);
    check("not inherited", status == 0 && about(alarm(0), 2000));
}

static void posix_timer(int clock, const char *name) {
    struct itimerspec value = {{0, 0}, {LONG / SECOND, 0}}, left;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    int id;
    signals = 0;
    long ran = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    check(name, syscall(SYS_timer_create, clock, &event, &id) == 0 && syscall(SYS_timer_settime, id, 0, &value, NULL) == 0);
    usleep(100000);
    syscall(SYS_timer_gettime, id, &left);
    check("waits for CPU time", signals == 0 && stood_still(left.it_value.tv_sec * SECOND + left.it_value.tv_nsec, ran));
    value.it_value = (struct timespec){0, 30 * MS};
    long start = now_ns(clock);
    syscall(SYS_timer_settime, id, 0, &value, NULL);
    for (int i = 0; i < BURNS_MAX && signals < 1; i++)
        burn(5 * MS);
    syscall(SYS_timer_gettime, id, &left);
    check("goes off", signals == 1 && last_code == SI_TIMER && now_ns(clock) - start >= 30 * MS && left.it_value.tv_nsec == 0);
    value.it_value.tv_sec = now_ns(clock) / SECOND;
    value.it_value.tv_nsec = now_ns(clock) % SECOND;
    signals = 0;
    syscall(SYS_timer_settime, id, TIMER_ABSTIME, &value, NULL);
    for (int i = 0; i < BURNS_MAX && signals < 1; i++)
        burn(5 * MS);
    check("a value in the past", signals == 1);
    check("delete", syscall(SYS_timer_delete, id) == 0);
}

static volatile int stop;

static void *burner(void *tid) {
    *(volatile int *)tid = (int)syscall(SYS_gettid);
    while (!stop)
        burn(MS);
    return NULL;
}

static void other_threads(void) {
    struct timespec time = {0, 30 * MS};
    volatile int tid = 0;
    pthread_t thread;
    stop = 0;
    pthread_create(&thread, NULL, burner, (void *)&tid);
    while (!tid)
        usleep(1000);
    long before = now_ns(CLOCK_OF(getpid(), TOTAL, 0));
    check("sleep until the process has run", syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &time, NULL) == 0 &&
          now_ns(CLOCK_OF(getpid(), TOTAL, 0)) - before >= 30 * MS);
    before = now_ns(CLOCK_OF(tid, TOTAL, 1));
    check("sleep until the thread has run", before >= 0 && syscall(SYS_clock_nanosleep, CLOCK_OF(tid, TOTAL, 1), 0, &time, NULL) == 0 &&
          now_ns(CLOCK_OF(tid, TOTAL, 1)) - before >= 30 * MS);
    stop = 1;
    pthread_join(thread, NULL);
}

static void other_process(void) {
    struct timespec time = {0, 20 * MS}, left = {0};
    struct itimerval often = {{0, 100000}, {0, 100000}}, never = {{0}};
    pid_t child = fork();
    if (child == 0)
        for (;;)
            burn(MS);
    check("sleep until a child has run", syscall(SYS_clock_nanosleep, CLOCK_OF(child, TOTAL, 0), 0, &time, NULL) == 0 &&
          now_ns(CLOCK_OF(child, TOTAL, 0)) >= 20 * MS);
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    signals = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    time.tv_sec = 5;
    check("interrupted", answer(syscall(SYS_clock_nanosleep, CLOCK_OF(child, TOTAL, 0), 0, &time, &left)) == EINTR &&
          signals >= 1 && (left.tv_sec == 5 || left.tv_sec == 4));
    setitimer(ITIMER_REAL, &never, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    check("gone", now_ns(CLOCK_OF(child, TOTAL, 0)) == -EINVAL);
}

static void limit(void) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {0, LONG / SECOND}; /* a pause of the machine counts, too */
        setrlimit(RLIMIT_CPU, &limit);
        signal(SIGXCPU, SIG_DFL);
        for (;;)
            burn(MS);
    }
    waitpid(child, &status, 0);
    check("RLIMIT_CPU, soft", WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
    child = fork();
    if (child == 0) {
        struct rlimit limit = {0, 1};
        setrlimit(RLIMIT_CPU, &limit);
        signals = 0;
        while (!signals)
            burn(MS);
        getrlimit(RLIMIT_CPU, &limit);
        if (last_number != SIGXCPU || last_code != SI_KERNEL || limit.rlim_cur != 1)
            _exit(1);
        for (;;)
            burn(MS);
    }
    waitpid(child, &status, 0);
    check("RLIMIT_CPU, hard", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static int queue_some(pid_t pid, int count) {
    union sigval value = {0};
    int done = 0;
    while (done < count && sigqueue(pid, SIGRTMIN + 1, value) == 0)
        done++;
    return done;
}

/* Both children run as one user, whose signals count together. */
static void pending_of_a_user(void) {
    pid_t child[2];
    int ready[2], status, good;
    char byte;
    if (getuid() != 0) {
        check("queued signals of a user", 1);
        return;
    }
    pipe(ready);
    for (int i = 0; i < 2; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            struct rlimit few = {10, 10};
            sigset_t set;
            sigemptyset(&set);
            sigaddset(&set, SIGRTMIN + 1);
            sigprocmask(SIG_BLOCK, &set, NULL);
            setrlimit(RLIMIT_SIGPENDING, &few);
            setresuid(4321, 4321, 4321);
            write(ready[1], "x", 1);
            for (;;)
                pause();
        }
        read(ready[0], &byte, 1);
    }
    good = queue_some(child[0], 7) == 7 && queue_some(child[1], 7) == 3 && errno == EAGAIN && kill(child[1], SIGRTMIN + 1) == 0;
    kill(child[0], SIGKILL);
    waitpid(child[0], &status, 0);
    good = good && queue_some(child[1], 20) == 7;
    kill(child[1], SIGKILL);
    waitpid(child[1], &status, 0);
    check("queued signals of a user", good);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGVTALRM, &action, NULL);
    sigaction(SIGPROF, &action, NULL);
    sigaction(SIGXCPU, &action, NULL);
    clock_numbers();
    interval(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL");
    interval(ITIMER_PROF, SIGPROF, "ITIMER_PROF");
    two_parts();
    check("no such timer", setitimer(3, NULL, NULL) < 0 && errno == EINVAL && getitimer(-1, NULL) < 0 && errno == EINVAL);
    alarms();
    posix_timer(CLOCK_PROCESS_CPUTIME_ID, "timer on the process's time");
    posix_timer(CLOCK_THREAD_CPUTIME_ID, "timer on the thread's time");
    posix_timer(CLOCK_OF(getpid(), PROF, 0), "timer on a named clock");
    other_threads();
    other_process();
    limit();
    pending_of_a_user();
    return failures != 0;
}
