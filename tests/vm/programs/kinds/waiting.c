/* poll, select, epoll. */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

#define ALL_EVENTS 0x3fff

static struct epoll_event room;

static long poll_all(int fd) {
    struct pollfd one = {.fd = fd, .events = ALL_EVENTS};
    long result = checked(poll(&one, 1, 0));
    return result < 0 ? result : (unsigned short)one.revents;
}

static long poll_nothing(int fd) {
    struct pollfd one = {.fd = fd};
    long result = checked(poll(&one, 1, 0));
    return result < 0 ? result : (unsigned short)one.revents;
}

static long select_all(int fd) {
    struct timeval now = {0};
    fd_set sets[3];
    for (int i = 0; i < 3; i++) {
        FD_ZERO(&sets[i]);
        FD_SET(fd, &sets[i]);
    }
    long result = checked(select(fd + 1, &sets[0], &sets[1], &sets[2], &now));
    if (result < 0)
        return result;
    return say("%s%s%s.", FD_ISSET(fd, &sets[0]) ? "r" : "", FD_ISSET(fd, &sets[1]) ? "w" : "",
               FD_ISSET(fd, &sets[2]) ? "x" : "");
}

static long added(int poller, int fd, uint32_t events) {
    struct epoll_event event = {.events = events};
    return checked(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event));
}

static long epoll_with(int fd, uint32_t flags) {
    struct epoll_event got = {0};
    int poller = epoll_create1(0);
    long result = added(poller, fd, (flags & EPOLLEXCLUSIVE ? EPOLLIN | EPOLLOUT : ALL_EVENTS) | flags);
    if (result >= 0)
        result = checked(epoll_wait(poller, &got, 1, 0));
    return result < 0 ? result : got.events;
}

static long epoll_all(int fd) { return epoll_with(fd, 0); }
static long epoll_edge(int fd) { return epoll_with(fd, EPOLLET); }
static long epoll_exclusive(int fd) { return epoll_with(fd, EPOLLEXCLUSIVE); }

static long epoll_twice(int fd) {
    int poller = epoll_create1(0);
    long result = added(poller, fd, EPOLLIN);
    return result < 0 ? result : added(poller, fd, EPOLLIN);
}

static long epoll_modify(int fd) {
    struct epoll_event event = {.events = EPOLLIN};
    return checked(epoll_ctl(epoll_create1(0), EPOLL_CTL_MOD, fd, &event));
}

static long epoll_delete(int fd) { return checked(epoll_ctl(epoll_create1(0), EPOLL_CTL_DEL, fd, NULL)); }

static long epoll_nested(int fd) {
    int inner = epoll_create1(0), outer = epoll_create1(0);
    long result = added(inner, fd, EPOLLOUT);
    if (result >= 0)
        result = added(outer, inner, EPOLLIN);
    return result < 0 ? result : checked(epoll_wait(outer, &room, 1, 0));
}

static long as_poller(int fd) { return added(fd, 0, EPOLLIN); }
static long as_poller_of_itself(int fd) { return added(fd, fd, EPOLLIN); }

static const struct call calls[] = {
    MADE("poll", HEX, poll_all)
    MADE("poll-nothing", HEX, poll_nothing)
    MADE("select", PLAIN, select_all)
    MADE("epoll-add", HEX, epoll_all)
    MADE("epoll-edge", HEX, epoll_edge)
    MADE("epoll-exclusive", HEX, epoll_exclusive)
    MADE("epoll-twice", PLAIN, epoll_twice)
    MADE("epoll-modify", PLAIN, epoll_modify)
    MADE("epoll-delete", PLAIN, epoll_delete)
    MADE("epoll-nested", NUMBER, epoll_nested)
    MADE("epoll-on", PLAIN, as_poller)
    MADE("epoll-on-itself", PLAIN, as_poller_of_itself)
    RAW("epoll-wait-on", NUMBER, epoll_wait, ADDRESS(&room), 1, 0)
    RAW("epoll-wait-none", NUMBER, epoll_wait, ADDRESS(&room), 0, 0)
};

const struct calls waiting_calls = ALL_OF(calls);
