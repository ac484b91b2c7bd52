/* epoll, sendfile, /proc; several threads at once. */
#include "tests/vm/programs/unix_sockets/unix_sockets.h"

void edges(void) {
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

void sending_a_file(void) {
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

void proc_view(void) {
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

void several(void) {
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

void bulk(void) {
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
