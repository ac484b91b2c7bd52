/* Pipes and their buffers. */
#include "tests/vm/programs/splice/splice.h"

/* Buffers, not bytes, are what a pipe has a limit of. */
void test_buffers(void) {
    section = "buffers";
    int p[2];
    OK(pipe2(p, O_NONBLOCK));
    IS(fcntl(p[1], F_SETPIPE_SZ, 4 * 4096), 4 * 4096);
    IS(write(p[1], block, 4097), 4097); /* two buffers; the second is open */
    IS(write(p[1], block, 4095), 4095); /* behind the one byte */
    IS(write(p[1], block, 1), 1);       /* third */
    IS(write(p[1], block, 4096), 4096); /* fourth: whole pages never join */
    struct pollfd out = {p[1], POLLOUT, 0};
    IS(poll(&out, 1, 0), 0);
    FAILS(write(p[1], block, 4096), EAGAIN);
    IS(held(p[0]), 4097 + 4095 + 1 + 4096);
    IS(read(p[0], got, 4096), 4096);
    IS(poll(&out, 1, 0), 1);
    IS(write(p[1], block, 100), 100);
    IS(write(p[1], block, 100), 100);
    FAILS(fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY);
    IS(fcntl(p[1], F_SETPIPE_SZ, 65536), 65536);
    IS(held(p[0]), 4096 + 1 + 4096 + 200);
    IS(read(p[0], got, sizeof got), 4096 + 1 + 4096 + 200);
    TRUE(got[0] == block[4096] && memcmp(got + 1, block, 4095) == 0 && got[4096] == block[0]);
    IS(fcntl(p[1], F_SETPIPE_SZ, 0), 4096);
    IS(fcntl(p[1], F_SETPIPE_SZ, 4097), 8192);
    close(p[0]);
    close(p[1]);
}

void test_packets(void) {
    section = "packets";
    int p[2];
    OK(pipe2(p, O_DIRECT | O_NONBLOCK));
    IS(fcntl(p[1], F_GETFL), O_WRONLY | O_DIRECT | O_NONBLOCK);
    IS(write(p[1], "first", 5), 5);
    IS(write(p[1], "second", 6), 6);
    IS(write(p[1], block, 5000), 5000);
    IS(read(p[0], got, 100), 5);
    IS(read(p[0], got, 2), 2); /* the rest of it is lost */
    IS(read(p[0], got, 8192), 4096);
    IS(read(p[0], got, 8192), 904);
    FAILS(read(p[0], got, 1), EAGAIN);
    OK(fcntl(p[1], F_SETFL, O_NONBLOCK));
    IS(write(p[1], "ab", 2), 2);
    OK(fcntl(p[1], F_SETFL, O_NONBLOCK | O_DIRECT));
    IS(write(p[1], "cd", 2), 2);
    OK(fcntl(p[1], F_SETFL, O_NONBLOCK));
    IS(write(p[1], "ef", 2), 2);
    IS(read(p[0], got, 100), 6); /* behind open bytes also a packet goes */
    close(p[0]);
    close(p[1]);
}

void test_pipes(void) {
    section = "pipes";
    int p[2], q[2];
    OK(pipe(p));
    OK(pipe2(q, O_NONBLOCK));
    IS(write(p[1], block, 10000), 10000);
    IS(tee(p[0], q[1], 6000, 0), 6000);
    IS(held(p[0]), 10000);
    IS(held(q[0]), 6000);
    IS(splice(p[0], NULL, q[1], NULL, 5000, 0), 5000);
    IS(held(p[0]), 5000);
    IS(write(p[1], "tail", 4), 4); /* must not appear in what was shared or moved */
    IS(read(q[0], got, sizeof got), 11000);
    TRUE(memcmp(got, block, 6000) == 0 && memcmp(got + 6000, block, 5000) == 0);
    IS(read(p[0], got, sizeof got), 5004);
    TRUE(memcmp(got, block + 5000, 5000) == 0 && memcmp(got + 5000, "tail", 4) == 0);
    /* a copy is not written behind */
    IS(write(p[1], "abc", 3), 3);
    IS(tee(p[0], q[1], 3, 0), 3);
    IS(write(q[1], "def", 3), 3);
    IS(write(p[1], "ghi", 3), 3);
    IS(read(p[0], got, 10), 6);
    TRUE(memcmp(got, "abcghi", 6) == 0);
    IS(read(q[0], got, 10), 6);
    TRUE(memcmp(got, "abcdef", 6) == 0);
    /* more than fits */
    IS(fcntl(q[1], F_SETPIPE_SZ, 8192), 8192);
    IS(write(p[1], block, 20000), 20000);
    IS(tee(p[0], q[1], 20000, 0), 8192);
    FAILS(tee(p[0], q[1], 1, 0), EAGAIN);
    FAILS(splice(p[0], NULL, q[1], NULL, 1, 0), EAGAIN);
    drain(q[0]);
    IS(splice(p[0], NULL, q[1], NULL, 20000, 0), 8192);
    IS(held(p[0]), 20000 - 8192);
    close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}

static void *later(void *argument) {
    until_asleep(getpid()); /* the first thread */
    int *fds = argument;
    if (fds[1] >= 0)
        write(fds[1], "late", 4);
    else
        read(fds[0], got, 65536);
    return NULL;
}

void test_waiting(void) {
    section = "waiting";
    int p[2], q[2], file = make("in", 100000);
    pthread_t thread;
    OK(pipe(p));
    OK(pipe(q));
    pthread_create(&thread, NULL, later, p);
    IS(splice(p[0], NULL, q[1], NULL, 100, 0), 4);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, later, p);
    IS(tee(p[0], q[1], 100, 0), 4);
    pthread_join(thread, NULL);
    drain(p[0]), drain(q[0]);
    IS(write(p[1], block, 65536), 65536);
    int reading[2] = {p[0], -1};
    pthread_create(&thread, NULL, later, reading);
    IS(splice(file, NULL, p[1], NULL, 10, 0), 10);
    pthread_join(thread, NULL);
    close(p[0]), close(p[1]), close(q[0]), close(q[1]), close(file);
    unlink("in");
}
