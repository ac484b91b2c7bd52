/* poll, select, eventfd, epoll. */
#include "tests/vm/programs/files/files.h"

void test_poll(void) {
    section = "poll";
    int p[2];
    OK(pipe(p));
    struct pollfd fds[4] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}, {-1, POLLIN, 0}, {77, POLLIN, 0}};
    IS(poll(fds, 3, 0), 1);
    TRUE(fds[0].revents == 0 && fds[1].revents == POLLOUT && fds[2].revents == 0);
    IS(poll(fds, 4, 0), 2);
    TRUE(fds[3].revents == POLLNVAL);
    IS(poll(fds, 1, 20), 0);
    write(p[1], "x", 1);
    IS(poll(fds, 1, -1), 1);
    TRUE(fds[0].revents == POLLIN);
    fd_set r, w;
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(p[0], &r);
    FD_SET(p[1], &w);
    struct timeval tv = {1, 0};
    IS(select(p[1] + 1, &r, &w, NULL, &tv), 2);
    TRUE(FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w));
    char c;
    read(p[0], &c, 1);
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    tv = (struct timeval){0, 20000};
    IS(syscall(SYS_select, p[0] + 1, &r, NULL, NULL, &tv), 0);
    TRUE(!FD_ISSET(p[0], &r) && tv.tv_usec == 0);
    FD_SET(200, &r);
    tv = (struct timeval){0, 0};
    FAILS(select(201, &r, NULL, NULL, &tv), EBADF);
    FAILS(select(-1, NULL, NULL, NULL, &tv), EINVAL);
    struct timespec ts = {0, 20000000};
    IS(ppoll(fds, 1, &ts, NULL), 0);
    close(p[0]);
    close(p[1]);
}

void test_poll_wakes(void) {
    section = "poll wakes";
    int p[2];
    OK(pipe(p));
    struct pollfd fds[] = {{p[0], POLLIN, 0}};
    /* a mask that lets the signal in only while waiting */
    sigset_t block, none;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    struct sigaction act = {.sa_handler = ignore};
    sigaction(SIGUSR1, &act, NULL);
    sigprocmask(SIG_BLOCK, &block, NULL);
    raise(SIGUSR1);
    FAILS(ppoll(fds, 1, NULL, &none), EINTR);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    TRUE(sigismember(&now, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    /* woken by another process */
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        until_asleep(parent);
        _exit(write(p[1], "y", 1) != 1);
    }
    IS(poll(fds, 1, -1), 1);
    waitpid(child, NULL, 0);
    /* regular files are always ready */
    int f = make("f", "x");
    struct pollfd pf = {f, POLLIN | POLLOUT, 0};
    IS(poll(&pf, 1, 0), 1);
    TRUE(pf.revents == (POLLIN | POLLOUT));
    close(f);
    close(p[0]);
    close(p[1]);
    unlink("f");
}

void test_eventfd(void) {
    section = "eventfd";
    int e = OK(eventfd(2, EFD_NONBLOCK));
    uint64_t v = 0;
    IS(read(e, &v, 8), 8);
    TRUE(v == 2);
    FAILS(read(e, &v, 8), EAGAIN);
    FAILS(read(e, &v, 4), EINVAL);
    v = 5;
    IS(write(e, &v, 8), 8);
    v = UINT64_MAX;
    FAILS(write(e, &v, 8), EINVAL);
    close(e);
}

void test_epoll(void) {
    section = "epoll";
    uint64_t v;
    int p[2], f = make("f", "x"), e = OK(eventfd(5, EFD_NONBLOCK));
    OK(pipe(p));
    int ep = OK(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 42}, got[4];
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev), EEXIST);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, f, &ev), EPERM);
    FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), ENOENT);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL);
    IS(epoll_wait(ep, got, 4, 0), 1);
    TRUE(got[0].data.u64 == 42 && got[0].events == EPOLLIN);
    IS(epoll_wait(ep, got, 4, 0), 1); /* level-triggered */
    read(e, &v, 8);
    IS(epoll_wait(ep, got, 4, 10), 0);
    ev.events = EPOLLIN | EPOLLET;
    OK(epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev));
    v = 1;
    write(e, &v, 8);
    IS(epoll_wait(ep, got, 4, 0), 1);
    IS(epoll_wait(ep, got, 4, 0), 0); /* edge-triggered */
    ev.events = EPOLLIN | EPOLLONESHOT;
    ev.data.u64 = 7;
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
    write(p[1], "zz", 2);
    IS(epoll_wait(ep, got, 4, 1000), 1);
    TRUE(got[0].data.u64 == 7);
    IS(epoll_wait(ep, got, 4, 0), 0);
    struct pollfd pe = {ep, POLLIN, 0};
    write(e, &v, 8);
    IS(poll(&pe, 1, 0), 1);
    int ep2 = OK(epoll_create(1));
    ev.events = EPOLLIN;
    OK(epoll_ctl(ep2, EPOLL_CTL_ADD, ep, &ev));
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, ep2, &ev), ELOOP);
    close(e); /* the last close takes the item away */
    IS(epoll_wait(ep, got, 4, 0), 0);
    FAILS(epoll_wait(p[0], got, 4, 0), EINVAL);
    FAILS(epoll_wait(ep, got, 0, 0), EINVAL);
    close(ep2);
    close(ep);
    close(f);
    close(p[0]);
    close(p[1]);
    unlink("f");
}
