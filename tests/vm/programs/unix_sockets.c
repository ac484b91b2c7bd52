/*
 * AF_UNIX sockets, checked the same on Linux and on Astra: prints "ok NAME" for each part or what is wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"
#include "tests/vm/programs/states.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#ifndef SIOCOUTQ
#define SIOCOUTQ 0x5411
#endif

/* The bare calls: libraries look into what is to be passed on as it is. */
#define sendmsg(fd, message, flags) syscall(SYS_sendmsg, fd, message, flags)
#define recvmsg(fd, message, flags) syscall(SYS_recvmsg, fd, message, flags)
#define sendmmsg(fd, messages, count, flags) syscall(SYS_sendmmsg, fd, messages, count, flags)
#define recvmmsg(fd, messages, count, flags, limit) syscall(SYS_recvmmsg, fd, messages, count, flags, limit)
#define accept4(fd, name, length, flags) syscall(SYS_accept4, fd, name, length, flags)

static volatile sig_atomic_t pipes_broken, *alarms; /* alarms: seen by children, too */

#define FAILS(call, number) CHECK((call) == -1 && errno == (number))

static void on_signal(int number) {
    if (number == SIGPIPE)
        pipes_broken++;
    else
        ++*alarms;
}

static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

static short events(int fd, short wanted) {
    struct pollfd entry = {.fd = fd, .events = wanted};
    return poll(&entry, 1, 0) >= 0 ? entry.revents : -1;
}

#define ALL (POLLIN | POLLOUT | POLLPRI | POLLRDHUP)

static void pair(int type, int ends[2]) {
    ends[0] = ends[1] = -1;
    CHECK(socketpair(AF_UNIX, type, 0, ends) == 0);
}

static void close_two(int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

static socklen_t abstract(struct sockaddr_un *address, const char *name) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "%s-%d", name, (int)getpid());
    return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address->sun_path + 1);
}

static socklen_t in_tree(struct sockaddr_un *address, const char *name) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "/tmp/%s-%d", name, (int)getpid());
    return offsetof(struct sockaddr_un, sun_path) + strlen(address->sun_path) + 1;
}

/* ---- making ---- */

static void creating(void) {
    int ends[2], fd;
    struct stat info;
    char link[64], text[64];
    FAILS(socket(AF_MAX + 10, SOCK_STREAM, 0), EAFNOSUPPORT);
    FAILS(socket(AF_UNIX, 77, 0), EINVAL);
    FAILS(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
    FAILS(socket(AF_UNIX, SOCK_STREAM, 5), EPROTONOSUPPORT);
    FAILS(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0), EINVAL);
    FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)8), EFAULT);
    CHECK((fd = socket(AF_UNIX, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, PF_UNIX)) >= 0);
    int type = 0;
    socklen_t length = sizeof type;
    CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM && length == 4);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFL) == (O_RDWR | O_NONBLOCK));
    CHECK(fstat(fd, &info) == 0 && info.st_mode == (S_IFSOCK | 0777) && info.st_size == 0 && info.st_nlink == 1);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    char wanted[64];
    snprintf(wanted, sizeof wanted, "socket:[%llu]", (unsigned long long)info.st_ino);
    CHECK(strcmp(text, wanted) == 0);
    FAILS(open(link, O_RDWR), ENXIO);
    FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
    FAILS(pread(fd, text, 1, 0), ESPIPE);
    FAILS(ftruncate(fd, 0), EINVAL);
    FAILS(fsync(fd), EINVAL);
    close(fd);
    for (int i = 0; i < 3; i++) {
        pair(types[i], ends);
        CHECK(write(ends[0], "abc", 3) == 3 && write(ends[1], "de", 2) == 2);
        CHECK(read(ends[1], text, 64) == 3 && !memcmp(text, "abc", 3));
        CHECK(read(ends[0], text, 64) == 2 && !memcmp(text, "de", 2));
        close_two(ends);
    }
    FAILS(send(0x7ffff, "", 0, 0), EBADF);
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    FAILS(send(pipes[1], "a", 1, 0), ENOTSOCK);
    FAILS(listen(pipes[1], 1), ENOTSOCK);
    FAILS(getsockopt(pipes[1], SOL_SOCKET, SO_TYPE, &type, &length), ENOTSOCK);
    close_two(pipes);
}

/* ---- streams ---- */

static void stream_bytes(void) {
    int ends[2], count;
    char text[64];
    pair(SOCK_STREAM, ends);
    CHECK(write(ends[0], "hello", 5) == 5 && write(ends[0], "world", 5) == 5);
    CHECK(ioctl(ends[1], FIONREAD, &count) == 0 && count == 10);
    CHECK(ioctl(ends[0], SIOCOUTQ, &count) == 0 && count == 2 * 768);
    CHECK(recv(ends[1], text, 7, MSG_PEEK) == 7 && !memcmp(text, "hellowo", 7));
    CHECK(recv(ends[1], text, 3, 0) == 3 && ioctl(ends[1], FIONREAD, &count) == 0 && count == 7);
    CHECK(recv(ends[1], text, 64, 0) == 7 && !memcmp(text, "loworld", 7));
    CHECK(ioctl(ends[0], SIOCOUTQ, &count) == 0 && count == 0);
    FAILS(recv(ends[1], text, 1, MSG_DONTWAIT), EAGAIN);
    CHECK(read(ends[1], text, 0) == 0 && write(ends[0], text, 0) == 0);
    FAILS(recv(ends[1], text, 0, MSG_DONTWAIT), EAGAIN);
    FAILS(sendto(ends[0], "a", 1, 0, (void *)&(struct sockaddr_un){AF_UNIX, "x"}, 4), EISCONN);
    struct iovec parts[] = {{"ab", 2}, {"", 0}, {"cde", 3}};
    CHECK(writev(ends[0], parts, 3) == 5);
    char first[2], second[8];
    struct iovec into[] = {{first, 2}, {second, 8}};
    CHECK(readv(ends[1], into, 2) == 5 && !memcmp(first, "ab", 2) && !memcmp(second, "cde", 3));
    FAILS(send(ends[0], (void *)8, 10, 0), EFAULT);
    CHECK(write(ends[0], "xyz", 3) == 3);
    FAILS(recv(ends[1], (void *)8, 3, 0), EFAULT);
    CHECK(recv(ends[1], text, 64, MSG_TRUNC) == 3);
    int off = 0, value = -2;
    socklen_t length = sizeof off;
    CHECK(getsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &value, &length) == 0 && value == -1);
    CHECK(setsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off) == 0);
    CHECK(write(ends[0], "0123456789", 10) == 10);
    CHECK(recv(ends[1], text, 4, MSG_PEEK) == 4 && !memcmp(text, "0123", 4));
    CHECK(recv(ends[1], text, 4, MSG_PEEK) == 4 && !memcmp(text, "4567", 4));
    CHECK(recv(ends[1], text, 2, 0) == 2 && !memcmp(text, "01", 2));
    CHECK(recv(ends[1], text, 4, MSG_PEEK) == 2 && !memcmp(text, "89", 2));
    CHECK(recv(ends[1], text, 64, 0) == 8);
    close_two(ends);
}

/* A child writes in steps; MSG_WAITALL gathers, SO_RCVLOWAT waits for some. */
static void stream_waits(void) {
    int ends[2];
    char text[64];
    pair(SOCK_STREAM, ends);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 12; i++) {
            usleep(5000);
            if (write(ends[1], "ab", 2) != 2)
                _exit(1);
        }
        _exit(0);
    }
    CHECK(recv(ends[0], text, 8, MSG_WAITALL) == 8 && !memcmp(text, "abababab", 8));
    int low = 6;
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low) == 0);
    ssize_t got = recv(ends[0], text, 64, 0);
    CHECK(got >= 6);
    close(ends[1]);
    CHECK(recv(ends[0], text, 32, MSG_WAITALL) == 24 - 8 - got && read(ends[0], text, 1) == 0);
    waitpid(child, NULL, 0);
    close(ends[0]);
}

static void full_buffers(void) {
    int ends[2];
    static char block[65536];
    pair(SOCK_STREAM, ends);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    long total = 0, got, back = 0;
    while ((got = write(ends[0], block, sizeof block)) > 0)
        total += got;
    CHECK(got == -1 && errno == EAGAIN && total >= 212992 && total <= 300000);
    CHECK(events(ends[0], ALL) == 0 && events(ends[1], ALL) == (POLLIN | POLLOUT));
    while ((got = recv(ends[1], block, sizeof block, MSG_DONTWAIT)) > 0)
        back += got;
    CHECK(back == total && events(ends[0], ALL) == POLLOUT);
    int count = 0;
    while (write(ends[0], "a", 1) == 1)
        count++;
    CHECK(count == 278);
    int size = 1, length = sizeof size;
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 && size == 4608);
    size = 10000;
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 && size == 20000);
    size = 10000000;
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_RCVBUF, &size, &length) == 0 && size >= 2 * 212992);
    close_two(ends);
}

static void closing(void) {
    int ends[2];
    char text[8];
    pair(SOCK_STREAM, ends);
    CHECK(write(ends[1], "bye", 3) == 3 && close(ends[1]) == 0);
    CHECK(events(ends[0], ALL) == (POLLIN | POLLOUT | POLLHUP | POLLRDHUP));
    pipes_broken = 0;
    FAILS(write(ends[0], "a", 1), EPIPE);
    CHECK(pipes_broken == 1);
    FAILS(send(ends[0], "a", 1, MSG_NOSIGNAL), EPIPE);
    CHECK(pipes_broken == 1);
    CHECK(read(ends[0], text, 8) == 3 && read(ends[0], text, 8) == 0);
    close(ends[0]);
    pair(SOCK_STREAM, ends);
    CHECK(write(ends[0], "lost", 4) == 4 && close(ends[1]) == 0);
    CHECK(events(ends[0], ALL) == (POLLIN | POLLOUT | POLLHUP | POLLRDHUP | POLLERR));
    FAILS(read(ends[0], text, 8), ECONNRESET);
    CHECK(read(ends[0], text, 8) == 0);
    close(ends[0]);
    pair(SOCK_STREAM, ends);
    CHECK(write(ends[0], "lost", 4) == 4 && close(ends[1]) == 0);
    int error = 0;
    socklen_t length = sizeof error;
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == ECONNRESET);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0);
    close(ends[0]);
    pair(SOCK_SEQPACKET, ends);
    CHECK(close(ends[1]) == 0 && read(ends[0], text, 8) == 0);
    CHECK(events(ends[0], ALL) == (POLLIN | POLLOUT | POLLHUP | POLLRDHUP));
    FAILS(write(ends[0], "a", 1), EPIPE);
    close(ends[0]);
    pair(SOCK_DGRAM, ends);
    CHECK(close(ends[1]) == 0 && events(ends[0], ALL) == POLLOUT);
    FAILS(write(ends[0], "a", 1), ECONNREFUSED);
    FAILS(write(ends[0], "a", 1), ENOTCONN);
    FAILS(recv(ends[0], text, 8, MSG_DONTWAIT), EAGAIN);
    close(ends[0]);
}

static void shutting_down(void) {
    int ends[2];
    char text[8];
    for (int i = 0; i < 3; i++) {
        bool stream = types[i] == SOCK_STREAM, datagram = types[i] == SOCK_DGRAM;
        pair(types[i], ends);
        FAILS(shutdown(ends[0], 3), EINVAL);
        FAILS(shutdown(ends[0], -1), EINVAL);
        CHECK(write(ends[0], "ab", 2) == 2 && shutdown(ends[0], SHUT_WR) == 0);
        pipes_broken = 0;
        FAILS(write(ends[0], "a", 1), EPIPE);
        CHECK(pipes_broken == stream);
        CHECK(read(ends[1], text, 8) == 2);
        if (datagram)
            FAILS(recv(ends[1], text, 8, MSG_DONTWAIT), EAGAIN);
        else
            CHECK(recv(ends[1], text, 8, MSG_DONTWAIT) == 0);
        CHECK(events(ends[1], ALL) == (datagram ? POLLOUT : POLLIN | POLLOUT | POLLRDHUP));
        CHECK(events(ends[0], ALL) == POLLOUT);
        CHECK(write(ends[1], "cd", 2) == 2 && read(ends[0], text, 8) == 2);
        CHECK(shutdown(ends[0], SHUT_RD) == 0 && read(ends[0], text, 8) == 0);
        CHECK(events(ends[0], ALL) == (POLLIN | POLLOUT | POLLHUP | POLLRDHUP));
        FAILS(send(ends[1], "cd", 2, MSG_NOSIGNAL), EPIPE);
        close_two(ends);
    }
    int lone = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(events(lone, ALL) == (POLLOUT | POLLHUP));
    FAILS(write(lone, "a", 1), ENOTCONN);
    FAILS(read(lone, text, 1), EINVAL);
    CHECK(shutdown(lone, SHUT_RDWR) == 0);
    close(lone);
    lone = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    FAILS(write(lone, "a", 1), ENOTCONN);
    FAILS(read(lone, text, 1), ENOTCONN);
    close(lone);
    lone = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK(events(lone, ALL) == POLLOUT);
    FAILS(write(lone, "a", 1), ENOTCONN);
    close(lone);
}

/* ---- messages ---- */

static void datagrams(void) {
    static char large[300000];
    int ends[2], count;
    char text[64];
    for (int i = 1; i < 3; i++) {
        pair(types[i], ends);
        CHECK(write(ends[0], "one", 3) == 3 && write(ends[0], "", 0) == 0 && write(ends[0], "three", 5) == 5);
        CHECK(ioctl(ends[1], FIONREAD, &count) == 0 && count == (types[i] == SOCK_DGRAM ? 3 : 8));
        CHECK(recv(ends[1], text, 2, MSG_PEEK) == 2 && recv(ends[1], text, 2, MSG_PEEK | MSG_TRUNC) == 3);
        CHECK(recv(ends[1], text, 64, 0) == 3 && !memcmp(text, "one", 3));
        CHECK(recv(ends[1], text, 64, 0) == 0);
        struct iovec into = {text, 2};
        struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1};
        CHECK(recvmsg(ends[1], &message, 0) == 2 && message.msg_flags == MSG_TRUNC);
        FAILS(recv(ends[1], text, 64, MSG_DONTWAIT), EAGAIN);
        FAILS(send(ends[0], large, sizeof large, 0), EMSGSIZE);
        FAILS(send(ends[0], large, 212992 - 31, 0), EMSGSIZE);
        CHECK(send(ends[0], large, 212992 - 32, 0) == 212992 - 32);
        CHECK(recv(ends[1], large, sizeof large, 0) == 212992 - 32);
        FAILS(send(ends[0], (void *)8, 10, 0), EFAULT);
        CHECK(write(ends[0], "gone", 4) == 4);
        FAILS(recv(ends[1], (void *)8, 4, 0), EFAULT);
        FAILS(recv(ends[1], text, 64, MSG_DONTWAIT), EAGAIN);
        CHECK(writev(ends[0], (struct iovec[]){{"ab", 2}, {"c", 1}}, 2) == 3 && read(ends[1], text, 64) == 3);
        close_two(ends);
    }
    pair(SOCK_DGRAM, ends); /* those who are each other's peers are limited by the buffer alone */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    for (count = 0; write(ends[0], "a", 1) == 1;)
        count++;
    CHECK(count == 278 && errno == EAGAIN && events(ends[0], ALL) == 0);
    close_two(ends);
}

static void datagram_peers(void) {
    struct sockaddr_un server_name, client_name, from;
    int server = socket(AF_UNIX, SOCK_DGRAM, 0), client = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int other = socket(AF_UNIX, SOCK_DGRAM, 0), count, ends[2];
    socklen_t server_length = abstract(&server_name, "server"), client_length = abstract(&client_name, "client");
    char text[64];
    FAILS(sendto(client, "a", 1, 0, (void *)&server_name, server_length), ECONNREFUSED);
    CHECK(bind(server, (void *)&server_name, server_length) == 0);
    FAILS(bind(server, (void *)&client_name, client_length), EINVAL);
    FAILS(bind(other, (void *)&server_name, server_length), EADDRINUSE);
    CHECK(sendto(client, "anon", 4, 0, (void *)&server_name, server_length) == 4);
    socklen_t length = sizeof from;
    CHECK(recvfrom(server, text, 64, 0, (void *)&from, &length) == 4 && length == 0);
    CHECK(bind(client, (void *)&client_name, client_length) == 0);
    CHECK(sendto(client, "named", 5, 0, (void *)&server_name, server_length) == 5);
    length = sizeof from;
    CHECK(recvfrom(server, text, 64, 0, (void *)&from, &length) == 5 && length == client_length);
    CHECK(!memcmp(&from, &client_name, length));
    for (count = 0; sendto(client, "x", 1, 0, (void *)&server_name, server_length) == 1;)
        count++;
    CHECK(count == 11 && errno == EAGAIN);
    CHECK(connect(client, (void *)&server_name, server_length) == 0);
    length = sizeof from;
    CHECK(getpeername(client, (void *)&from, &length) == 0 && length == server_length);
    CHECK(events(client, ALL) == 0);
    int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET};
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, client, &event) == 0 && epoll_wait(set, &event, 1, 0) == 0);
    FAILS(write(client, "x", 1), EAGAIN);
    CHECK(read(server, text, 64) == 1 && epoll_wait(set, &event, 1, 1000) == 1 && event.events == EPOLLOUT);
    CHECK(write(client, "x", 1) == 1);
    close(set);
    while (recv(server, text, 64, MSG_DONTWAIT) > 0)
        ;
    /* A server with a peer of its own takes nothing from others. */
    CHECK(bind(other, (void *)&from, 2) == 0);
    length = sizeof from;
    CHECK(getsockname(other, (void *)&from, &length) == 0 && length == 2 + 1 + 5 && from.sun_path[0] == 0);
    CHECK(bind(other, (void *)&(struct sockaddr_un){AF_UNIX}, 2) == 0);
    CHECK(connect(server, (void *)&from, length) == 0);
    FAILS(write(client, "x", 1), EPERM);
    FAILS(sendto(client, "x", 1, 0, (void *)&server_name, server_length), EPERM);
    FAILS(connect(client, (void *)&server_name, server_length), EPERM);
    CHECK(connect(server, (void *)&(struct sockaddr){AF_UNSPEC}, sizeof(struct sockaddr)) == 0);
    CHECK(write(client, "x", 1) == 1 && read(server, text, 64) == 1);
    FAILS(getpeername(server, (void *)&from, &length), ENOTCONN);
    close(server);
    FAILS(write(client, "x", 1), ECONNREFUSED);
    FAILS(write(client, "x", 1), ENOTCONN);
    close(client);
    close(other);
    /* Each other's peers; when one turns away, the other is told that its message is lost. */
    pair(SOCK_DGRAM, ends);
    CHECK(write(ends[0], "lost", 4) == 4);
    CHECK(connect(ends[1], (void *)&(struct sockaddr){AF_UNSPEC}, sizeof(struct sockaddr)) == 0);
    FAILS(recv(ends[0], text, 64, MSG_DONTWAIT), ECONNRESET);
    FAILS(recv(ends[1], text, 64, MSG_DONTWAIT), EAGAIN);
    close_two(ends);
}

static void many_messages(void) {
    int ends[2];
    char in[4][8], out[4][8] = {"zero", "one", "two", "three"};
    struct mmsghdr messages[4] = {0};
    struct iovec vectors[4];
    pair(SOCK_DGRAM, ends);
    for (int i = 0; i < 4; i++) {
        vectors[i] = (struct iovec){out[i], strlen(out[i])};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    CHECK(sendmmsg(ends[0], messages, 4, 0) == 4 && messages[0].msg_len == 4 && messages[3].msg_len == 5);
    for (int i = 0; i < 4; i++)
        vectors[i] = (struct iovec){in[i], 8};
    CHECK(recvmmsg(ends[1], messages, 2, 0, NULL) == 2 && messages[1].msg_len == 3 && !memcmp(in[1], "one", 3));
    CHECK(recvmmsg(ends[1], messages, 4, MSG_WAITFORONE, NULL) == 2 && messages[1].msg_len == 5);
    FAILS(recvmmsg(ends[1], messages, 4, MSG_DONTWAIT, NULL), EAGAIN);
    struct timespec limit = {0, 1};
    CHECK(write(ends[0], "a", 1) == 1 && recvmmsg(ends[1], messages, 4, 0, &limit) == 1 && limit.tv_nsec == 0);
    limit.tv_nsec = -1;
    FAILS(recvmmsg(ends[1], messages, 4, 0, &limit), EINVAL);
    struct msghdr header = {.msg_iov = vectors, .msg_iovlen = 1025};
    FAILS(sendmsg(ends[0], &header, 0), EMSGSIZE);
    header.msg_iovlen = 1;
    header.msg_namelen = -1;
    header.msg_name = in;
    FAILS(sendmsg(ends[0], &header, 0), EINVAL);
    FAILS(sendmsg(ends[0], (void *)8, 0), EFAULT);
    FAILS(recvmsg(ends[0], (void *)8, 0), EFAULT);
    close_two(ends);
}

/* ---- names and connections ---- */

static void names(void) {
    struct sockaddr_un name, got;
    struct stat info;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t length = in_tree(&name, "name"), got_length = sizeof got;
    FAILS(bind(fd, (void *)&name, 1), EINVAL);
    FAILS(bind(fd, (void *)&name, sizeof name + 1), EINVAL);
    FAILS(bind(fd, (void *)8, 10), EFAULT);
    FAILS(bind(fd, (void *)&(struct sockaddr_un){AF_INET, "x"}, 10), EINVAL);
    FAILS(bind(fd, (void *)&(struct sockaddr_un){AF_UNIX, "/no/such/place"}, sizeof name), ENOENT);
    FAILS(bind(fd, (void *)&(struct sockaddr_un){AF_UNIX, "/tmp"}, sizeof name), EADDRINUSE);
    CHECK(getsockname(fd, (void *)&got, &got_length) == 0 && got_length == 2 && got.sun_family == AF_UNIX);
    umask(027);
    CHECK(bind(fd, (void *)&name, length) == 0);
    umask(022);
    CHECK(stat(name.sun_path, &info) == 0 && info.st_mode == (S_IFSOCK | 0750));
    got_length = sizeof got;
    CHECK(getsockname(fd, (void *)&got, &got_length) == 0 && got_length == length && !strcmp(got.sun_path, name.sun_path));
    got_length = 5;
    CHECK(getsockname(fd, (void *)&got, &got_length) == 0 && got_length == length);
    got_length = -1;
    FAILS(getsockname(fd, (void *)&got, &got_length), EINVAL);
    FAILS(bind(other, (void *)&name, length), EADDRINUSE);
    FAILS(bind(fd, (void *)&(struct sockaddr_un){AF_UNIX, "/tmp/never-made"}, sizeof name), EINVAL);
    FAILS(stat("/tmp/never-made", &info), ENOENT);
    FAILS(open(name.sun_path, O_RDWR), ENXIO);
    FAILS(connect(other, (void *)&name, length), ECONNREFUSED); /* not listening */
    int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
    FAILS(connect(datagram, (void *)&name, length), EPROTOTYPE);
    FAILS(connect(other, (void *)&(struct sockaddr_un){AF_UNIX, "/dev/null"}, sizeof name), ECONNREFUSED);
    FAILS(connect(other, (void *)&(struct sockaddr_un){AF_UNIX, "/no"}, sizeof name), ENOENT);
    FAILS(connect(other, (void *)&(struct sockaddr){AF_UNSPEC}, sizeof(struct sockaddr)), EINVAL);
    CHECK(unlink(name.sun_path) == 0 && bind(other, (void *)&name, length) == 0);
    close(other);
    FAILS(connect(fd, (void *)&name, length), ECONNREFUSED); /* nobody is there */
    CHECK(unlink(name.sun_path) == 0);
    close(fd);
    close(datagram);
    /* A name of all 108 bytes has no NUL. */
    struct {
        struct sockaddr_un name;
        char more[8];
    } longest = {.name.sun_family = AF_UNIX}, back;
    memset(longest.name.sun_path, 'x', 108);
    memcpy(longest.name.sun_path, "/tmp/", 5);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(fd, (void *)&longest, 110) == 0);
    got_length = sizeof back;
    CHECK(getsockname(fd, (void *)&back, &got_length) == 0 && got_length == 111);
    close(fd);
    CHECK(unlink(longest.name.sun_path) == 0);
    /* The same abstract name for two types. */
    length = abstract(&name, "types");
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK(bind(fd, (void *)&name, length) == 0 && bind(datagram, (void *)&name, length) == 0);
    close(fd);
    close(datagram);
}

static void connections(void) {
    struct sockaddr_un name, got;
    for (int i = 0; i < 3; i += 2) {
        int server = socket(AF_UNIX, types[i], 0), client = socket(AF_UNIX, types[i], 0), accepted;
        socklen_t length = in_tree(&name, "listen"), got_length;
        char text[8];
        FAILS(listen(server, 5), EINVAL);
        CHECK(bind(server, (void *)&name, length) == 0);
        FAILS(accept(server, NULL, NULL), EINVAL);
        CHECK(listen(server, 1) == 0 && listen(server, 1) == 0);
        CHECK(events(server, ALL) == 0);
        fcntl(server, F_SETFL, O_NONBLOCK);
        FAILS(accept(server, NULL, NULL), EAGAIN);
        FAILS(accept4(server, NULL, NULL, 1), EINVAL);
        CHECK(connect(client, (void *)&name, length) == 0);
        FAILS(connect(client, (void *)&name, length), EISCONN);
        FAILS(connect(server, (void *)&name, length), EINVAL);
        CHECK(write(client, "early", 5) == 5 && events(server, ALL) == POLLIN);
        got_length = sizeof got;
        CHECK((accepted = accept4(server, (void *)&got, &got_length, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0 && got_length == 2);
        CHECK(fcntl(accepted, F_GETFD) == FD_CLOEXEC && (fcntl(accepted, F_GETFL) & O_NONBLOCK));
        CHECK(read(accepted, text, 8) == 5);
        got_length = sizeof got;
        CHECK(getpeername(client, (void *)&got, &got_length) == 0 && got_length == length);
        got_length = sizeof got;
        CHECK(getsockname(accepted, (void *)&got, &got_length) == 0 && got_length == length);
        int value = 0;
        got_length = sizeof value;
        CHECK(getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &value, &got_length) == 0 && value == 1);
        CHECK(getsockopt(client, SOL_SOCKET, SO_ACCEPTCONN, &value, &got_length) == 0 && value == 0);
        /* The backlog: one more than it says. */
        int waiting[3];
        for (int j = 0; j < 3; j++)
            waiting[j] = socket(AF_UNIX, types[i] | SOCK_NONBLOCK, 0);
        CHECK(connect(waiting[0], (void *)&name, length) == 0 && connect(waiting[1], (void *)&name, length) == 0);
        FAILS(connect(waiting[2], (void *)&name, length), EAGAIN);
        pid_t child = fork();
        if (child == 0) {
            fcntl(waiting[2], F_SETFL, 0);
            _exit(connect(waiting[2], (void *)&name, length) != 0);
        }
        until_asleep(child);
        int second = accept(server, NULL, NULL), status = -1;
        CHECK(second >= 0 && waitpid(child, &status, 0) == child && status == 0);
        close(second);
        /* Those not accepted are reset. */
        close(server);
        FAILS(read(waiting[1], text, 8), ECONNRESET);
        FAILS(connect(client, (void *)&name, length), ECONNREFUSED);
        int late = socket(AF_UNIX, types[i], 0);
        FAILS(connect(late, (void *)&name, length), ECONNREFUSED);
        CHECK(write(client, "x", 1) == 1 && read(accepted, text, 8) == 1);
        close(late);
        close(accepted);
        close(client);
        for (int j = 0; j < 3; j++)
            close(waiting[j]);
        unlink(name.sun_path);
    }
    int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
    FAILS(listen(datagram, 1), EOPNOTSUPP);
    FAILS(accept(datagram, NULL, NULL), EOPNOTSUPP);
    close(datagram);
}

static void permissions(void) {
    struct sockaddr_un name;
    if (getuid() != 0)
        return;
    int server = socket(AF_UNIX, SOCK_STREAM, 0), status = -1;
    socklen_t length = in_tree(&name, "closed");
    CHECK(bind(server, (void *)&name, length) == 0 && listen(server, 1) == 0 && chmod(name.sun_path, 0700) == 0);
    pid_t child = fork();
    if (child == 0) {
        int client = socket(AF_UNIX, SOCK_STREAM, 0);
        if (setresuid(1000, 1000, 1000))
            _exit(2);
        _exit(!(connect(client, (void *)&name, length) == -1 && errno == EACCES));
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    unlink(name.sun_path);
    close(server);
}

/* ---- options, time limits, signals ---- */

static void options(void) {
    int ends[2], value;
    socklen_t length = sizeof value;
    pair(SOCK_STREAM, ends);
    static const int bits[] = {SO_PASSCRED, SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE};
    for (unsigned i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        value = 1;
        CHECK(setsockopt(ends[0], SOL_SOCKET, bits[i], &value, sizeof value) == 0);
        value = 7;
        CHECK(getsockopt(ends[0], SOL_SOCKET, bits[i], &value, &length) == 0 && value == 1 && length == 4);
        value = 0;
        CHECK(setsockopt(ends[0], SOL_SOCKET, bits[i], &value, sizeof value) == 0);
        CHECK(getsockopt(ends[0], SOL_SOCKET, bits[i], &value, &length) == 0 && value == 0);
    }
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_DOMAIN, &value, &length) == 0 && value == AF_UNIX);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_PROTOCOL, &value, &length) == 0 && value == 0);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &value, &length) == 0 && value == 212992);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_RCVLOWAT, &value, &length) == 0 && value == 1);
    struct linger linger = {1, 5}, got = {0};
    length = sizeof got;
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_LINGER, &got, &length) == 0 && got.l_onoff == 1 && got.l_linger == 5);
    FAILS(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
    FAILS(setsockopt(ends[0], SOL_SOCKET, SO_KEEPALIVE, &value, 3), EINVAL);
    FAILS(setsockopt(ends[0], SOL_SOCKET, SO_KEEPALIVE, (void *)8, 4), EFAULT);
    FAILS(setsockopt(ends[0], SOL_SOCKET, 9999, &value, 4), ENOPROTOOPT);
    FAILS(setsockopt(ends[0], 6, 1, &value, 4), EOPNOTSUPP);
    FAILS(getsockopt(ends[0], SOL_SOCKET, 9999, &value, &length), ENOPROTOOPT);
    FAILS(getsockopt(ends[0], 6, 1, &value, &length), EOPNOTSUPP);
    length = -1;
    FAILS(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &length), EINVAL);
    length = 2;
    value = -1;
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &length) == 0 && length == 2 && (value & 0xffff) == 1);
    struct ucred peer;
    length = sizeof peer;
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid == getpid());
    CHECK(peer.uid == geteuid() && peer.gid == getegid() && length == 12);
    gid_t groups[64];
    length = sizeof groups;
    CHECK(getsockopt(ends[0], SOL_SOCKET, SO_PEERGROUPS, groups, &length) == 0 &&
          length == getgroups(0, NULL) * sizeof(gid_t));
    int lone = socket(AF_UNIX, SOCK_STREAM, 0);
    length = sizeof peer;
    CHECK(getsockopt(lone, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid == 0 && peer.uid == (uid_t)-1);
    length = sizeof groups;
    FAILS(getsockopt(lone, SOL_SOCKET, SO_PEERGROUPS, groups, &length), ENODATA);
    close(lone);
    close_two(ends);
}

static long ms_since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void time_limits(void) {
    int ends[2];
    char text[8];
    struct timespec start;
    for (int i = 0; i < 3; i++) {
        pair(types[i], ends);
        struct timeval limit = {0, 30000}, got;
        socklen_t length = sizeof got;
        CHECK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
        CHECK(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0);
        CHECK(getsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &got, &length) == 0 && got.tv_sec == 0 && got.tv_usec >= 30000);
        limit.tv_usec = 1000000;
        FAILS(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), EDOM);
        clock_gettime(CLOCK_MONOTONIC, &start);
        FAILS(read(ends[0], text, 8), EAGAIN);
        CHECK(ms_since(&start) >= 29);
        while (send(ends[0], text, 8, MSG_DONTWAIT) == 8)
            ;
        clock_gettime(CLOCK_MONOTONIC, &start);
        FAILS(write(ends[0], text, 8), EAGAIN);
        CHECK(ms_since(&start) >= 29);
        close_two(ends);
    }
}

static void signals(void) {
    int ends[2];
    char text[8];
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0}};
    struct sigaction action = {.sa_handler = on_signal}, restart = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    pair(SOCK_STREAM, ends);
    sigaction(SIGALRM, &action, NULL);
    alarms = mmap(NULL, sizeof *alarms, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setitimer(ITIMER_REAL, &often, NULL);
    FAILS(read(ends[0], text, 8), EINTR);
    sigaction(SIGALRM, &restart, NULL);
    *alarms = 0;
    pid_t reader = getpid();
    if (fork() == 0) {
        while (*alarms < 3 || !until_asleep(reader))
            usleep(1000);
        _exit(write(ends[1], "x", 1) != 1);
    }
    CHECK(read(ends[0], text, 8) == 1 && *alarms >= 3);
    struct timeval limit = {1000, 0};
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    FAILS(read(ends[0], text, 8), EINTR); /* a wait with a limit is not begun again */
    setitimer(ITIMER_REAL, &never, NULL);
    wait(NULL);
    munmap((void *)alarms, sizeof *alarms);
    close_two(ends);
}

/* ---- control messages ---- */

union control {
    struct cmsghdr header;
    char bytes[2048];
};

static ssize_t send_files(int fd, const int *files, int count, const char *text) {
    union control control;
    struct iovec data = {(char *)text, strlen(text)};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    memset(&control, 0, sizeof control);
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), files, count * sizeof(int));
    return sendmsg(fd, &message, 0);
}

/* Bytes; *count: room, then files received; *flags: msg_flags. */
static ssize_t receive_files(int fd, int *files, int *count, int *flags, int how) {
    union control control;
    char text[64];
    struct iovec data = {text, sizeof text};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = *count ? CMSG_LEN(*count * sizeof(int)) : 0};
    ssize_t result = recvmsg(fd, &message, how);
    *flags = message.msg_flags;
    *count = 0;
    struct cmsghdr *header = result >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        *count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(files, CMSG_DATA(header), *count * sizeof(int));
    }
    return result;
}

static int lowest_free(void) {
    int fd = dup(0);
    close(fd);
    return fd;
}

static void passing_files(void) {
    int ends[2], pipes[2], files[260], count, flags, start = lowest_free();
    char text[64];
    for (int i = 0; i < 3; i++) {
        pair(types[i], ends);
        CHECK(pipe(pipes) == 0);
        CHECK(send_files(ends[0], pipes, 2, "files") == 5);
        close_two(pipes);
        count = 2;
        CHECK(receive_files(ends[1], files, &count, &flags, MSG_CMSG_CLOEXEC) == 5 && count == 2 && flags == MSG_CMSG_CLOEXEC);
        CHECK(fcntl(files[0], F_GETFD) == FD_CLOEXEC);
        CHECK(write(files[1], "through", 7) == 7 && read(files[0], text, 64) == 7);
        /* Peeking gives more descriptors; too little room loses some. */
        CHECK(send_files(ends[0], files, 2, "again") == 5);
        int peeked[2];
        count = 2;
        CHECK(receive_files(ends[1], peeked, &count, &flags, MSG_PEEK) == 5 && count == 2);
        close_two(peeked);
        count = 1;
        CHECK(receive_files(ends[1], peeked, &count, &flags, 0) == 5 && count == 1 && flags == MSG_CTRUNC);
        close(peeked[0]);
        CHECK(send_files(ends[0], files, 2, "lost") == 4 && read(ends[1], text, 64) == 4);
        CHECK(send_files(ends[0], files, 2, "lost") == 4);
        count = 0;
        CHECK(receive_files(ends[1], peeked, &count, &flags, 0) == 4 && count == 0 && flags == MSG_CTRUNC);
        close_two(files);
        CHECK(read(ends[1], text, 0) == 0);
        FAILS(send_files(ends[0], files, 1, "bad"), EBADF);
        for (int j = 0; j < 254; j++)
            files[j] = ends[0];
        FAILS(send_files(ends[0], files, 254, "many"), EINVAL);
        CHECK(send_files(ends[0], files, 253, "many") == 4);
        count = 253;
        CHECK(receive_files(ends[1], files, &count, &flags, 0) == 4 && count == 253 && flags == 0);
        for (int j = 0; j < count; j++)
            close(files[j]);
        close_two(ends);
    }
    /* On a stream a read stops behind files, but plain bytes before them come along. */
    pair(SOCK_STREAM, ends);
    CHECK(write(ends[0], "ab", 2) == 2 && send_files(ends[0], ends, 1, "cd") == 2 && write(ends[0], "ef", 2) == 2);
    count = 1;
    CHECK(receive_files(ends[1], files, &count, &flags, 0) == 4 && count == 1);
    close(files[0]);
    CHECK(read(ends[1], text, 64) == 2);
    /* Too few descriptors. */
    struct rlimit limit, small;
    getrlimit(RLIMIT_NOFILE, &limit);
    small = limit;
    small.rlim_cur = lowest_free() + 1;
    CHECK(send_files(ends[0], ends, 2, "x") == 1 && setrlimit(RLIMIT_NOFILE, &small) == 0);
    count = 2;
    CHECK(receive_files(ends[1], files, &count, &flags, 0) == 1 && count == 1 && flags == MSG_CTRUNC);
    setrlimit(RLIMIT_NOFILE, &limit);
    close(files[0]);
    /* Malformed ones. */
    union control control = {.header = {.cmsg_len = 8, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec data = {text, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = 24};
    FAILS(sendmsg(ends[0], &message, 0), EINVAL);
    control.header.cmsg_len = 100;
    FAILS(sendmsg(ends[0], &message, 0), EINVAL);
    control.header = (struct cmsghdr){.cmsg_len = 20, .cmsg_level = SOL_SOCKET, .cmsg_type = 99};
    FAILS(sendmsg(ends[0], &message, 0), EINVAL);
    control.header.cmsg_level = 12345;
    CHECK(sendmsg(ends[0], &message, 0) == 1);
    message.msg_control = (void *)8;
    FAILS(sendmsg(ends[0], &message, 0), EFAULT);
    message.msg_controllen = 10000000;
    FAILS(sendmsg(ends[0], &message, 0), ENOBUFS);
    message.msg_controllen = 8;
    CHECK(lowest_free() == start + 2);
    close_two(ends);
}

static ssize_t receive_credentials(int fd, struct ucred *credentials, int *flags, size_t room) {
    union control control;
    char text[64];
    struct iovec data = {text, sizeof text};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
    ssize_t result = recvmsg(fd, &message, MSG_DONTWAIT);
    *flags = message.msg_flags;
    credentials->pid = -1;
    struct cmsghdr *header = result >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_type == SCM_CREDENTIALS && header->cmsg_len == CMSG_LEN(sizeof *credentials))
        memcpy(credentials, CMSG_DATA(header), sizeof *credentials);
    return result;
}

static ssize_t send_credentials(int fd, struct ucred credentials) {
    union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof credentials), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS}};
    struct iovec data = {"c", 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(sizeof credentials)};
    memcpy(CMSG_DATA(&control.header), &credentials, sizeof credentials);
    return sendmsg(fd, &message, 0);
}

static void passing_credentials(void) {
    int ends[2], on = 1, flags, status = -1;
    struct ucred got;
    for (int i = 0; i < 3; i++) {
        pair(types[i], ends);
        CHECK(write(ends[0], "before", 6) == 6);
        CHECK(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
        CHECK(receive_credentials(ends[1], &got, &flags, CMSG_SPACE(sizeof got)) == 6 && got.pid == 0 && got.uid == 65534);
        CHECK(write(ends[0], "after", 5) == 5);
        CHECK(receive_credentials(ends[1], &got, &flags, CMSG_SPACE(sizeof got)) == 5 && got.pid == getpid());
        CHECK(got.uid == getuid() && got.gid == getgid() && flags == 0);
        CHECK(write(ends[0], "short", 5) == 5);
        CHECK(receive_credentials(ends[1], &got, &flags, 8) == 5 && got.pid == -1 && flags == MSG_CTRUNC);
        CHECK(send_credentials(ends[0], (struct ucred){getpid(), getuid(), getgid()}) == 1);
        CHECK(receive_credentials(ends[1], &got, &flags, CMSG_SPACE(sizeof got)) == 1 && got.pid == getpid());
        close_two(ends);
    }
    pair(SOCK_STREAM, ends);
    CHECK(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
    /* Bytes of two writers do not come in one read. */
    CHECK(write(ends[0], "mine", 4) == 4);
    pid_t child = fork();
    if (child == 0)
        _exit(write(ends[0], "child", 5) != 5);
    CHECK(waitpid(child, &status, 0) == child && status == 0 && write(ends[0], "mine", 4) == 4);
    CHECK(receive_credentials(ends[1], &got, &flags, CMSG_SPACE(sizeof got)) == 4 && got.pid == getpid());
    CHECK(receive_credentials(ends[1], &got, &flags, CMSG_SPACE(sizeof got)) == 5 && got.pid == child);
    CHECK(receive_credentials(ends[1], &got, &flags, CMSG_SPACE(sizeof got)) == 4 && got.pid == getpid());
    if (getuid() == 0) {
        child = fork();
        if (child == 0) {
            if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
                _exit(9);
            if (send_credentials(ends[0], (struct ucred){1, 1000, 1000}) != -1 || errno != EPERM)
                _exit(1);
            if (send_credentials(ends[0], (struct ucred){getpid(), 0, 1000}) != -1 || errno != EPERM)
                _exit(2);
            if (send_credentials(ends[0], (struct ucred){getpid(), 1000, 0}) != -1 || errno != EPERM)
                _exit(3);
            _exit(send_credentials(ends[0], (struct ucred){getpid(), 1000, 1000}) != 1);
        }
        CHECK(waitpid(child, &status, 0) == child && status == 0);
        CHECK(receive_credentials(ends[1], &got, &flags, CMSG_SPACE(sizeof got)) == 1 && got.pid == child && got.uid == 1000);
        CHECK(send_credentials(ends[0], (struct ucred){1, 5, 6}) == 1);
        CHECK(receive_credentials(ends[1], &got, &flags, CMSG_SPACE(sizeof got)) == 1 && got.pid == 1 && got.uid == 5 && got.gid == 6);
        FAILS(send_credentials(ends[0], (struct ucred){999999, 0, 0}), ESRCH);
    }
    close_two(ends);
    /* With SO_PASSCRED a sender gets a name. */
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    int server = socket(AF_UNIX, SOCK_DGRAM, 0), client = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t server_length = abstract(&name, "passing");
    CHECK(bind(server, (void *)&name, server_length) == 0);
    CHECK(setsockopt(client, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
    CHECK(sendto(client, "x", 1, 0, (void *)&name, server_length) == 1);
    CHECK(getsockname(client, (void *)&name, &length) == 0 && length == 8);
    close(client);
    close(server);
}

/* ---- sockets that hold each other ---- */


static void circles(void) {
    int ends[2], start = lowest_free();
    for (int round = 0; round < 50; round++) {
        pair(SOCK_STREAM, ends); /* each in the other's queue */
        CHECK(send_files(ends[0], &ends[0], 1, "a") == 1 && send_files(ends[1], &ends[1], 1, "b") == 1);
        close_two(ends);
        pair(SOCK_DGRAM, ends); /* both in one's */
        CHECK(send_files(ends[0], ends, 2, "ab") == 2);
        close_two(ends);
    }
    /* A long chain: each holds the one before. */
    pair(SOCK_DGRAM, ends);
    for (int i = 0; i < 2000; i++) {
        int next[2];
        pair(SOCK_DGRAM, next);
        if (send_files(next[0], ends, 2, "chain") != 5)
            break;
        close_two(ends);
        memcpy(ends, next, sizeof ends);
    }
    close_two(ends);
    CHECK(lowest_free() == start);
    /* What is in a circle that somebody still holds arrives. */
    int outside[2], files[2], count = 2, flags, pipes[2];
    char text[8];
    pair(SOCK_STREAM, outside);
    pair(SOCK_STREAM, ends);
    CHECK(pipe(pipes) == 0);
    CHECK(send_files(ends[0], (int[]){ends[1], pipes[0]}, 2, "in") == 2);
    CHECK(send_files(outside[0], &ends[1], 1, "x") == 1);
    close_two(ends);
    for (int i = 0; i < 20; i++) { /* collections meanwhile */
        pair(SOCK_STREAM, ends);
        CHECK(send_files(ends[0], &ends[1], 1, "a") == 1);
        close_two(ends);
    }
    count = 1;
    CHECK(receive_files(outside[1], files, &count, &flags, 0) == 1 && count == 1);
    int held = files[0];
    count = 2;
    CHECK(receive_files(held, files, &count, &flags, 0) == 2 && count == 2);
    CHECK(write(pipes[1], "ok", 2) == 2 && read(files[1], text, 8) == 2);
    close_two(files);
    close_two(pipes);
    close(held);
    close_two(outside);
    CHECK(lowest_free() == start);
}

/* A listener with a connection that holds the listener. */
static void listener_circles(void) {
    struct sockaddr_un name;
    socklen_t length;
    for (int round = 0; round < 10; round++) {
        char text[16];
        int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
        snprintf(text, sizeof text, "circle-%d", round);
        length = abstract(&name, text);
        CHECK(bind(server, (void *)&name, length) == 0 && listen(server, 5) == 0);
        CHECK(connect(client, (void *)&name, length) == 0 && send_files(client, (int[]){server, client}, 2, "x") == 1);
        close(client);
        close(server);
    }
    int server = -1;
    for (int tries = 0; tries < 500; tries++) { /* the name is free again when the circle is gone */
        server = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(server, (void *)&name, length) == 0)
            break;
        close(server);
        server = -1;
        usleep(10000);
    }
    CHECK(server >= 0);
    close(server);
}

static void too_many_in_flight(void) {
    int status = -1;
    if (getuid() != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        int ends[2], sent = 0;
        struct rlimit limit = {32, 32};
        pair(SOCK_STREAM, ends);
        if (setrlimit(RLIMIT_NOFILE, &limit) || setresuid(1001, 1001, 1001))
            _exit(9);
        while (sent < 100 && send_files(ends[0], (int[]){0}, 1, "x") == 1)
            sent++;
        _exit(!(sent == 33 && errno == ETOOMANYREFS));
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* ---- epoll, and others through file operations ---- */

static void edges(void) {
    int ends[2], set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET}, got;
    char text[8];
    pair(SOCK_STREAM, ends);
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event) == 0);
    CHECK(epoll_wait(set, &got, 1, 0) == 1 && got.events == EPOLLOUT && epoll_wait(set, &got, 1, 0) == 0);
    CHECK(write(ends[1], "a", 1) == 1 && epoll_wait(set, &got, 1, 0) == 1 && got.events == (EPOLLIN | EPOLLOUT));
    CHECK(epoll_wait(set, &got, 1, 0) == 0);
    CHECK(write(ends[1], "b", 1) == 1 && epoll_wait(set, &got, 1, 0) == 1); /* each arrival is an edge */
    CHECK(read(ends[0], text, 8) == 2 && epoll_wait(set, &got, 1, 0) == 0);
    CHECK(shutdown(ends[1], SHUT_WR) == 0 && epoll_wait(set, &got, 1, 0) == 1);
    CHECK(got.events == (EPOLLIN | EPOLLOUT | EPOLLRDHUP) && epoll_wait(set, &got, 1, 0) == 0);
    CHECK(close(ends[1]) == 0 && epoll_wait(set, &got, 1, 0) == 1);
    CHECK(got.events == (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP));
    close(ends[0]);
    CHECK(epoll_wait(set, &got, 1, 0) == 0);
    close(set);
}

static void sending_a_file(void) {
    int ends[2], file = open("/tmp/unix-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    static char in[20000], out[20000];
    for (unsigned i = 0; i < sizeof in; i++)
        in[i] = (char)(i * 7);
    CHECK(write(file, in, sizeof in) == sizeof in && lseek(file, 0, SEEK_SET) == 0);
    pair(SOCK_STREAM, ends);
    CHECK(sendfile(ends[0], file, NULL, sizeof in) == sizeof in);
    CHECK(recv(ends[1], out, sizeof out, MSG_WAITALL) == sizeof out && !memcmp(in, out, sizeof in));
    close_two(ends);
    close(file);
    unlink("/tmp/unix-file");
}

static void proc_view(void) {
    struct sockaddr_un name;
    char line[256], wanted[128];
    int server = socket(AF_UNIX, SOCK_STREAM, 0), found = 0;
    socklen_t length = abstract(&name, "viewed");
    CHECK(bind(server, (void *)&name, length) == 0 && listen(server, 1) == 0);
    snprintf(wanted, sizeof wanted, " @viewed-%d\n", (int)getpid());
    FILE *file = fopen("/proc/net/unix", "r");
    CHECK(file != NULL);
    CHECK(file && fgets(line, sizeof line, file) && !strcmp(line, "Num       RefCount Protocol Flags    Type St Inode Path\n"));
    while (file && fgets(line, sizeof line, file))
        if (strstr(line, wanted))
            found += strstr(line, ": 00000002 00000000 00010000 0001 01 ") != NULL;
    CHECK(found == 1);
    if (file)
        fclose(file);
    close(server);
}

/* ---- several at once ---- */

#define THREADS 4
#define ROUNDS 2000

static int shared_ends[2];
static long sums[THREADS];

static void *take(void *argument) {
    long *sum = argument;
    uint32_t value;
    while (read(shared_ends[1], &value, sizeof value) == sizeof value && value != 0)
        *sum += value;
    return NULL;
}

static void *put(void *argument) {
    (void)argument;
    for (uint32_t i = 1; i <= ROUNDS; i++)
        if (write(shared_ends[0], &i, sizeof i) != sizeof i)
            return (void *)1;
    return NULL;
}

static void several(void) {
    for (int i = 1; i < 3; i++) {
        pthread_t takers[THREADS], putters[THREADS];
        long total = 0;
        uint32_t end = 0;
        pair(types[i], shared_ends);
        for (int j = 0; j < THREADS; j++) {
            sums[j] = 0;
            pthread_create(&takers[j], NULL, take, &sums[j]);
            pthread_create(&putters[j], NULL, put, NULL);
        }
        for (int j = 0; j < THREADS; j++)
            pthread_join(putters[j], NULL);
        for (int j = 0; j < THREADS; j++)
            CHECK(write(shared_ends[0], &end, sizeof end) == sizeof end);
        for (int j = 0; j < THREADS; j++) {
            pthread_join(takers[j], NULL);
            total += sums[j];
        }
        CHECK(total == (long)THREADS * ROUNDS * (ROUNDS + 1) / 2);
        close_two(shared_ends);
    }
}

static void bulk(void) {
    static char block[100000];
    int ends[2], status = -1;
    pair(SOCK_STREAM, ends);
    pid_t child = fork();
    if (child == 0) {
        unsigned long position = 0;
        close(ends[0]);
        for (ssize_t got; (got = read(ends[1], block, 40000)) > 0;)
            for (ssize_t i = 0; i < got; i++, position++)
                if (block[i] != (char)(position % 251))
                    _exit(1);
        _exit(position != 40 * sizeof block);
    }
    close(ends[1]);
    unsigned long position = 0;
    for (int round = 0; round < 40; round++) {
        for (unsigned i = 0; i < sizeof block; i++, position++)
            block[i] = (char)(position % 251);
        CHECK(write(ends[0], block, sizeof block) == sizeof block);
    }
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static const struct part parts[] = {
    {"creating", creating}, {"stream bytes", stream_bytes}, {"stream waits", stream_waits},
    {"full buffers", full_buffers}, {"closing", closing}, {"shutting down", shutting_down},
    {"datagrams", datagrams}, {"datagram peers", datagram_peers}, {"many messages", many_messages},
    {"names", names}, {"connections", connections}, {"permissions", permissions}, {"options", options},
    {"time limits", time_limits}, {"signals", signals}, {"passing files", passing_files},
    {"passing credentials", passing_credentials}, {"circles", circles}, {"listener circles", listener_circles},
    {"too many in flight", too_many_in_flight}, {"edges", edges}, {"sending a file", sending_a_file},
    {"proc view", proc_view}, {"several", several}, {"bulk", bulk},
};

int main(int argc, char **argv) {
    struct rlimit limit = {4096, 4096};
    signal(SIGPIPE, on_signal);
    umask(022);
    setvbuf(stdout, NULL, _IOLBF, 0);
    getrlimit(RLIMIT_NOFILE, &limit);
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
