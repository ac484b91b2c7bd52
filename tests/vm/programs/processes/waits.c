/* Waits that signals, stops and timers meet. */
#include "tests/vm/programs/processes/processes.h"

static volatile int *handled; /* seen by the child, too */
static void note_shared(int number) {
    ++*handled;
}

/* A child signals while we read, and writes when the signal has been handled and we read on, or again. */
void test_restart(void) {
    int fds[2], status;
    char byte = 0;
    handled = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(pipe(fds) == 0 && handled != MAP_FAILED);
    for (int restart = 0; restart < 2; restart++) {
        *handled = 0;
        action(SIGUSR1, note_shared, restart ? SA_RESTART : 0);
        pid_t parent = getpid(), pid = fork();
        if (pid == 0) {
            until_asleep(parent);
            kill(parent, SIGUSR1);
            while (*handled == 0 || !until_asleep(parent))
                sleep_ms(1);
            write(fds[1], "x", 1);
            _exit(0);
        }
        ssize_t got = read(fds[0], &byte, 1);
        CHECK(restart ? got == 1 && byte == 'x' : got == -1 && errno == EINTR);
        CHECK(*handled == 1);
        if (!restart)
            CHECK(read(fds[0], &byte, 1) == 1);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    munmap((void *)handled, 4096);
    close(fds[0]);
    close(fds[1]);
}

void test_suspend(void) {
    sigset_t block, none;
    sigemptyset(&block);
    sigemptyset(&none);
    sigaddset(&block, SIGUSR1);
    caught = 0;
    action(SIGUSR1, note, 0);
    sigprocmask(SIG_BLOCK, &block, NULL);
    pid_t parent = getpid(), pid = fork();
    int status;
    if (pid == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    CHECK(sigsuspend(&none) == -1 && errno == EINTR && caught == 1);
    sigprocmask(SIG_SETMASK, NULL, &block);
    CHECK(sigismember(&block, SIGUSR1));
    sigprocmask(SIG_SETMASK, &none, NULL);
    CHECK(waitpid(pid, &status, 0) == pid);
}

void test_sleep(void) {
    struct timespec long_time = {10000, 0}, left = {0};
    action(SIGALRM, note, SA_RESTART);
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0}};
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    CHECK(nanosleep(&long_time, &left) == -1 && errno == EINTR && left.tv_sec < 10000 && left.tv_sec >= 9000);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    CHECK(alarm(10000) == 0);
    unsigned rest = alarm(0);
    CHECK(rest <= 10000 && rest >= 9000);
}

enum { SLEEP_MS = 300 };
static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A child sleeps SLEEP_MS and is stopped meanwhile, for as long as it would sleep. Returns for how long it then still
 * slept; -1: it ended too early; LONG_MAX: it ended before it could be stopped. */
static long sleep_after_stop_ms(void) {
    long start = now_ms();
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct timespec t = {0, SLEEP_MS * 1000000};
        _exit(nanosleep(&t, NULL) == 0 ? 7 : 8);
    }
    int stopped = until_asleep(pid);
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    if (!stopped || !WIFSTOPPED(status))
        return WIFSTOPPED(status) || WEXITSTATUS(status) != 7 ? -1 : LONG_MAX;
    sleep_ms(SLEEP_MS);
    long continued = now_ms();
    kill(pid, SIGCONT);
    if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7 || now_ms() - start < SLEEP_MS)
        return -1;
    return now_ms() - continued;
}

/* A stop does not end a sleep, nor begin it anew: of some tries, one is not delayed by others. */
void test_stopped_sleep(void) {
    long least = LONG_MAX;
    for (int i = 0; i < 50 && least >= SLEEP_MS; i++) {
        long after = sleep_after_stop_ms();
        CHECK(after >= 0);
        least = after < least ? after : least;
    }
    CHECK(least < SLEEP_MS);
}

void test_periodic(void) {
    struct itimerval timer = {{0, 5000}, {0, 5000}}, off = {{0}, {0}};
    caught = 0;
    action(SIGALRM, note, 0);
    setitimer(ITIMER_REAL, &timer, NULL);
    while (caught < 5)
        pause();
    CHECK(setitimer(ITIMER_REAL, &off, &timer) == 0 && timer.it_interval.tv_usec == 5000);
}
