/* Making sockets; bytes of streams, their ends. */
#include "tests/vm/programs/unix_sockets/unix_sockets.h"

void creating(void) {
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

void stream_bytes(void) {
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
void stream_waits(void) {
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

void full_buffers(void) {
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

void closing(void) {
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

void shutting_down(void) {
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
