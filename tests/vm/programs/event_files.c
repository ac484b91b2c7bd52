/*
 * timerfd and signalfd, checked the same on Linux and on Astra: prints "ok NAME" or what is wrong.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"
#include "tests/vm/programs/states.h"

#define MS 1000000L
#define SOON_MS 60000 /* it happens long before, however busy the machine is */

static struct itimerspec in_ms(long first, long interval) {
    return (struct itimerspec){.it_value = {first / 1000, first % 1000 * MS}, .it_interval = {interval / 1000, interval % 1000 * MS}};
}

static int64_t read_ends(int fd) {
    uint64_t ends;
    return read(fd, &ends, sizeof ends) == sizeof ends ? (int64_t)ends : -errno;
}

static int readable(int fd, int timeout_ms) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, timeout_ms) == 1 && entry.revents == POLLIN;
}

static void timers_once_and_again(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec value = in_ms(1000000, 0), old;
    CHECK(fd >= 0 && read_ends(fd) == -EAGAIN && !readable(fd, 0));
    CHECK(timerfd_gettime(fd, &old) == 0 && old.it_value.tv_sec == 0 && old.it_value.tv_nsec == 0);
    CHECK(timerfd_settime(fd, 0, &value, NULL) == 0);
    CHECK(timerfd_gettime(fd, &old) == 0 && old.it_value.tv_sec >= 500 && old.it_value.tv_sec <= 1000);
    value = in_ms(30, 0);
    CHECK(timerfd_settime(fd, 0, &value, NULL) == 0);
    CHECK(readable(fd, SOON_MS) && read_ends(fd) == 1 && read_ends(fd) == -EAGAIN && !readable(fd, 50));
    value = in_ms(10, 10);
    CHECK(timerfd_settime(fd, 0, &value, &old) == 0 && old.it_value.tv_nsec == 0);
    usleep(105000);
    CHECK(readable(fd, SOON_MS) && read_ends(fd) >= 9);
    CHECK(readable(fd, SOON_MS) && read_ends(fd) >= 1);
    value = in_ms(0, 10);
    CHECK(timerfd_settime(fd, 0, &value, &old) == 0 && old.it_interval.tv_nsec == 10 * MS);
    CHECK(!readable(fd, 50));
    close(fd);
}

static void timers_that_block(void) {
    int fd = timerfd_create(CLOCK_REALTIME, 0);
    struct itimerspec value = {0};
    struct timespec before, after;
    clock_gettime(CLOCK_REALTIME, &before);
    value.it_value = before;
    value.it_value.tv_nsec += 40 * MS;
    if (value.it_value.tv_nsec >= 1000 * MS) {
        value.it_value.tv_nsec -= 1000 * MS;
        value.it_value.tv_sec++;
    }
    CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &value, NULL) == 0 && read_ends(fd) == 1);
    clock_gettime(CLOCK_REALTIME, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000 * MS + after.tv_nsec - before.tv_nsec >= 40 * MS);
    value.it_value.tv_sec -= 100; /* long over */
    CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &value, NULL) == 0 && read_ends(fd) == 1);
    close(fd);
}

static void timer_errors(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), pair[2];
    struct itimerspec value = in_ms(1, 0);
    char small[4];
    CHECK(timerfd_create(77, 0) < 0 && errno == EINVAL);
    CHECK(timerfd_create(CLOCK_MONOTONIC, 1) < 0 && errno == EINVAL);
    CHECK(read(fd, small, sizeof small) < 0 && errno == EINVAL);
    CHECK(write(fd, small, sizeof small) < 0 && errno == EINVAL);
    CHECK(timerfd_settime(fd, 64, &value, NULL) < 0 && errno == EINVAL);
    value.it_value.tv_nsec = 1000 * MS;
    CHECK(timerfd_settime(fd, 0, &value, NULL) < 0 && errno == EINVAL);
    CHECK(timerfd_settime(fd, 0, NULL, NULL) < 0 && errno == EFAULT);
    CHECK(timerfd_gettime(-1, &value) < 0 && errno == EBADF);
    CHECK(pipe(pair) == 0 && timerfd_gettime(pair[0], &value) < 0 && errno == EINVAL);
    close(fd);
}

static void timer_in_epoll(void) {
    int fd = timerfd_create(CLOCK_BOOTTIME, 0), poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 7}, got = {0};
    struct itimerspec value = in_ms(20, 20);
    CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0 && epoll_wait(poller, &got, 1, 0) == 0);
    CHECK(timerfd_settime(fd, 0, &value, NULL) == 0);
    for (int round = 0; round < 3; round++)
        CHECK(epoll_wait(poller, &got, 1, SOON_MS) == 1 && got.data.u32 == 7 && read_ends(fd) >= 1);
    close(fd);
    close(poller);
}

static void set_clock(void) {
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    struct timespec now;
    struct itimerspec value = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    value.it_value.tv_sec = now.tv_sec + 1000;
    CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &value, NULL) == 0);
    CHECK(read_ends(fd) == -EAGAIN);
    now.tv_sec += 2000;
    CHECK(clock_settime(CLOCK_REALTIME, &now) == 0);
    CHECK(readable(fd, SOON_MS) && read_ends(fd) == -ECANCELED);
    now.tv_sec -= 2000;
    clock_settime(CLOCK_REALTIME, &now);
    close(fd);
}

static sigset_t blocked(int first, int second) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, first);
    sigaddset(&set, second);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return set;
}

static void signals_are_read(void) {
    sigset_t set = blocked(SIGUSR1, SIGRTMIN + 1);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    struct signalfd_siginfo info[4];
    CHECK(fd >= 0 && read(fd, info, sizeof info) < 0 && errno == EAGAIN && !readable(fd, 0));
    kill(getpid(), SIGUSR1);
    union sigval word = {.sival_int = 42};
    sigqueue(getpid(), SIGRTMIN + 1, word);
    word.sival_int = 43;
    sigqueue(getpid(), SIGRTMIN + 1, word);
    CHECK(readable(fd, SOON_MS) && read(fd, info, sizeof info) == 3 * sizeof info[0]);
    CHECK(info[0].ssi_signo == SIGUSR1 && info[0].ssi_code == SI_USER && info[0].ssi_pid == (uint32_t)getpid());
    CHECK(info[1].ssi_signo == (uint32_t)SIGRTMIN + 1 && info[1].ssi_code == SI_QUEUE && info[1].ssi_int == 42);
    CHECK(info[2].ssi_int == 43 && info[2].ssi_uid == getuid());
    CHECK(read(fd, info, sizeof info) < 0 && errno == EAGAIN);
    CHECK(read(fd, info, sizeof info[0] - 1) < 0 && errno == EINVAL);
    sigdelset(&set, SIGUSR1);
    CHECK(signalfd(fd, &set, 0) == fd);
    kill(getpid(), SIGUSR1);
    CHECK(!readable(fd, 0) && read(fd, info, sizeof info) < 0 && errno == EAGAIN);
    close(fd);
}

static void child_end_is_read(void) {
    sigset_t set = blocked(SIGCHLD, SIGALRM);
    int fd = signalfd(-1, &set, 0), poller = epoll_create1(0);
    struct signalfd_siginfo info;
    struct epoll_event event = {.events = EPOLLIN}, got;
    CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        until_asleep(parent);
        _exit(9);
    }
    CHECK(epoll_wait(poller, &got, 1, SOON_MS) == 1);
    CHECK(read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGCHLD && info.ssi_pid == (uint32_t)pid);
    CHECK(info.ssi_code == CLD_EXITED && info.ssi_status == 9);
    waitpid(pid, NULL, 0);
    alarm(1);
    CHECK(read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGALRM);
    close(fd);
    close(poller);
}

/* An inherited descriptor gives the child its own signals. */
static void signals_of_a_child(void) {
    sigset_t set = blocked(SIGUSR2, SIGHUP);
    int fd = signalfd(-1, &set, 0), status = 0;
    kill(getpid(), SIGHUP);
    pid_t pid = fork();
    if (pid == 0) {
        struct signalfd_siginfo info;
        _exit(read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR2 ? 0 : 1);
    }
    until_asleep(pid);
    kill(pid, SIGUSR2);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    struct signalfd_siginfo info;
    CHECK(read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGHUP);
    close(fd);
}

static void signal_errors(void) {
    sigset_t set;
    sigfillset(&set);
    CHECK(signalfd(0, &set, 0) < 0 && errno == EINVAL);
    CHECK(signalfd(99, &set, 0) < 0 && errno == EBADF);
    CHECK(signalfd(-1, &set, 3) < 0 && errno == EINVAL);
    CHECK(signalfd(-1, NULL, 0) < 0 && errno == EFAULT);
}

/* One call gives as many events as there is room for. */
static void many_events(void) {
    enum { FILES = 900 };
    struct epoll_event event = {.events = EPOLLIN}, *got = calloc(FILES, sizeof *got);
    struct rlimit limit = {FILES + 100, FILES + 100};
    int poller = epoll_create1(0), wrong = 0;
    char seen[FILES] = {0};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (unsigned i = 0; i < FILES; i++) {
        event.data.u32 = i;
        wrong |= epoll_ctl(poller, EPOLL_CTL_ADD, eventfd(1, 0), &event);
    }
    CHECK(wrong == 0 && epoll_wait(poller, got, FILES, SOON_MS) == FILES);
    for (unsigned i = 0; i < FILES; i++)
        wrong |= got[i].events != EPOLLIN || seen[got[i].data.u32]++;
    CHECK(wrong == 0 && epoll_wait(poller, got, 7, 0) == 7);
    CHECK(epoll_wait(poller, (void *)1, FILES, 0) < 0 && errno == EFAULT);
    for (int fd = poller; fd <= poller + FILES; fd++)
        close(fd);
    free(got);
}

static void run(const char *name, void (*function)(void)) {
    run_parts(&(struct part){name, function}, 1, NULL);
}

/* EPOLLEXCLUSIVE is given once and for good, not to epolls, and with few other bits: as epoll_ctl(2) says. */
static void exclusive_watches(void) {
    int poller = epoll_create1(0), inner = epoll_create1(0), fd = eventfd(0, 0);
    struct epoll_event exclusive = {.events = EPOLLEXCLUSIVE | EPOLLIN}, plain = {.events = EPOLLIN};
    struct epoll_event more = {.events = EPOLLEXCLUSIVE | EPOLLPRI};
    CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, inner, &exclusive) < 0 && errno == EINVAL);
    CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, inner, &plain) == 0);
    CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &more) < 0 && errno == EINVAL);
    CHECK(epoll_ctl(poller, EPOLL_CTL_MOD, fd, &plain) < 0 && errno == ENOENT);
    CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &exclusive) == 0);
    CHECK(epoll_ctl(poller, EPOLL_CTL_MOD, fd, &plain) < 0 && errno == EINVAL);
    CHECK(epoll_ctl(poller, EPOLL_CTL_MOD, inner, &exclusive) < 0 && errno == EINVAL);
    CHECK(epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL) == 0);
    close(fd);
    close(inner);
    close(poller);
}

int main(void) {
    run("timers_once_and_again", timers_once_and_again);
    run("timers_that_block", timers_that_block);
    run("timer_errors", timer_errors);
    run("timer_in_epoll", timer_in_epoll);
    run("exclusive_watches", exclusive_watches);
    run("many_events", many_events);
    if (getenv("SET_CLOCK"))
        run("set_clock", set_clock);
    run("signals_are_read", signals_are_read);
    run("child_end_is_read", child_end_is_read);
    run("signals_of_a_child", signals_of_a_child);
    run("signal_errors", signal_errors);
    return failures != 0;
}
