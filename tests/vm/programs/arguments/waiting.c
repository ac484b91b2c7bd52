/* Rows: waiting for files, futexes. */
#include <poll.h>
#include <sys/epoll.h>

#include "tests/vm/programs/arguments/arguments.h"

static const struct pollfd polled[1] = {{PIPE_WRITE, POLLOUT, 0}};
static const uint64_t set[2] = {0, 1ull << (PIPE_WRITE - 64)};
static const int64_t no_time[2];
static const uint64_t no_signals[1];
static const uint64_t mask[2] = {INNER, 8};
static const struct epoll_event event = {.events = EPOLLIN};
static const uint32_t word[2] = {0, 0};
static const uint64_t waited[3] = {1, INNER, 2 | 128}; /* another value than is there; struct futex_waitv */

enum { WAIT, WAKE, REQUEUE = 3, CMP_REQUEUE, WAKE_OP, WAIT_BITSET = 9, WAKE_BITSET };

static const struct row rows[] = {
    ROW(poll, "", HARMLESS | NUMBERED, A_IN_OUT(polled), A_LENGTH(1), A_SAME(0))
    ROW(poll, "-time", HARMLESS | NUMBERED, A_IN_OUT(polled), A_SAME(1), A_SECONDS(0))
    ROW(ppoll, "", HARMLESS | NUMBERED, A_IN_OUT(polled), A_LENGTH(1), A_SAME(AREA(4)), A_IN(no_signals), A_SET_SIZE)
    ROW(ppoll, "-time", HARMLESS | NUMBERED, A_IN_OUT(polled), A_SAME(1), A_IN(no_time), A_SAME(0), A_SAME(8))
    ROW(select, "", HARMLESS | NUMBERED, A_SECONDS(128), A_NO_OUT(16), A_IN_OUT(set), A_NO_OUT(16), A_TIME(no_time))
    ROW(select, "-set", HARMLESS | NUMBERED, A_SAME(128), A_SAME(0), A_IN_OUT(set), A_SAME(0), A_IN(no_time))
    ROW(pselect6, "", HARMLESS | NUMBERED, A_SECONDS(128), A_NO_OUT(16), A_IN_OUT(set), A_NO_OUT(16), A_TIME(no_time), A_NO_IN(16))
    ROW(pselect6, "-mask", HARMLESS | NUMBERED, A_SAME(128), A_SAME(0), A_IN_OUT(set), A_SAME(0), A_TIME(no_time), A_IN(mask))
    ROW(epoll_create, "", 0, A_LENGTH(1))
    ROW(epoll_create1, "", 0, A_FLAGS(0))
    ROW(epoll_ctl, "", 0, A_FD(EPOLL_FD), A_CHOICE(EPOLL_CTL_ADD), A_FD(PIPE_READ), A_IN(event))
    ROW(epoll_ctl, "-mod", 0, A_FD(EPOLL_FD), A_SAME(EPOLL_CTL_MOD), A_FD(PIPE_WRITE), A_IN(event))
    ROW(epoll_ctl, "-del", 0, A_FD(EPOLL_FD), A_SAME(EPOLL_CTL_DEL), A_FD(PIPE_WRITE), A_IN(event))
    ROW(epoll_wait, "", HARMLESS | NUMBERED, A_FD(EPOLL_FD), A_OUT(12), A_SECONDS(1), A_SECONDS(0))
    ROW(epoll_pwait, "", HARMLESS | NUMBERED, A_FD(EPOLL_FD), A_OUT(12), A_SECONDS(1), A_SECONDS(0), A_IN(no_signals), A_SET_SIZE)
    ROW(epoll_pwait2, "", HARMLESS | NUMBERED, A_FD(EPOLL_FD), A_OUT(12), A_SECONDS(1), A_IN(no_time), A_IN(no_signals), A_SET_SIZE)
    ROW(futex, "", HARMLESS | NUMBERED, A_IN(word), A_CHOICE(WAKE), A_LENGTH(1), A_SAME(0), A_SAME(AREA(4)), A_SAME(0))
    ROW(futex, "-flags", HARMLESS | NUMBERED, A_IN(word), A_FLAGS(WAKE), A_LENGTH(1), A_SAME(0), A_SAME(AREA(4)), A_SAME(0))
    ROW(futex, "-wait", HARMLESS | NUMBERED, A_IN(word), A_SAME(WAIT), A_SAME(1), A_IN(no_time), A_SAME(0), A_SAME(0))
    ROW(futex, "-wait-value", HARMLESS | NUMBERED, A_IN(word), A_SAME(WAIT), A_SAME(1), A_NO_IN(16), A_SAME(0), A_SAME(0))
    ROW(futex, "-wait-bitset", HARMLESS | NUMBERED, A_IN(word), A_SAME(WAIT_BITSET), A_SAME(1), A_IN(no_time), A_SAME(0), A_LENGTH(1))
    ROW(futex, "-wake-bitset", HARMLESS | NUMBERED, A_IN(word), A_SAME(WAKE_BITSET), A_LENGTH(1), A_SAME(0), A_SAME(0), A_LENGTH(1))
    ROW(futex, "-requeue", HARMLESS | NUMBERED, A_IN(word), A_SAME(REQUEUE), A_LENGTH(1), A_LENGTH(1), A_IN(word), A_SAME(0))
    ROW(futex, "-cmp-requeue", HARMLESS | NUMBERED, A_IN(word), A_SAME(CMP_REQUEUE), A_LENGTH(1), A_LENGTH(1), A_IN(word), A_LENGTH(0))
    ROW(futex_waitv, "", HARMLESS, A_IN(waited), A_LENGTH(1), A_FLAGS(0), A_TIME(no_time), A_CHOICE(1))
    ROW(futex, "-wake-op", HARMLESS | NUMBERED, A_IN(word), A_SAME(WAKE_OP), A_LENGTH(1), A_LENGTH(1), A_IN(word), A_FLAGS(0))
};

const struct rows waiting_rows = ROWS(rows);
