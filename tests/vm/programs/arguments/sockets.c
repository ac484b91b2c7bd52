/* Rows: local sockets. */
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/vm/programs/arguments/arguments.h"

static const struct sockaddr_un name = {AF_UNIX, "socket"};
static const struct sockaddr_un nobody = {AF_UNIX, "missing"};
static const uint32_t name_size[2] = {110, 0};
static const uint32_t four[1] = {4};
static const int32_t on[1] = {1};
static const struct msghdr message = {.msg_iov = (void *)AREA(7), .msg_iovlen = 0};
static const struct msghdr addressed = {.msg_name = (void *)INNER, .msg_namelen = 16, .msg_control = (void *)INNER,
                                        .msg_controllen = 64};
static const struct mmsghdr messages[1] = {{{.msg_iov = (void *)AREA(7), .msg_iovlen = 0}, 0}};
static const int64_t no_time[2];

#define SOCKADDR_LENGTH 110

static const struct row rows[] = {
    ROW(socket, "", 0, A_CHOICE(AF_UNIX), A_FLAGS(SOCK_STREAM), A_CHOICE(0))
    ROW(socket, "-type", 0, A_SAME(AF_UNIX), A_CHOICE(SOCK_STREAM), A_SAME(0))
    ROW(socketpair, "", 0, A_CHOICE(AF_UNIX), A_FLAGS(SOCK_STREAM), A_CHOICE(0), A_OUT(8))
    ROW(bind, "", TREE, A_FD(SOCKET_FD), A_IN(name), A_LENGTH(SOCKADDR_LENGTH))
    ROW(listen, "", 0, A_FD(LISTENER), A_CHOICE(1))
    ROW(connect, "", 0, A_FD(SOCKET_FD), A_IN(nobody), A_LENGTH(SOCKADDR_LENGTH))
    ROW(accept, "", 0, A_FD(LISTENER), A_NO_OUT(16), A_NO_OUT(4))
    ROW(accept4, "", 0, A_FD(LISTENER), A_NO_OUT(16), A_NO_OUT(4), A_FLAGS(0))
    ROW(shutdown, "", 0, A_FD(PAIR_FD), A_CHOICE(SHUT_RD))
    ROW(getsockname, "", HARMLESS, A_FD(LISTENER), A_OUT(8), A_IN_OUT(name_size))
    ROW(getpeername, "", HARMLESS, A_FD(PAIR_FD), A_OUT(8), A_IN_OUT(name_size))
    ROW(setsockopt, "", 0, A_FD(SOCKET_FD), A_CHOICE(SOL_SOCKET), A_CHOICE(SO_KEEPALIVE), A_IN(on), A_LENGTH(4))
    ROW(getsockopt, "", HARMLESS, A_FD(SOCKET_FD), A_CHOICE(SOL_SOCKET), A_CHOICE(SO_TYPE), A_OUT(4), A_IN_OUT(four))
    ROW(sendto, "", NUMBERED, A_FD(PAIR_FD), A_DATA_IN(16), A_LENGTH(16), A_FLAGS(MSG_DONTWAIT), A_NO_IN(16), A_SAME(0))
    ROW(sendto, "-name", NUMBERED, A_FD(DATAGRAM_FD), A_DATA_IN(16), A_LENGTH(16), A_SAME(MSG_DONTWAIT), A_IN(nobody),
        A_LENGTH(SOCKADDR_LENGTH))
    ROW(recvfrom, "", NUMBERED, A_FD(PAIR_FD), A_DATA_OUT(16), A_LENGTH(4), A_FLAGS(MSG_DONTWAIT), A_NO_OUT(16), A_NO_OUT(4))
    ROW(recvfrom, "-name", NUMBERED, A_FD(DATAGRAM_FD), A_DATA_OUT(16), A_LENGTH(4), A_SAME(MSG_DONTWAIT), A_OUT(16),
        A_IN_OUT(name_size))
    ROW(sendmsg, "", NUMBERED, A_FD(PAIR_FD), A_IN(message), A_FLAGS(MSG_DONTWAIT))
    ROW(sendmsg, "-name", NUMBERED, A_FD(DATAGRAM_FD), A_IN(addressed), A_SAME(MSG_DONTWAIT))
    ROW(recvmsg, "", NUMBERED, A_FD(PAIR_FD), A_IN_OUT(message), A_FLAGS(MSG_DONTWAIT))
    ROW(recvmsg, "-name", NUMBERED, A_FD(DATAGRAM_FD), A_IN_OUT(addressed), A_SAME(MSG_DONTWAIT))
    ROW(sendmmsg, "", NUMBERED, A_FD(PAIR_FD), A_IN_OUT(messages), A_LENGTH(1), A_FLAGS(MSG_DONTWAIT))
    ROW(recvmmsg, "", NUMBERED, A_FD(DATAGRAM_FD), A_IN_OUT(messages), A_LENGTH(1), A_FLAGS(MSG_DONTWAIT), A_IN(no_time))
};

const struct rows socket_rows = ROWS(rows);
