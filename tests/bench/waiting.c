/* Asking which of many descriptors is ready: the last one is. */
#define _GNU_SOURCE
#include "bench.h"
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>

static long watched;
static struct pollfd *polled;
static fd_set selected;
static int epoll, highest;

static int open_events(long size) {
    watched = size;
    bench_allow(RLIMIT_NOFILE, size);
    polled = calloc((size_t)size, sizeof *polled);
    for (long i = 0; i < size; i++) {
        highest = eventfd(i == size - 1, 0);
        bench_need(highest >= 0);
        polled[i] = (struct pollfd){.fd = highest, .events = POLLIN};
    }
    return 0;
}

static int open_selected(long size) {
    open_events(size);
    bench_need(highest < FD_SETSIZE);
    for (long i = 0; i < size; i++)
        FD_SET(polled[i].fd, &selected);
    return 0;
}

static int open_epoll(long size) {
    open_events(size);
    epoll = epoll_create1(0);
    bench_need(epoll >= 0);
    for (long i = 0; i < size; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        bench_need(epoll_ctl(epoll, EPOLL_CTL_ADD, polled[i].fd, &event) == 0);
    }
    return 0;
}

static void run_poll(void) {
    bench_need(poll(polled, (nfds_t)watched, -1) == 1);
}

static void run_select(void) {
    fd_set ready = selected;
    bench_need(select(highest + 1, &ready, NULL, NULL, NULL) == 1);
}

static void run_epoll(void) {
    struct epoll_event event;
    bench_need(epoll_wait(epoll, &event, 1, -1) == 1);
}

const struct bench_row waiting_rows[] = {
    {.name = "select_100", .run = run_select, .prepare = open_selected, .size = 100},
    {.name = "select_1000", .run = run_select, .prepare = open_selected, .size = 1000},
    {.name = "poll_100", .run = run_poll, .prepare = open_events, .size = 100},
    {.name = "poll_1000", .run = run_poll, .prepare = open_events, .size = 1000},
    {.name = "epoll_100", .run = run_epoll, .prepare = open_epoll, .size = 100},
    {.name = "epoll_1000", .run = run_epoll, .prepare = open_epoll, .size = 1000},
    {},
};
