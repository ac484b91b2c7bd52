/*
 * Signal-driven I/O (O_ASYNC, F_SETOWN, F_SETSIG) and urgent data of local sockets: every expectation also holds on
 * Linux. Runs as root in the directory given.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"

#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

static volatile int arrived;
static siginfo_t last;
static volatile pid_t handler_thread;

static void note(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    last = *info;
    handler_thread = (pid_t)syscall(SYS_gettid);
    arrived++;
}

static void handle(int signal) {
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(signal, &action, NULL);
}

/* How many signals have come since the last look. */
static int news(void) {
    int n = arrived;
    arrived = 0;
    return n;
}

static int async(int fd, int owner, int signal) {
    if (owner && fcntl(fd, F_SETOWN, owner) != 0)
        return -1;
    if (signal && fcntl(fd, F_SETSIG, signal) != 0)
        return -1;
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

static void test_owners(void) {
    section = "owners";
    int p[2];
    struct f_owner_ex owner = {9, 9};
    uint32_t users[2] = {7, 7};
    OK(pipe(p));
    IS(fcntl(p[0], F_GETOWN), 0);
    IS(fcntl(p[0], F_GETSIG), 0);
    OK(fcntl(p[0], F_GETOWN_EX, &owner));
    TRUE(owner.pid == 0);
    OK(fcntl(p[0], F_GETOWNER_UIDS, users));
    TRUE(users[0] == 0 && users[1] == 0);
    OK(fcntl(p[0], F_SETOWN, getpid()));
    IS(fcntl(p[0], F_GETOWN), getpid());
    OK(fcntl(p[0], F_GETOWN_EX, &owner));
    TRUE(owner.type == F_OWNER_PID && owner.pid == getpid());
    OK(fcntl(p[0], F_SETOWN, -getpgrp()));
    OK(fcntl(p[0], F_GETOWN_EX, &owner));
    TRUE(owner.type == F_OWNER_PGRP && owner.pid == getpgrp());
    owner = (struct f_owner_ex){F_OWNER_TID, (int)syscall(SYS_gettid)};
    OK(fcntl(p[0], F_SETOWN_EX, &owner));
    owner.type = 9;
    OK(fcntl(p[0], F_GETOWN_EX, &owner));
    TRUE(owner.type == F_OWNER_TID && owner.pid == (int)syscall(SYS_gettid));
    owner.type = 3;
    FAILS(fcntl(p[0], F_SETOWN_EX, &owner), EINVAL);
    FAILS(fcntl(p[0], F_SETOWN_EX, 8), EFAULT);
    FAILS(fcntl(p[0], F_GETOWN_EX, 8), EFAULT);
    FAILS(fcntl(p[0], F_GETOWNER_UIDS, 8), EFAULT);
    FAILS(fcntl(p[0], F_SETOWN, 4000000), ESRCH);
    FAILS(fcntl(p[0], F_SETOWN, -4000000), ESRCH);
    FAILS(fcntl(p[0], F_SETOWN, 0x80000000), EINVAL);
    owner = (struct f_owner_ex){F_OWNER_PID, 4000000};
    FAILS(fcntl(p[0], F_SETOWN_EX, &owner), ESRCH);
    FAILS(fcntl(p[0], F_SETSIG, 65), EINVAL);
    FAILS(fcntl(p[0], F_SETSIG, -1), EINVAL);
    OK(fcntl(p[0], F_SETSIG, 64));
    IS(fcntl(p[0], F_GETSIG), 64);
    OK(fcntl(p[0], F_SETOWN, 0));
    IS(fcntl(p[0], F_GETOWN), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    OK(fcntl(p[0], F_SETOWN, child));
    waitpid(child, NULL, 0);
    IS(fcntl(p[0], F_GETOWN), 0);
    int fd = dup(p[0]); /* the owner is the open file's */
    OK(fcntl(fd, F_SETOWN, getpid()));
    IS(fcntl(p[0], F_GETOWN), getpid());
    close(fd), close(p[0]), close(p[1]);
}

/* Files that never send the signal do not keep the flag. */
static void test_flag(void) {
    section = "flag";
    int on = 1, p[2], file = open("plain", O_RDWR | O_CREAT, 0600), event = eventfd(0, 0);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0), poller = epoll_create1(0), null = open("/dev/null", O_RDWR);
    int quiet[] = {file, event, timer, poller, null};
    for (int i = 0; i < 5; i++) {
        OK(fcntl(quiet[i], F_SETFL, O_ASYNC));
        IS(fcntl(quiet[i], F_GETFL) & O_ASYNC, 0);
        FAILS(ioctl(quiet[i], FIOASYNC, &on), ENOTTY);
        close(quiet[i]);
    }
    OK(pipe(p));
    OK(fcntl(p[0], F_SETFL, O_ASYNC));
    IS(fcntl(p[0], F_GETFL), O_ASYNC);
    OK(fcntl(p[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    OK(fcntl(p[0], F_SETFL, 0));
    IS(fcntl(p[0], F_GETFL), 0);
    OK(ioctl(p[0], FIOASYNC, &on));
    IS(fcntl(p[0], F_GETFL), O_ASYNC);
    on = 0;
    OK(ioctl(p[0], FIOASYNC, &on));
    IS(fcntl(p[0], F_GETFL), 0);
    FAILS(ioctl(p[0], FIOASYNC, 8), EFAULT);
    close(p[0]), close(p[1]);
    unlink("plain");
}

static void test_pipes(void) {
    section = "pipes";
    int p[2];
    char byte[100];
    OK(pipe(p));
    handle(SIGIO);
    news();
    IS(write(p[1], "a", 1), 1);
    OK(async(p[0], 0, 0));
    IS(write(p[1], "a", 1), 1);
    IS(news(), 0); /* nobody owns it */
    OK(async(p[0], getpid(), 0));
    OK(fcntl(p[0], F_SETFL, 0));
    OK(async(p[0], 0, 0));
    IS(news(), 0); /* there was something already: no news */
    IS(write(p[1], "a", 1), 1);
    IS(news(), 1);
    TRUE(last.si_signo == SIGIO && last.si_code == SI_KERNEL && last.si_pid == 0);
    IS(write(p[1], "a", 1), 1);
    IS(news(), 1);
    handle(SIGRTMIN + 2);
    OK(fcntl(p[0], F_SETSIG, SIGRTMIN + 2));
    IS(write(p[1], "a", 1), 1);
    IS(news(), 1);
    TRUE(last.si_signo == SIGRTMIN + 2 && last.si_code == POLL_IN && last.si_fd == p[0] && last.si_errno == 0);
    TRUE(last.si_band == (POLLIN | POLLRDNORM));
    OK(fcntl(p[0], F_SETSIG, SIGIO)); /* asked for by name it comes with particulars */
    IS(write(p[1], "a", 1), 1);
    IS(news(), 1);
    TRUE(last.si_signo == SIGIO && last.si_code == POLL_IN && last.si_fd == p[0]);
    handle(SIGCHLD);
    OK(fcntl(p[0], F_SETSIG, SIGCHLD)); /* its own codes mean something else */
    IS(write(p[1], "a", 1), 1);
    IS(news(), 1);
    TRUE(last.si_signo == SIGCHLD && last.si_code == SI_SIGIO);
    signal(SIGCHLD, SIG_DFL);
    close(p[0]), close(p[1]);
}

static void test_ends_of_pipes(void) {
    section = "ends of pipes";
    int p[2];
    char byte[1];
    OK(pipe(p));
    IS(write(p[1], "a", 1), 1);
    news();
    /* the writer's end */
    OK(async(p[1], getpid(), SIGRTMIN + 2));
    OK(fcntl(p[0], F_SETFL, 0));
    IS(read(p[0], byte, 1), 1);
    IS(news(), 1);
    TRUE(last.si_code == POLL_OUT && last.si_fd == p[1] && last.si_band == (POLLOUT | POLLWRNORM | POLLWRBAND));
    close(p[0]);
    IS(news(), 1);
    close(p[1]);
    /* the other end goes */
    OK(pipe(p));
    OK(async(p[0], getpid(), SIGRTMIN + 2));
    close(p[1]);
    IS(news(), 1);
    TRUE(last.si_code == POLL_IN);
    close(p[0]);
    /* a FIFO open for both */
    OK(mkfifo("fifo", 0600));
    int both = OK(open("fifo", O_RDWR));
    OK(async(both, getpid(), SIGRTMIN + 2));
    IS(write(both, "x", 1), 1);
    IS(news(), 1);
    TRUE(last.si_code == POLL_IN);
    IS(read(both, byte, 1), 1);
    IS(news(), 1);
    TRUE(last.si_code == POLL_OUT);
    close(both);
    unlink("fifo");
}

static void test_queue(void) {
    section = "queue";
    int p[2];
    sigset_t set, old;
    siginfo_t info;
    struct timespec none = {0};
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    sigaddset(&set, SIGIO);
    sigprocmask(SIG_BLOCK, &set, &old);
    OK(pipe(p));
    OK(async(p[0], getpid(), SIGRTMIN + 3));
    for (int i = 0; i < 3; i++)
        IS(write(p[1], "a", 1), 1);
    for (int i = 0; i < 3; i++) {
        IS(sigtimedwait(&set, &info, &none), SIGRTMIN + 3);
        TRUE(info.si_fd == p[0]);
    }
    FAILS(sigtimedwait(&set, &info, &none), EAGAIN);
    close(p[0]), close(p[1]);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void *owned_thread(void *argument) {
    int *fds = argument;
    struct f_owner_ex owner = {F_OWNER_TID, (int)syscall(SYS_gettid)};
    OK(fcntl(fds[0], F_SETOWN_EX, &owner));
    OK(async(fds[0], 0, SIGRTMIN + 2));
    fds[2] = 1;
    while (fds[2] == 1)
        usleep(1000);
    return NULL;
}

static void test_targets(void) {
    section = "targets";
    volatile int fds[3] = {0};
    pthread_t thread;
    int status;
    OK(pipe((int *)fds));
    pthread_create(&thread, NULL, owned_thread, (void *)fds);
    while (!fds[2])
        usleep(1000);
    news();
    IS(write(fds[1], "a", 1), 1);
    while (!arrived)
        usleep(1000);
    IS(news(), 1);
    TRUE(handler_thread != getpid());
    fds[2] = 2;
    pthread_join(thread, NULL);
    OK(fcntl(fds[0], F_SETFL, 0));
    /* a group: both are told */
    signal(SIGUSR1, SIG_IGN);
    int ready[2];
    OK(pipe(ready));
    setpgid(0, 0);
    OK(fcntl(fds[0], F_SETOWN, -getpid()));
    OK(fcntl(fds[0], F_SETFL, O_ASYNC));
    pid_t child = fork();
    if (child == 0) {
        news();
        write(ready[1], "r", 1);
        while (!arrived)
            usleep(1000);
        _exit(arrived == 1 && last.si_fd == fds[0] ? 0 : 1);
    }
    char byte;
    read(ready[0], &byte, 1);
    news();
    IS(write(fds[1], "a", 1), 1);
    IS(news(), 1);
    waitpid(child, &status, 0);
    TRUE(status == 0);
    /* who set the owner may not signal root */
    child = fork();
    if (child == 0) {
        setgid(1000);
        if (setuid(1000) != 0)
            _exit(9);
        uint32_t users[2];
        _exit(fcntl(fds[0], F_SETOWN, getppid()) != 0 || fcntl(fds[0], F_GETOWNER_UIDS, users) != 0 || users[0] != 1000 ||
              users[1] != 1000);
    }
    waitpid(child, &status, 0);
    TRUE(status == 0);
    IS(fcntl(fds[0], F_GETOWN), getpid());
    IS(write(fds[1], "a", 1), 1);
    IS(news(), 0);
    close(fds[0]), close(fds[1]), close(ready[0]), close(ready[1]);
}

static void test_sockets(void) {
    section = "sockets";
    int s[2];
    static char block[65536];
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    OK(async(s[0], getpid(), SIGRTMIN + 2));
    news();
    IS(write(s[1], "abc", 3), 3);
    IS(news(), 1);
    TRUE(last.si_code == POLL_IN && last.si_fd == s[0]);
    IS(write(s[0], "abc", 3), 3);
    IS(read(s[1], block, 3), 3);
    IS(news(), 0); /* room was never missed */
    fcntl(s[0], F_SETFL, O_ASYNC | O_NONBLOCK);
    while (write(s[0], block, sizeof block) > 0)
        ;
    IS(news(), 0);
    fcntl(s[1], F_SETFL, O_NONBLOCK);
    while (read(s[1], block, sizeof block) > 0)
        ;
    TRUE(news() >= 1 && last.si_code == POLL_OUT);
    shutdown(s[1], SHUT_WR);
    IS(news(), 1);
    TRUE(last.si_code == POLL_IN);
    close(s[1]);
    IS(news(), 1);
    TRUE(last.si_code == POLL_HUP && last.si_band == (POLLHUP | POLLERR));
    close(s[0]);
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    int owner = getpid();
    OK(ioctl(s[0], FIOSETOWN, &owner));
    owner = 0;
    OK(ioctl(s[0], FIOGETOWN, &owner));
    TRUE(owner == getpid());
    OK(ioctl(s[0], SIOCGPGRP, &owner));
    TRUE(owner == getpid());
    OK(async(s[0], 0, SIGRTMIN + 2));
    IS(write(s[1], "abc", 3), 3);
    IS(news(), 1);
    close(s[0]), close(s[1]);
    /* a connection to accept */
    struct sockaddr_un name = {AF_UNIX, "listener"};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    OK(bind(listener, (struct sockaddr *)&name, sizeof name));
    OK(listen(listener, 5));
    OK(async(listener, getpid(), SIGRTMIN + 2));
    OK(connect(client, (struct sockaddr *)&name, sizeof name));
    IS(news(), 1);
    TRUE(last.si_code == POLL_IN && last.si_fd == listener);
    close(listener), close(client);
    unlink("listener");
}

static int at_mark(int fd) {
    int mark = -1;
    ioctl(fd, SIOCATMARK, &mark);
    return mark;
}

static void test_urgent(void) {
    section = "urgent";
    int s[2], on = 1;
    char got[16];
    struct pollfd entry;
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    entry = (struct pollfd){s[1], POLLIN | POLLPRI, 0};
    handle(SIGURG);
    news();
    FAILS(recv(s[1], got, 1, MSG_OOB), EINVAL);
    IS(send(s[0], "abc", 3, MSG_OOB), 3);
    IS(news(), 0); /* nobody owns the receiver */
    IS(poll(&entry, 1, 0), 1);
    TRUE(entry.revents == (POLLIN | POLLPRI));
    IS(recv(s[1], got, 10, 0), 2); /* up to the mark */
    IS(at_mark(s[1]), 1);
    IS(recv(s[1], got, 10, MSG_OOB | MSG_PEEK), 1);
    IS(recv(s[1], got, 10, MSG_OOB), 1);
    TRUE(got[0] == 'c');
    FAILS(recv(s[1], got, 10, MSG_OOB), EINVAL);
    FAILS(recv(s[1], got, 10, MSG_DONTWAIT), EAGAIN);
    OK(fcntl(s[1], F_SETOWN, getpid()));
    IS(send(s[0], "x", 1, MSG_OOB), 1);
    IS(news(), 1);
    TRUE(last.si_signo == SIGURG && last.si_code == SI_KERNEL);
    IS(send(s[0], "yz", 2, 0), 2);
    IS(recv(s[1], got, 10, 0), 2); /* the urgent byte is passed over */
    TRUE(memcmp(got, "yz", 2) == 0);
    FAILS(recv(s[1], got, 10, MSG_OOB), EINVAL);
    IS(send(s[0], "12", 2, MSG_OOB), 2);
    IS(send(s[0], "34", 2, MSG_OOB), 2); /* the 2 is ordinary now */
    IS(recv(s[1], got, 10, 0), 3);
    TRUE(memcmp(got, "123", 3) == 0);
    IS(recv(s[1], got, 10, MSG_OOB), 1);
    TRUE(got[0] == '4');
    OK(setsockopt(s[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
    IS(send(s[0], "abc", 3, MSG_OOB), 3);
    FAILS(recv(s[1], got, 10, MSG_OOB), EINVAL);
    IS(recv(s[1], got, 10, 0), 2);
    IS(at_mark(s[1]), 1);
    IS(recv(s[1], got, 10, 0), 1);
    TRUE(got[0] == 'c');
    FAILS(send(s[0], "", 0, MSG_OOB), EOPNOTSUPP);
    signal(SIGPIPE, SIG_IGN);
    close(s[1]);
    FAILS(send(s[0], "x", 1, MSG_OOB), EPIPE);
    close(s[0]);
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    FAILS(send(s[0], "x", 1, MSG_OOB), EOPNOTSUPP);
    FAILS(recv(s[1], got, 1, MSG_OOB), EOPNOTSUPP);
    close(s[0]), close(s[1]);
}

int main(int argc, char **argv) {
    if (argc < 2 || chdir(argv[1]) != 0)
        return 2;
    handle(SIGRTMIN + 2);
    test_owners();
    test_flag();
    test_pipes();
    test_ends_of_pipes();
    test_queue();
    test_targets();
    test_sockets();
    test_urgent();
    return checks_end();
}
