/* Options, limits of time, signals. */
#include "tests/vm/programs/unix_sockets/unix_sockets.h"

void options(void) {
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

void time_limits(void) {
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

void signals(void) {
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
