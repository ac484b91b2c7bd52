/* Calls of sockets. */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

static char room[256];
static socklen_t room_size = sizeof room;
static struct sockaddr_un missing = {AF_UNIX, "missing"};
static struct iovec vector = {room, 4};
static struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

static long option(int fd, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    long result = checked(getsockopt(fd, SOL_SOCKET, name, &value, &size));
    return result < 0 ? result : value;
}

static long type(int fd) { return option(fd, SO_TYPE); }
static long listening(int fd) { return option(fd, SO_ACCEPTCONN); }
static long error(int fd) { return option(fd, SO_ERROR); }

static long own_name(int fd) {
    socklen_t size = sizeof room;
    return checked(getsockname(fd, (struct sockaddr *)room, &size));
}

static long peer_name(int fd) {
    socklen_t size = sizeof room;
    return checked(getpeername(fd, (struct sockaddr *)room, &size));
}

static long received(int fd, int flags) { return checked(recv(fd, room, 2, flags | MSG_DONTWAIT)); }
static long receive(int fd) { return received(fd, 0); }
static long peek(int fd) { return received(fd, MSG_PEEK); }
static long out_of_band(int fd) { return received(fd, MSG_OOB); }
static long send_some(int fd) { return checked(send(fd, "0000", 4, MSG_DONTWAIT | MSG_NOSIGNAL)); }

static const struct call calls[] = {
    RAW("accept", PLAIN, accept, 0, 0)
    RAW("accept4-unknown", PLAIN, accept4, 0, 0, 1)
    RAW("listen", PLAIN, listen, 1)
    RAW("bind", PLAIN, bind, ADDRESS(&missing), 2)
    RAW("connect", PLAIN, connect, ADDRESS(&missing), sizeof missing)
    MADE("getsockname", PLAIN, own_name)
    MADE("getpeername", PLAIN, peer_name)
    MADE("getsockopt-type", NUMBER, type)
    MADE("getsockopt-listening", NUMBER, listening)
    MADE("getsockopt-error", NUMBER, error)
    RAW("setsockopt", PLAIN, setsockopt, SOL_SOCKET, SO_PASSCRED, ADDRESS(&room_size), 4)
    MADE("recv", NUMBER, receive)
    MADE("recv-peek", NUMBER, peek)
    MADE("recv-oob", NUMBER, out_of_band)
    MADE("send", NUMBER, send_some)
    RAW("recvmsg", NUMBER, recvmsg, ADDRESS(&message), MSG_DONTWAIT)
    RAW("sendmsg", NUMBER, sendmsg, ADDRESS(&message), MSG_DONTWAIT | MSG_NOSIGNAL)
    RAW("shutdown-read", PLAIN, shutdown, SHUT_RD)
    RAW("shutdown-both", PLAIN, shutdown, SHUT_RDWR)
    RAW("shutdown-unknown", PLAIN, shutdown, 3)
};

const struct calls socket_calls = ALL_OF(calls);
