/*
 * POSIX timers, timer_create(2): one-shot and periodic, relative and absolute, on three clocks; overrun
 * counts, signal details, SIGEV_NONE and SIGEV_THREAD_ID, wrong arguments, fork and exec. One line a check.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/states.h"
#include "tests/vm/programs/truths.h"

#define MS 1000000l
#define LONG (1000000 * MS) /* a time that no delay of the machine uses up */
#define NOTIFY_THREAD_ID 4
#define VALUE 0x123456789abcll

struct event { /* struct sigevent, as the kernel has it */
    uint64_t value;
    int signal, notify, tid, padding[11];
};

static int create(int clock, int signal, int notify, int tid, int *id) {
    struct event event = {VALUE, signal, notify, tid};
    return syscall(SYS_timer_create, clock, &event, id) == 0 ? 0 : errno;
}

static int set(int id, int flags, long value_ns, long interval_ns, struct itimerspec *old) {
    struct itimerspec new = {{interval_ns / 1000000000, interval_ns % 1000000000},
                             {value_ns / 1000000000, value_ns % 1000000000}};
    return syscall(SYS_timer_settime, id, flags, &new, old) == 0 ? 0 : errno;
}

static long now_ns(int clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000l + now.tv_nsec;
}

static long remaining_ns(int id) {
    struct itimerspec value;
    if (syscall(SYS_timer_gettime, id, &value) != 0)
        return -errno;
    return value.it_value.tv_sec * 1000000000l + value.it_value.tv_nsec;
}

static int overrun(int id) {
    long count = syscall(SYS_timer_getoverrun, id);
    return count < 0 ? -errno : (int)count;
}

static int delete (int id) {
    return syscall(SYS_timer_delete, id) == 0 ? 0 : errno;
}

static volatile int signals, last_overrun, last_id, last_code, last_tid;
static volatile int64_t last_value;

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    signals++;
    last_code = info->si_code;
    last_id = info->si_timerid;
    last_overrun = info->si_overrun;
    last_value = (int64_t)(intptr_t)info->si_value.sival_ptr;
    last_tid = (int)syscall(SYS_gettid);
}

static int wait_for_signals(int wanted) {
    for (int i = 0; i < 60000 && signals < wanted; i++)
        usleep(1000);
    return signals >= wanted;
}

static void block(int how, int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(how, &set, NULL);
}

static void wrong_arguments(void) {
    int id = -1, other;
    check("unknown clock", create(77, SIGUSR1, SIGEV_SIGNAL, 0, &id) == EINVAL);
    check("no such signal", create(CLOCK_MONOTONIC, 65, SIGEV_SIGNAL, 0, &id) == EINVAL);
    check("no signal", create(CLOCK_MONOTONIC, 0, SIGEV_SIGNAL, 0, &id) == EINVAL);
    check("unknown notification", create(CLOCK_MONOTONIC, SIGUSR1, 9, 0, &id) == EINVAL);
    check("another process's thread", create(CLOCK_MONOTONIC, SIGUSR1, NOTIFY_THREAD_ID, 1, &id) == EINVAL);
    check("event outside memory", syscall(SYS_timer_create, CLOCK_MONOTONIC, -4096l, &id) < 0 && errno == EFAULT);
    check("number outside memory", syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, -4096l) < 0 && errno == EFAULT);
    check("create", create(CLOCK_MONOTONIC, SIGUSR1, SIGEV_SIGNAL, 0, &id) == 0 && id >= 0);
    check("numbers differ", create(CLOCK_MONOTONIC, SIGUSR1, SIGEV_SIGNAL, 0, &other) == 0 && other != id);
    check("not running", remaining_ns(id) == 0 && overrun(id) == 0);
    check("nanoseconds out of range", set(id, 0, 0, 0, NULL) == 0 &&
          syscall(SYS_timer_settime, id, 0, &(struct itimerspec){{0, 0}, {0, 1000000000}}, NULL) < 0 && errno == EINVAL);
    check("no value", syscall(SYS_timer_settime, id, 0, NULL, NULL) < 0 && errno == EINVAL);
    check("delete", delete (id) == 0 && delete (other) == 0);
    check("deleted", delete (id) == EINVAL && remaining_ns(id) == -EINVAL && overrun(id) == -EINVAL &&
          set(id, 0, 1, 0, NULL) == EINVAL);
}

static void once(int clock, int flags, const char *what) {
    int id;
    signals = 0;
    int good = create(clock, SIGUSR1, SIGEV_SIGNAL, 0, &id) == 0 &&
               set(id, flags, (flags ? now_ns(clock) : 0) + LONG, 0, NULL) == 0;
    long left = remaining_ns(id);
    good = good && left > LONG / 2 && left <= LONG;
    long start = now_ns(CLOCK_MONOTONIC);
    good = good && set(id, flags, (flags ? now_ns(clock) : 0) + 20 * MS, 0, NULL) == 0 && wait_for_signals(1);
    long passed = now_ns(CLOCK_MONOTONIC) - start;
    usleep(30000);
    check(what, good && passed >= 20 * MS && signals == 1 && remaining_ns(id) == 0);
    check("what the signal tells", last_code == SI_TIMER && last_id == id && last_value == VALUE && last_overrun == 0);
    delete (id);
}

static void periodic(void) {
    struct itimerspec old;
    int id;
    signals = 0;
    create(CLOCK_MONOTONIC, SIGUSR1, SIGEV_SIGNAL, 0, &id);
    check("periodic", set(id, 0, 5 * MS, 5 * MS, NULL) == 0 && wait_for_signals(5));
    check("old value", set(id, 0, 0, 0, &old) == 0 && old.it_interval.tv_nsec == 5 * MS && old.it_value.tv_sec == 0 &&
          old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 5 * MS);
    int seen = signals;
    usleep(20000);
    check("stopped", signals == seen && remaining_ns(id) == 0);
    set(id, TIMER_ABSTIME, 1, 0, NULL);
    check("a moment in the past", wait_for_signals(seen + 1));
    delete (id);
}

/* Blocked for about 100 ms: one signal, which knows of all the ends. */
static void overruns(int signal, const char *what) {
    int id;
    signals = 0;
    create(CLOCK_MONOTONIC, signal, SIGEV_SIGNAL, 0, &id);
    block(SIG_BLOCK, signal);
    long start = now_ns(CLOCK_MONOTONIC);
    set(id, 0, 2 * MS, 2 * MS, NULL);
    long running = now_ns(CLOCK_MONOTONIC);
    usleep(100000);
    long before = (now_ns(CLOCK_MONOTONIC) - running) / (2 * MS) - 1;
    block(SIG_UNBLOCK, signal);
    int first = last_overrun, count = overrun(id);
    long after = (now_ns(CLOCK_MONOTONIC) - start) / (2 * MS) - 1;
    check(what, signals >= 1 && first >= 0 && count >= 0 && (signals > 1 || (first >= before && first <= after + 1)));
    check("timer_getoverrun agrees", signals > 1 || count == first);
    check("goes on", wait_for_signals(4));
    delete (id);
    int seen = signals;
    usleep(10000);
    check("deleted while running", signals == seen);
}

static int until_pending(int signal) {
    sigset_t pending;
    for (int i = 0; i < 60000; i++) {
        sigpending(&pending);
        if (sigismember(&pending, signal))
            return 1;
        usleep(1000);
    }
    return 0;
}

static void pending_and_deleted(void) {
    int id;
    signals = 0;
    create(CLOCK_MONOTONIC, SIGUSR1, SIGEV_SIGNAL, 0, &id);
    signal(SIGUSR2, SIG_IGN);
    block(SIG_BLOCK, SIGUSR1);
    set(id, 0, MS, 0, NULL);
    check("pending", until_pending(SIGUSR1));
    delete (id);
    block(SIG_UNBLOCK, SIGUSR1);
    create(CLOCK_MONOTONIC, SIGUSR2, SIGEV_SIGNAL, 0, &id);
    check("ignored signals", set(id, 0, MS, 1, NULL) == 0 && usleep(20000) == 0 && remaining_ns(id) > 0);
    delete (id);
    signal(SIGUSR2, SIG_DFL);
}

static void without_signal(void) {
    int id;
    check("SIGEV_NONE", create(CLOCK_MONOTONIC, 0, SIGEV_NONE, 0, &id) == 0 && set(id, 0, LONG, 0, NULL) == 0);
    long left = remaining_ns(id);
    set(id, 0, 20 * MS, 0, NULL);
    usleep(30000);
    check("runs down", left > LONG / 2 && left <= LONG && remaining_ns(id) == 0);
    set(id, 0, 20 * MS, 7 * MS, NULL);
    usleep(50000);
    left = remaining_ns(id);
    check("goes round", left > 0 && left <= 7 * MS);
    delete (id);
}

static volatile int thread_tid, finish;

static void *thread(void *unused) {
    thread_tid = (int)syscall(SYS_gettid);
    while (!finish)
        usleep(1000);
    return unused;
}

static void to_a_thread(void) {
    pthread_t handle;
    int id;
    pthread_create(&handle, NULL, thread, NULL);
    while (thread_tid == 0)
        usleep(1000);
    signals = 0;
    check("SIGEV_THREAD_ID", create(CLOCK_MONOTONIC, SIGUSR1, NOTIFY_THREAD_ID, thread_tid, &id) == 0 &&
          set(id, 0, 2 * MS, 2 * MS, NULL) == 0 && wait_for_signals(3) && last_tid == thread_tid);
    finish = 1;
    pthread_join(handle, NULL);
    until_state(thread_tid, "");
    int seen = signals;
    usleep(10000);
    check("nobody to tell", signals == seen && remaining_ns(id) >= 0);
    delete (id);
}

static void fork_and_exec(void) {
    int id, status = -1;
    create(CLOCK_MONOTONIC, SIGUSR1, SIGEV_SIGNAL, 0, &id);
    set(id, 0, LONG, 0, NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(remaining_ns(id) == -EINVAL ? 0 : 1);
    waitpid(child, &status, 0);
    check("fork leaves them behind", status == 0);
    child = fork();
    if (child == 0) {
        block(SIG_BLOCK, SIGUSR2); /* until the new program looks: some may end before it begins */
        for (int i = 0; i < 50; i++) {
            create(CLOCK_MONOTONIC, SIGUSR2, SIGEV_SIGNAL, 0, &id);
            set(id, 0, 20 * MS, MS, NULL);
        }
        execl("/proc/self/exe", "posix_timers", "fresh", (char *)NULL);
    }
    waitpid(child, &status, 0);
    check("exec ends them", status == 0);
    child = fork();
    if (child == 0) {
        create(CLOCK_MONOTONIC, SIGUSR2, SIGEV_SIGNAL, 0, &id);
        set(id, 0, MS, 0, NULL);
        for (;;)
            pause();
    }
    waitpid(child, &status, 0);
    check("default action", WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2);
}

/* The program begun with timers running, SIGUSR2 blocked: none of them is left, or sends anything more. */
static int has_no_timers(void) {
    struct timespec now = {0, 0};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    while (sigtimedwait(&set, NULL, &now) == SIGUSR2)
        continue;
    usleep(50000);
    return sigtimedwait(&set, NULL, &now) < 0 && errno == EAGAIN && remaining_ns(0) == -EINVAL;
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    if (argc > 1)
        return !has_no_timers();
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGRTMIN + 2, &action, NULL);
    wrong_arguments();
    once(CLOCK_MONOTONIC, 0, "once, CLOCK_MONOTONIC");
    once(CLOCK_REALTIME, 0, "once, CLOCK_REALTIME");
    once(CLOCK_BOOTTIME, 0, "once, CLOCK_BOOTTIME");
    once(CLOCK_MONOTONIC, TIMER_ABSTIME, "at a moment, CLOCK_MONOTONIC");
    once(CLOCK_REALTIME, TIMER_ABSTIME, "at a moment, CLOCK_REALTIME");
    periodic();
    overruns(SIGUSR1, "overruns");
    overruns(SIGRTMIN + 2, "overruns of a real-time signal");
    pending_and_deleted();
    without_signal();
    to_a_thread();
    fork_and_exec();
    return failures != 0;
}
