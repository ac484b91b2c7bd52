/* Files and credentials in messages. */
#include "tests/vm/programs/unix_sockets/unix_sockets.h"

void passing_files(void) {
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
    CHECK(lowest_free() == start);
}

void refused_files(void) {
    int ends[2], files[2], count, flags, start = lowest_free();
    char text[64];
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

void passing_credentials(void) {
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

void too_many_in_flight(void) {
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
