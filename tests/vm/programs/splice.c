/*
 * splice, tee, vmsplice, sendfile, copy_file_range and pipes' buffers: every expectation also holds on Linux. Runs
 * as root in the directory given. "stress SECONDS" instead: many threads at a few pipes, nothing may be lost.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"
#include "tests/vm/programs/states.h"

static char block[1 << 20], got[1 << 20];

static void fill(void) {
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)(i * 7 + i / 4096);
}

static int make(const char *name, size_t size) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    IS(write(fd, block, size), size);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static int held(int fd) {
    int bytes = -1;
    ioctl(fd, FIONREAD, &bytes);
    return bytes;
}

static void drain(int fd) {
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (read(fd, got, sizeof got) > 0)
        ;
    fcntl(fd, F_SETFL, flags);
}

/* Buffers, not bytes, are what a pipe has a limit of. */
static void test_buffers(void) {
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

static void test_packets(void) {
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

static void test_files(void) {
    section = "files";
    int p[2], file = make("in", 200000), out = make("out", 0);
    OK(pipe(p));
    IS(splice(file, NULL, p[1], NULL, 1000, 0), 1000);
    IS(lseek(file, 0, SEEK_CUR), 1000);
    loff_t at = 5000;
    IS(splice(file, &at, p[1], NULL, 10000, SPLICE_F_MOVE | SPLICE_F_MORE), 10000);
    TRUE(at == 15000 && lseek(file, 0, SEEK_CUR) == 1000);
    IS(held(p[0]), 11000);
    IS(splice(p[0], NULL, out, NULL, 500, 0), 500);
    IS(splice(p[0], NULL, out, NULL, 100000, 0), 10500);
    IS(lseek(out, 0, SEEK_CUR), 11000);
    IS(pread(out, got, 20000, 0), 11000);
    TRUE(memcmp(got, block, 1000) == 0 && memcmp(got + 1000, block + 5000, 10000) == 0);
    at = 199990;
    IS(splice(file, &at, p[1], NULL, 100, 0), 10);
    IS(splice(file, &at, p[1], NULL, 100, 0), 0);
    at = 3;
    IS(splice(p[0], NULL, out, &at, 100, 0), 10);
    TRUE(at == 13 && lseek(out, 0, SEEK_CUR) == 11000);
    IS(pread(out, got, 10, 3), 10);
    TRUE(memcmp(got, block + 199990, 10) == 0);
    /* as many pages as the pipe takes */
    at = 0;
    IS(splice(file, &at, p[1], NULL, 200000, SPLICE_F_NONBLOCK), 65536);
    FAILS(splice(file, &at, p[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    drain(p[0]);
    at = 4000;
    IS(splice(file, &at, p[1], NULL, 200000, 0), 15 * 4096 + 96);
    /* pages are shared with the file: a later write shows, a truncation does not take them away */
    drain(p[0]);
    at = 0;
    IS(splice(file, &at, p[1], NULL, 8192, 0), 8192);
    IS(pwrite(file, "changed", 7, 0), 7);
    OK(ftruncate(file, 0));
    IS(read(p[0], got, 8192), 8192);
    TRUE(memcmp(got, "changed", 7) == 0 && memcmp(got + 4096, block + 4096, 4096) == 0);
    /* a hole */
    OK(ftruncate(file, 10000));
    at = 0;
    IS(splice(file, &at, p[1], NULL, 10000, 0), 10000);
    IS(read(p[0], got, 10000), 10000);
    TRUE(got[0] == 0 && got[9999] == 0);
    close(file), close(out), close(p[0]), close(p[1]);
    unlink("in"), unlink("out");
}

static void test_errors(void) {
    section = "errors";
    int p[2], q[2], file = make("in", 100), append = open("in", O_WRONLY | O_APPEND), dir = open(".", O_RDONLY);
    int only_write = open("in", O_WRONLY), only_read = open("in", O_RDONLY), event = eventfd(1, 0);
    loff_t at = 0, negative = -1;
    OK(pipe(p));
    OK(pipe(q));
    IS(splice(-1, NULL, -1, NULL, 0, 99), 0);
    FAILS(splice(file, NULL, p[1], NULL, 1, 16), EINVAL);
    FAILS(splice(-1, NULL, p[1], NULL, 1, 0), EBADF);
    FAILS(splice(file, NULL, -1, NULL, 1, 0), EBADF);
    FAILS(splice(p[0], &at, file, NULL, 1, 0), ESPIPE);
    FAILS(splice(file, NULL, p[1], &at, 1, 0), ESPIPE);
    FAILS(splice(p[1], &at, file, NULL, 1, 0), ESPIPE);
    FAILS(splice(p[1], NULL, file, NULL, 1, 0), EBADF);
    FAILS(splice(file, NULL, p[0], NULL, 1, 0), EBADF);
    FAILS(splice(only_write, NULL, p[1], NULL, 1, 0), EBADF);
    FAILS(splice(p[0], NULL, only_read, NULL, 1, 0), EBADF);
    FAILS(splice(file, NULL, only_write, NULL, 1, 0), EINVAL);
    FAILS(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL);
    FAILS(splice(p[0], NULL, append, NULL, 1, 0), EINVAL);
    FAILS(splice(file, (loff_t *)8, p[1], NULL, 1, 0), EFAULT);
    FAILS(splice(file, &negative, p[1], NULL, 1, 0), EINVAL);
    IS(write(p[1], "x", 1), 1);
    FAILS(splice(p[0], NULL, file, &negative, 1, 0), EINVAL);
    FAILS(splice(dir, NULL, p[1], NULL, 1, 0), EINVAL);
    FAILS(splice(p[0], NULL, event, NULL, 8, 0), EINVAL);
    int path = open("in", O_PATH);
    FAILS(splice(path, NULL, p[1], NULL, 1, 0), EBADF);
    IS(tee(-1, -1, 0, 0), 0);
    FAILS(tee(p[0], q[1], 0, 16), EINVAL);
    FAILS(tee(-1, q[1], 1, 0), EBADF);
    FAILS(tee(p[1], q[1], 1, 0), EBADF);
    FAILS(tee(p[0], q[0], 1, 0), EBADF);
    FAILS(tee(file, q[1], 1, 0), EINVAL);
    FAILS(tee(p[0], p[1], 1, 0), EINVAL);
    struct iovec piece = {block, 10}, bad = {(void *)8, 10};
    FAILS(vmsplice(-1, &piece, 1, 0), EBADF);
    FAILS(vmsplice(file, &piece, 1, 0), EBADF);
    FAILS(vmsplice(p[1], &piece, 1, 16), EINVAL);
    FAILS(vmsplice(p[1], &piece, 1025, 0), EINVAL);
    FAILS(vmsplice(p[1], &bad, 1, 0), EFAULT);
    FAILS(vmsplice(p[1], (void *)8, 1, 0), EFAULT);
    IS(vmsplice(p[1], NULL, 0, 0), 0);
    FAILS(vmsplice(p[0], &bad, 1, 0), EFAULT);
    IS(held(p[0]), 1);
    drain(p[0]);
    FAILS(splice(p[0], NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    FAILS(tee(p[0], q[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
    FAILS(splice(p[0], NULL, file, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    FAILS(vmsplice(p[0], &piece, 1, SPLICE_F_NONBLOCK), EAGAIN);
    signal(SIGPIPE, SIG_IGN);
    close(q[0]);
    FAILS(splice(file, NULL, q[1], NULL, 1, 0), EPIPE);
    FAILS(vmsplice(q[1], &piece, 1, 0), EPIPE);
    IS(write(p[1], "x", 1), 1);
    FAILS(splice(p[0], NULL, q[1], NULL, 1, 0), EPIPE);
    FAILS(tee(p[0], q[1], 1, 0), EPIPE);
    IS(held(p[0]), 1);
    drain(p[0]);
    close(p[1]);
    IS(splice(p[0], NULL, file, NULL, 1, 0), 0);
    IS(splice(p[0], NULL, file, NULL, 1, SPLICE_F_NONBLOCK), 0);
    IS(vmsplice(p[0], &piece, 1, 0), 0);
    close(p[0]), close(q[1]), close(file), close(append), close(dir), close(only_read), close(only_write), close(event);
    close(path);
    unlink("in");
}

static void test_pipes(void) {
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

static void test_memory(void) {
    section = "memory";
    int p[2];
    char *pages = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(pipe(p));
    memset(pages, 'a', 4 * 4096);
    struct iovec two[2] = {{pages + 100, 5000}, {pages + 3 * 4096, 10}};
    IS(vmsplice(p[1], two, 2, SPLICE_F_GIFT), 5010);
    pages[100] = 'b'; /* the pages are the program's still */
    pages[3 * 4096] = 'c';
    IS(read(p[0], got, sizeof got), 5010);
    TRUE(got[0] == 'b' && got[1] == 'a' && got[5000] == 'c' && got[5009] == 'a');
    struct iovec untouched = {pages + 5 * 4096, 4096};
    IS(vmsplice(p[1], &untouched, 1, 0), 4096);
    IS(read(p[0], got, 4096), 4096);
    TRUE(got[0] == 0 && got[4095] == 0);
    /* gone memory */
    struct iovec last = {pages + 3 * 4096, 4096};
    IS(vmsplice(p[1], &last, 1, 0), 4096);
    munmap(pages, 4 * 4096);
    IS(read(p[0], got, 4096), 4096);
    TRUE(got[0] == 'c' && got[4095] == 'a');
    /* half of it is there */
    struct iovec over = {pages + 7 * 4096, 3 * 4096};
    munmap(pages + 8 * 4096, 4096);
    mprotect(pages + 7 * 4096, 4096, PROT_READ);
    IS(vmsplice(p[1], &over, 1, 0), 4096);
    drain(p[0]);
    /* as many as fit */
    struct iovec much = {block, 100000};
    long first = 16 * 4096 - ((uintptr_t)block & 4095);
    IS(vmsplice(p[1], &much, 1, 0), first);
    FAILS(vmsplice(p[1], &much, 1, SPLICE_F_NONBLOCK), EAGAIN);
    memset(got, 0, sizeof got);
    struct iovec back[2] = {{got, 10000}, {got + 20000, 100000}};
    IS(vmsplice(p[0], back, 2, 0), first);
    TRUE(memcmp(got, block, 10000) == 0 && memcmp(got + 20000, block + 10000, first - 10000) == 0);
    close(p[0]), close(p[1]);
}

static void test_sockets(void) {
    section = "sockets";
    int p[2], s[2], file = make("in", 100000);
    OK(pipe(p));
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    IS(splice(file, NULL, p[1], NULL, 50000, 0), 50000);
    IS(splice(p[0], NULL, s[0], NULL, 50000, 0), 50000);
    long total = 0, n;
    while (total < 50000 && (n = splice(s[1], NULL, p[1], NULL, 50000 - total, 0)) > 0) {
        for (long left = n; left > 0; left -= n, total += n)
            n = read(p[0], got + total, left);
        n = 1;
    }
    TRUE(total == 50000 && memcmp(got, block, 50000) == 0);
    FAILS(splice(s[1], NULL, p[1], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
    loff_t at = 0;
    FAILS(splice(s[1], NULL, s[0], NULL, 10, 0), EINVAL);
    IS(write(s[0], "ab", 2), 2);
    IS(sendfile(p[1], file, NULL, 3000), 3000);
    drain(p[0]);
    IS(sendfile(s[1], file, NULL, 3000), 3000);
    IS(read(s[0], got, sizeof got), 3000);
    TRUE(memcmp(got, block + 53000, 3000) == 0);
    shutdown(s[0], SHUT_WR);
    IS(splice(s[1], NULL, p[1], NULL, 10, 0), 2);
    IS(splice(s[1], NULL, p[1], NULL, 10, 0), 0);
    shutdown(s[1], SHUT_WR);
    FAILS(splice(p[0], NULL, s[1], NULL, 2, 0), EPIPE);
    close(p[0]), close(p[1]), close(s[0]), close(s[1]), close(file);
    unlink("in");
}

static void test_terminals(void) {
    section = "terminals";
    int p[2], null = open("/dev/null", O_RDWR), full = open("/dev/urandom", O_RDONLY);
    OK(pipe(p));
    IS(write(p[1], "gone", 4), 4);
    IS(splice(p[0], NULL, null, NULL, 100, 0), 4);
    IS(splice(full, NULL, p[1], NULL, 100, 0), 100);
    IS(held(p[0]), 100);
    close(p[0]), close(p[1]), close(null), close(full);
}

static void test_sendfile(void) {
    section = "sendfile";
    int p[2], s[2], file = make("in", 100000), out = make("out", 0);
    off_t at = 10, negative = -1;
    OK(pipe(p));
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    int append = open("out", O_WRONLY | O_APPEND), only_write = open("in", O_WRONLY), event = eventfd(0, 0);
    FAILS(sendfile(out, -1, NULL, 1), EBADF);
    FAILS(sendfile(-1, file, NULL, 1), EBADF);
    FAILS(sendfile(out, only_write, NULL, 1), EBADF);
    FAILS(sendfile(p[0], file, NULL, 1), EBADF);
    FAILS(sendfile(out, file, &negative, 1), EINVAL);
    FAILS(sendfile(out, file, (off_t *)8, 1), EFAULT);
    FAILS(sendfile(-1, p[0], &at, 1), ESPIPE);
    FAILS(sendfile(-1, s[0], &at, 1), ESPIPE);
    FAILS(sendfile(out, p[0], NULL, 1), EINVAL);
    FAILS(sendfile(out, s[0], NULL, 1), EINVAL);
    FAILS(sendfile(append, file, NULL, 1), EINVAL);
    FAILS(sendfile(event, file, NULL, 8), EINVAL);
    IS(sendfile(out, file, &at, 0), 0);
    IS(sendfile(out, file, &at, 50000), 50000);
    TRUE(at == 50010);
    IS(sendfile(p[1], file, &at, 1000000), 49990);
    IS(held(p[0]), 49990);
    IS(sendfile(p[1], file, &at, 1000), 0);
    drain(p[0]);
    at = 0;
    fcntl(p[1], F_SETFL, O_NONBLOCK);
    IS(sendfile(p[1], file, &at, 1000000), 65536);
    FAILS(sendfile(p[1], file, &at, 1), EAGAIN);
    loff_t from = 0, to = 10;
    IS(copy_file_range(file, &from, out, &to, 100, 0), 100);
    TRUE(from == 100 && to == 110);
    FAILS(copy_file_range(file, NULL, p[1], NULL, 1, 0), EINVAL);
    FAILS(copy_file_range(file, NULL, append, NULL, 1, 0), EBADF);
    FAILS(copy_file_range(out, NULL, only_write, NULL, 1, 1), EINVAL);
    from = 99000, to = 99100;
    FAILS(copy_file_range(file, &from, file, &to, 1000, 0), EINVAL);
    from = 99000, to = 100000;
    IS(copy_file_range(file, &from, file, &to, 2000, 0), 1000); /* there are no more */
    from = 300000;
    IS(copy_file_range(file, &from, file, &to, 2000, 0), 0);
    int other = open("/proc/version", O_RDONLY);
    FAILS(copy_file_range(other, NULL, out, NULL, 10, 0), EXDEV);
    FAILS(copy_file_range(open("/proc", O_RDONLY), NULL, out, NULL, 10, 0), EISDIR);
    close(p[0]), close(p[1]), close(s[0]), close(s[1]), close(file), close(out), close(append), close(only_write);
    close(event), close(other);
    unlink("in"), unlink("out");
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

static void test_waiting(void) {
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

/* ---- stress: numbers go through two pipes and a tee, with splices of odd sizes; their sum must arrive ---- */

#define NUMBERS 200000u
static int chain[3][2];

static void *produce(void *argument) {
    uint32_t numbers[999];
    unsigned seed = 1;
    for (uint32_t next = 0; next < NUMBERS;) {
        uint32_t count = 1 + (uint32_t)rand_r(&seed) % 999, i = 0;
        for (; i < count && next < NUMBERS; i++)
            numbers[i] = next++;
        struct iovec piece = {numbers, i * 4};
        write(chain[0][1], numbers, i * 4);
    }
    close(chain[0][1]);
    return NULL;
}

static void *pass(void *argument) {
    unsigned seed = 2;
    while (splice(chain[0][0], NULL, chain[1][1], NULL, 1 + (unsigned)rand_r(&seed) % 20000, 0) > 0)
        ;
    close(chain[1][1]);
    return NULL;
}

static void *copy(void *argument) {
    unsigned seed = 3;
    long n;
    int sink = open("/dev/null", O_WRONLY);
    while ((n = tee(chain[1][0], chain[2][1], 1 + (unsigned)rand_r(&seed) % 30000, 0)) > 0)
        for (long left = n; left > 0;)
            left -= splice(chain[1][0], NULL, sink, NULL, left, 0);
    close(chain[2][1]);
    close(sink);
    return NULL;
}

static int stress(int seconds) {
    time_t end = time(NULL) + seconds;
    int rounds = 0;
    do {
        pthread_t threads[3];
        for (int i = 0; i < 3; i++)
            pipe(chain[i]);
        pthread_create(&threads[0], NULL, produce, NULL);
        pthread_create(&threads[1], NULL, pass, NULL);
        pthread_create(&threads[2], NULL, copy, NULL);
        uint32_t numbers[1000], next = 0;
        size_t held = 0;
        ssize_t n;
        while ((n = read(chain[2][0], (char *)numbers + held, sizeof numbers - held)) > 0) {
            held += (size_t)n;
            for (size_t i = 0; i < held / 4; i++)
                if (numbers[i] != next++) {
                    printf("got %u for %u\n", numbers[i], next - 1);
                    return 1;
                }
            memmove(numbers, (char *)numbers + held / 4 * 4, held % 4);
            held %= 4;
        }
        for (int i = 0; i < 3; i++) {
            pthread_join(threads[i], NULL);
            close(chain[i][0]);
        }
        if (next != NUMBERS) {
            printf("%u numbers arrived\n", next);
            return 1;
        }
        rounds++;
    } while (time(NULL) < end);
    printf("whole\n");
    return 0;
}

int main(int argc, char **argv) {
    fill();
    if (argc > 2)
        return stress(atoi(argv[2]));
    if (argc < 2 || chdir(argv[1]) != 0)
        return 2;
    test_buffers();
    test_packets();
    test_files();
    test_errors();
    test_pipes();
    test_memory();
    test_sockets();
    test_terminals();
    test_sendfile();
    test_waiting();
    return checks_end();
}
