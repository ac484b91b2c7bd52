/*
 * POSIX message queues, checked the same on Linux and on Astra: prints "ok NAME" or what is wrong. Needs root;
 * the names have this process's number in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"
#include "tests/vm/programs/states.h"

#define FAILS(call, error) CHECK((long)(call) == -1 && errno == (error))
#define AS_NOBODY(...) \
    do { \
        int status_; \
        pid_t nobody_ = fork(); \
        if (nobody_ == 0) { \
            failures = 0; \
            if (setgid(65534) || setuid(65534)) \
                _exit(99); \
            __VA_ARGS__; \
            _exit(failures); \
        } \
        CHECK(waitpid(nobody_, &status_, 0) == nobody_ && status_ == 0); \
    } while (0)

static char name[64];
static struct mq_attr small = {.mq_maxmsg = 3, .mq_msgsize = 16};

static mqd_t make(int flags, struct mq_attr *attributes) {
    snprintf(name, sizeof name, "/test-%d-%s", getpid(), part);
    mqd_t queue = mq_open(name, O_CREAT | O_RDWR | flags, 0600, attributes);
    CHECK(queue >= 0);
    return queue;
}
static void end(mqd_t queue) {
    CHECK(mq_unlink(name) == 0 && mq_close(queue) == 0);
}
static long count(mqd_t queue) {
    struct mq_attr got = {0};
    CHECK(mq_getattr(queue, &got) == 0);
    return got.mq_curmsgs;
}
static struct timespec in_ms(long ms) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_nsec += ms * 1000000;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static void opening(void) {
    mqd_t queue = make(O_EXCL, NULL);
    struct mq_attr got, bad = {0};
    struct stat status;
    CHECK(mq_getattr(queue, &got) == 0 && got.mq_maxmsg == 10 && got.mq_msgsize == 8192 && got.mq_flags == 0 && got.mq_curmsgs == 0);
    CHECK(fcntl(queue, F_GETFD) == FD_CLOEXEC);
    CHECK(fstat(queue, &status) == 0 && (status.st_mode & 07777) == 0600);
    FAILS(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL), EEXIST);
    mqd_t reader = mq_open(name, O_RDONLY), writer = mq_open(name, O_WRONLY | O_NONBLOCK);
    CHECK(reader >= 0 && writer >= 0 && mq_getattr(writer, &got) == 0 && got.mq_flags == O_NONBLOCK);
    FAILS(mq_send(reader, "x", 1, 0), EBADF);
    char text[8192];
    FAILS(mq_receive(writer, text, sizeof text, NULL), EBADF);
    mq_close(reader);
    mq_close(writer);
    FAILS(syscall(SYS_mq_open, name, O_RDWR, 0, NULL), EACCES);
    FAILS(syscall(SYS_mq_open, "", O_RDWR, 0, NULL), ENOENT);
    FAILS(syscall(SYS_mq_open, "..", O_RDWR, 0, NULL), EACCES);
    FAILS(syscall(SYS_mq_open, (char *)8, O_RDWR, 0, NULL), EFAULT);
    FAILS(syscall(SYS_mq_open, "x", O_RDWR, 0, (void *)8), EFAULT);
    FAILS(mq_open("/no-such-queue", O_RDWR), ENOENT);
    static char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    FAILS(syscall(SYS_mq_open, longer, O_RDWR | O_CREAT, 0600, NULL), ENAMETOOLONG);
    FAILS(syscall(SYS_mq_open, "other", O_RDWR | O_CREAT, 0600, &bad), EINVAL);
    bad.mq_maxmsg = 65537;
    bad.mq_msgsize = 1;
    FAILS(syscall(SYS_mq_open, "other", O_RDWR | O_CREAT, 0600, &bad), EINVAL);
    end(queue);
    FAILS(mq_unlink(name), ENOENT);
    FAILS(mq_getattr(queue, &got), EBADF);
    FAILS(mq_getattr(0, &got), EBADF);
}

static void permissions(void) {
    mqd_t queue = make(0, &small);
    struct mq_attr large = {.mq_maxmsg = 11, .mq_msgsize = 1};
    AS_NOBODY({
        FAILS(mq_open(name, O_RDONLY), EACCES);
        FAILS(syscall(SYS_mq_unlink, name + 1), EPERM); /* the C library makes EACCES of it */
        FAILS(mq_open("/test-nobody", O_CREAT | O_RDWR, 0600, &large), EINVAL);
        large.mq_maxmsg = 1;
        large.mq_msgsize = 8193;
        FAILS(mq_open("/test-nobody", O_CREAT | O_RDWR, 0600, &large), EINVAL);
        umask(0);
        large.mq_msgsize = 8192;
        CHECK(mq_open("/test-nobody", O_CREAT | O_RDWR, 0622, &large) >= 0);
        struct rlimit limit = {8192 + 95, 8192 + 95};
        CHECK(mq_unlink("/test-nobody") == 0 && setrlimit(RLIMIT_MSGQUEUE, &limit) == 0);
        for (int fd = 3; fd < 20; fd++)
            close(fd);
        FAILS(mq_open("/test-nobody", O_CREAT | O_RDWR, 0622, &large), EMFILE);
        large.mq_msgsize = 8191; /* with what a message and a priority take beside it, just enough */
        CHECK(mq_open("/test-nobody", O_CREAT | O_RDWR, 0622, &large) >= 0);
        FAILS(mq_open("/test-nobody-2", O_CREAT | O_RDWR, 0622, &large), EMFILE);
    });
    mqd_t theirs = mq_open("/test-nobody", O_WRONLY);
    CHECK(theirs >= 0 && mq_unlink("/test-nobody") == 0);
    mq_close(theirs);
    end(queue);
}

static void order(void) {
    mqd_t queue = make(0, &(struct mq_attr){.mq_maxmsg = 6, .mq_msgsize = 8});
    static const struct { const char *text; unsigned priority; } sent[6] = {{"a1", 1}, {"b7", 7}, {"c1", 1}, {"d32767", 32767}, {"", 7}, {"e0", 0}};
    static const int wanted[6] = {3, 1, 4, 0, 2, 5};
    char text[8];
    unsigned priority;
    for (int i = 0; i < 6; i++)
        CHECK(mq_send(queue, sent[i].text, strlen(sent[i].text), sent[i].priority) == 0 && count(queue) == i + 1);
    for (int i = 0; i < 6; i++) {
        ssize_t length = mq_receive(queue, text, sizeof text, &priority);
        CHECK(length == (ssize_t)strlen(sent[wanted[i]].text) && memcmp(text, sent[wanted[i]].text, length) == 0);
        CHECK(priority == sent[wanted[i]].priority);
    }
    FAILS(mq_send(queue, "x", 1, 32768), EINVAL);
    FAILS(mq_send(queue, "123456789", 9, 0), EMSGSIZE);
    FAILS(mq_receive(queue, text, 7, NULL), EMSGSIZE);
    FAILS(mq_send(queue, (char *)8, 1, 0), EFAULT);
    CHECK(mq_send(queue, "x", 1, 0) == 0);
    FAILS(mq_receive(queue, (char *)8, 8, NULL), EFAULT);
    CHECK(count(queue) == 0); /* lost, as on Linux */
    end(queue);
}

static void full_and_empty(void) {
    mqd_t queue = make(O_NONBLOCK, &small);
    char text[16];
    struct timespec soon = in_ms(20), bad = {0, 1000000000}, past = {0, 0};
    struct mq_attr flags = {0}, old;
    FAILS(mq_receive(queue, text, 16, NULL), EAGAIN);
    for (int i = 0; i < 3; i++)
        CHECK(mq_send(queue, "x", 1, 0) == 0);
    FAILS(mq_send(queue, "x", 1, 0), EAGAIN);
    CHECK(mq_setattr(queue, &flags, &old) == 0 && old.mq_flags == O_NONBLOCK && old.mq_curmsgs == 3);
    FAILS(mq_timedsend(queue, "x", 1, 0, &soon), ETIMEDOUT);
    FAILS(mq_timedsend(queue, "x", 1, 0, &past), ETIMEDOUT);
    FAILS(mq_timedsend(queue, "x", 1, 0, &bad), EINVAL);
    for (int i = 0; i < 3; i++)
        CHECK(mq_timedreceive(queue, text, 16, NULL, &past) == 1);
    soon = in_ms(20);
    FAILS(mq_timedreceive(queue, text, 16, NULL, &soon), ETIMEDOUT);
    flags.mq_flags = O_NONBLOCK;
    CHECK(mq_setattr(queue, &flags, NULL) == 0 && (fcntl(queue, F_GETFL) & O_NONBLOCK));
    flags.mq_flags = 1;
    FAILS(mq_setattr(queue, &flags, NULL), EINVAL);
    end(queue);
}

static void polled(void) {
    mqd_t queue = make(0, &small);
    char text[16];
    struct pollfd entry = {.fd = queue, .events = POLLIN | POLLOUT};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET}, got;
    int poller = epoll_create1(0);
    CHECK(poll(&entry, 1, 0) == 1 && entry.revents == POLLOUT);
    CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, queue, &event) == 0 && epoll_wait(poller, &got, 1, 0) == 0);
    for (int i = 0; i < 3; i++)
        mq_send(queue, "x", 1, 0);
    CHECK(poll(&entry, 1, 0) == 1 && entry.revents == POLLIN);
    CHECK(epoll_wait(poller, &got, 1, 1000) == 1 && epoll_wait(poller, &got, 1, 0) == 0);
    mq_receive(queue, text, 16, NULL);
    CHECK(poll(&entry, 1, 0) == 1 && entry.revents == (POLLIN | POLLOUT));
    entry.events = POLLIN;
    mq_receive(queue, text, 16, NULL);
    mq_receive(queue, text, 16, NULL);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        until_asleep(parent);
        _exit(mq_send(queue, "late", 4, 0));
    }
    CHECK(poll(&entry, 1, 60000) == 1 && entry.revents == POLLIN);
    waitpid(child, NULL, 0);
    close(poller);
    end(queue);
}

static volatile siginfo_t notified;
static atomic_int notifications;
static void note(int signal, siginfo_t *info, void *context) {
    notified = *info;
    notifications++;
}
static void notification(void) {
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 4711};
    char text[16], state[100] = "";
    mqd_t queue = make(0, &small);
    sigaction(SIGUSR1, &action, NULL);
    CHECK(mq_notify(queue, &event) == 0);
    FAILS(mq_notify(queue, &event), EBUSY);
    CHECK(read(queue, state, sizeof state) > 0);
    int size = -1, how = -1, signal = -1, owner = -1;
    sscanf(state, "QSIZE:%d NOTIFY:%d SIGNO:%d NOTIFY_PID:%d", &size, &how, &signal, &owner);
    CHECK(size == 0 && how == 0 && signal == SIGUSR1 && owner == getpid());
    pid_t child = fork();
    if (child == 0) {
        failures = 0;
        FAILS(mq_notify(queue, &event), EBUSY);
        CHECK(mq_notify(queue, NULL) == 0); /* not ours: nothing happens */
        mq_close(queue);
        queue = mq_open(name, O_WRONLY);
        mq_send(queue, "hello", 5, 0);
        _exit(failures);
    }
    int status;
    while (!notifications)
        usleep(1000);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(notified.si_code == SI_MESGQ && notified.si_pid == child && notified.si_uid == 0 && notified.si_value.sival_int == 4711);
    CHECK(mq_notify(queue, &event) == 0); /* used up; the queue is not empty */
    CHECK(mq_send(queue, "x", 1, 0) == 0 && notifications == 1);
    mq_receive(queue, text, 16, NULL);
    mq_receive(queue, text, 16, NULL);
    CHECK(mq_send(queue, "x", 1, 0) == 0 && notifications == 2);
    event.sigev_notify = SIGEV_NONE;
    CHECK(mq_notify(queue, &event) == 0);
    mq_close(dup(queue)); /* any descriptor's end ends it */
    CHECK(mq_notify(queue, &event) == 0 && mq_notify(queue, NULL) == 0 && mq_notify(queue, &event) == 0);
    event.sigev_notify = 77;
    FAILS(mq_notify(queue, &event), EINVAL);
    event = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
    FAILS(mq_notify(queue, &event), EINVAL);
    FAILS(syscall(SYS_mq_notify, 0, NULL), EBADF);
    end(queue);
}

static mqd_t shared;
static atomic_int receiver_tid;
static void *receive_one(void *unused) {
    char text[16];
    receiver_tid = (int)syscall(SYS_gettid);
    return (void *)(long)mq_receive(shared, text, 16, NULL);
}
static void waiters_before_notification(void) {
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    pthread_t thread;
    void *length;
    shared = make(0, &small);
    notifications = 0;
    sigaction(SIGUSR1, &action, NULL);
    CHECK(mq_notify(shared, &event) == 0);
    pthread_create(&thread, NULL, receive_one, NULL);
    while (!receiver_tid)
        usleep(1000);
    until_asleep(receiver_tid);
    CHECK(mq_send(shared, "abc", 3, 0) == 0 && pthread_join(thread, &length) == 0 && (long)length == 3);
    CHECK(notifications == 0 && mq_send(shared, "abc", 3, 0) == 0 && notifications == 1);
    end(shared);
}

static void unlinked(void) {
    mqd_t queue = make(0, &small);
    char text[16];
    CHECK(mq_unlink(name) == 0);
    FAILS(mq_open(name, O_RDWR), ENOENT);
    mqd_t other = mq_open(name, O_CREAT | O_RDWR, 0600, &small);
    CHECK(other >= 0 && mq_send(queue, "old", 3, 0) == 0 && count(other) == 0 && mq_receive(queue, text, 16, NULL) == 3);
    mq_close(queue);
    end(other);
}

static void nothing(int signal) {
}
static void interrupted(void) {
    struct sigaction action = {.sa_handler = nothing};
    char text[16];
    mqd_t queue = make(0, &small);
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 20000);
    FAILS(mq_receive(queue, text, 16, NULL), EINTR);
    ualarm(0, 0);
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 20000);
    struct timespec time = in_ms(100);
    FAILS(mq_timedreceive(queue, text, 16, NULL, &time), ETIMEDOUT);
    ualarm(0, 0);
    end(queue);
}

static void traffic(void) {
    mqd_t queue = make(0, &small);
    unsigned long sum = 0;
    for (int sender = 0; sender < 3; sender++) {
        if (fork() == 0) {
            for (unsigned i = 1; i <= 400; i++)
                mq_send(queue, (char *)&i, sizeof i, i % 5);
            _exit(0);
        }
    }
    for (int i = 0; i < 1200; i++) {
        char text[16];
        unsigned value;
        CHECK(mq_receive(queue, text, 16, NULL) == sizeof value);
        memcpy(&value, text, sizeof value);
        sum += value;
    }
    while (wait(NULL) > 0)
        ;
    CHECK(sum == 3 * 400 * 401 / 2 && count(queue) == 0);
    end(queue);
}

static const struct part parts[] = {
    PART(opening), PART(permissions), PART(order), PART(full_and_empty), PART(polled), PART(notification),
    PART(waiters_before_notification), PART(unlinked), PART(interrupted), PART(traffic),
};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    umask(0);
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
