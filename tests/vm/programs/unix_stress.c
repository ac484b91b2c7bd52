/*
 * AF_UNIX sockets under load: processes, each with threads that share descriptors, send, receive, pass, close,
 * connect, accept, shut down and poll at random, from a fixed seed. Nothing is checked but that it ends; the
 * caller compares the kernel's objects before and after. `unix_stress PROCESSES THREADS STEPS`
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS 24
#define NAMES 4

static int slots[SLOTS]; /* of the process: its threads race for them */
static int steps;
static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

static uint32_t next(uint64_t *state) {
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*state >> 33);
}

static int any(uint64_t *state) {
    return __atomic_load_n(&slots[next(state) % SLOTS], __ATOMIC_RELAXED);
}

static void keep(uint64_t *state, int fd) {
    int old = fd < 0 ? -1 : __atomic_exchange_n(&slots[next(state) % SLOTS], fd, __ATOMIC_RELAXED);
    if (old >= 0)
        close(old);
}

static socklen_t name_of(struct sockaddr_un *name, unsigned number) {
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (number % 2)
        sprintf(name->sun_path, "/tmp/unix-stress-%u", number);
    else
        sprintf(name->sun_path + 1, "unix-stress-%u", number);
    return sizeof name->sun_family + 24;
}

static void make(uint64_t *state) {
    int ends[2], type = types[next(state) % 3] | SOCK_NONBLOCK;
    struct sockaddr_un name;
    unsigned number = next(state) % NAMES;
    socklen_t length = name_of(&name, number);
    switch (next(state) % 3) {
    case 0:
        if (socketpair(AF_UNIX, type, 0, ends) == 0) {
            keep(state, ends[0]);
            keep(state, ends[1]);
        }
        break;
    case 1:
        ends[0] = socket(AF_UNIX, type, 0);
        if (number % 2 && next(state) % 8 == 0)
            unlink(name.sun_path);
        bind(ends[0], (void *)&name, length);
        listen(ends[0], next(state) % 4);
        keep(state, ends[0]);
        break;
    default:
        ends[0] = socket(AF_UNIX, type, 0);
        connect(ends[0], (void *)&name, length);
        keep(state, ends[0]);
    }
}

static void send_something(uint64_t *state) {
    static char bytes[20000];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    int files[4], count = 0, wanted = next(state) % 2 ? next(state) % 5 : 0;
    while (count < wanted)
        files[count++] = any(state);
    struct iovec data = {bytes, next(state) % 4 ? next(state) % 300 : next(state) % sizeof bytes};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (count) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), files, count * sizeof(int));
    }
    struct sockaddr_un name;
    if (next(state) % 4 == 0) {
        message.msg_namelen = name_of(&name, next(state) % NAMES);
        message.msg_name = &name;
    }
    sendmsg(any(state), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void receive_something(uint64_t *state) {
    char bytes[2000];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec data = {bytes, next(state) % sizeof bytes};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = next(state) % 2 ? sizeof control : 0};
    int flags = MSG_DONTWAIT | (next(state) % 4 == 0 ? MSG_PEEK : 0) | (next(state) % 4 == 0 ? MSG_WAITALL : 0);
    if (recvmsg(any(state), &message, flags) < 0 || !CMSG_FIRSTHDR(&message) ||
        CMSG_FIRSTHDR(&message)->cmsg_type != SCM_RIGHTS)
        return;
    int count = (CMSG_FIRSTHDR(&message)->cmsg_len - CMSG_LEN(0)) / sizeof(int), files[4];
    memcpy(files, CMSG_DATA(CMSG_FIRSTHDR(&message)), count * sizeof(int));
    for (int i = 0; i < count; i++)
        keep(state, files[i]);
}

static void wait_a_little(uint64_t *state) {
    struct pollfd entries[4];
    for (int i = 0; i < 4; i++)
        entries[i] = (struct pollfd){any(state), POLLIN | POLLOUT | POLLRDHUP};
    poll(entries, 4, next(state) % 2);
}

/* Blocking calls with a short limit: wake-ups and time-outs race. Through a descriptor of its own, which no other thread
 * closes: the limit must be that of the socket that blocks. */
static void block(uint64_t *state) {
    struct timeval limit = {0, 500};
    char bytes[4000];
    int fd = dup(any(state));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) {
        close(fd);
        return;
    }
    fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    if (next(state) % 2)
        recv(fd, bytes, sizeof bytes, 0);
    else
        send(fd, bytes, next(state) % sizeof bytes, MSG_NOSIGNAL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    close(fd);
}

static void *work(void *argument) {
    uint64_t state = (uintptr_t)argument * 7919;
    int on;
    for (int i = 0; i < steps; i++) {
        switch (next(&state) % 16) {
        case 0:
            make(&state);
            break;
        case 1:
            keep(&state, accept(any(&state), NULL, NULL));
            break;
        case 2:
            keep(&state, dup(any(&state)));
            break;
        case 3:
            on = next(&state) % 2;
            setsockopt(any(&state), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
            break;
        case 4:
            if (next(&state) % 4 == 0)
                shutdown(any(&state), next(&state) % 3);
            break;
        case 5:
            wait_a_little(&state);
            break;
        case 6:
            if (next(&state) % 4 == 0)
                block(&state);
            break;
        case 7:
            keep(&state, any(&state) >= 0 ? socket(AF_UNIX, types[next(&state) % 3] | SOCK_NONBLOCK, 0) : -1);
            break;
        case 8 ... 11:
            send_something(&state);
            break;
        default:
            receive_something(&state);
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    int processes = atoi(argv[1]), threads = atoi(argv[2]);
    steps = atoi(argv[3]);
    (void)argc;
    for (int i = 0; i < SLOTS; i++)
        slots[i] = -1;
    for (int i = 0; i < processes; i++) {
        if (fork() != 0)
            continue;
        pthread_t ids[16];
        for (intptr_t j = 0; j < threads; j++)
            pthread_create(&ids[j], NULL, work, (void *)(i * 100 + j + 1));
        for (int j = 0; j < threads; j++)
            pthread_join(ids[j], NULL);
        _exit(0);
    }
    int status, bad = 0;
    while (wait(&status) > 0)
        bad += status != 0;
    for (unsigned i = 1; i < NAMES; i += 2) {
        struct sockaddr_un name;
        name_of(&name, i);
        unlink(name.sun_path);
    }
    printf("done %d\n", bad);
    return bad != 0;
}
