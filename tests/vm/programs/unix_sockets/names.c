/* Names, listening and connecting, who may. */
#include "tests/vm/programs/unix_sockets/unix_sockets.h"

void names(void) {
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

void connections(void) {
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
        close(accepted);
        close(client);
        close(server);
        unlink(name.sun_path);
    }
    int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
    FAILS(listen(datagram, 1), EOPNOTSUPP);
    FAILS(accept(datagram, NULL, NULL), EOPNOTSUPP);
    close(datagram);
}

/* How many may wait to be accepted: one more than it says. */
void backlogs(void) {
    struct sockaddr_un name;
    for (int i = 0; i < 3; i += 2) {
        int server = socket(AF_UNIX, types[i], 0), client = socket(AF_UNIX, types[i], 0);
        socklen_t length = in_tree(&name, "backlog");
        char text[8];
        CHECK(bind(server, (void *)&name, length) == 0 && listen(server, 1) == 0);
        CHECK(connect(client, (void *)&name, length) == 0);
        int accepted = accept(server, NULL, NULL);
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
}

void permissions(void) {
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
