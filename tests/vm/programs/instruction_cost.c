/*
 * Instructions that basic operations take, under QEMU's -icount shift=1: virtual time advances 2 ns
 * an instruction, so a clock reading counts them. Prints "name instructions", the minimum over
 * rounds. `instruction_cost PROGRAM`: PROGRAM is a tiny static binary for the exec row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_INSTRUCTION 2
#define ROUNDS 7

static char *tiny_program;
static int ping[2], pong[2];

static long now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void do_getpid(void) {
    syscall(SYS_getpid);
}

static void do_fork_exit(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
}

static void do_fork_exec(void) {
    pid_t pid = fork();
    if (pid == 0) {
        execl(tiny_program, tiny_program, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

static void do_stat(void) {
    struct stat info;
    stat("/data/config/passwd", &info);
}

static void do_open_close(void) {
    close(open("/data/config/passwd", O_RDONLY));
}

static void do_fault(void) {
    static char *area;
    static size_t next, size = 1 << 20;
    if (!area || next == size) {
        if (area)
            munmap(area, size);
        area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        next = 0;
    }
    area[next] = 1;
    next += 4096;
}

static void do_pipe(void) {
    char byte = 0;
    if (write(ping[1], &byte, 1) != 1 || read(pong[0], &byte, 1) != 1)
        exit(1);
}

static void pipe_partner(void) {
    char byte;
    if (pipe(ping) < 0 || pipe(pong) < 0)
        exit(1);
    if (fork() == 0) {
        close(ping[1]);
        while (read(ping[0], &byte, 1) == 1 && write(pong[1], &byte, 1) == 1)
            continue;
        _exit(0);
    }
}

static int pair[2];

static void do_unix(void) {
    char byte = 0;
    if (write(pair[0], &byte, 1) != 1 || read(pair[0], &byte, 1) != 1)
        exit(1);
}

static void unix_partner(void) {
    char byte;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    if (fork() == 0) {
        close(pair[0]);
        while (read(pair[1], &byte, 1) == 1 && write(pair[1], &byte, 1) == 1)
            continue;
        _exit(0);
    }
    close(pair[1]);
}

static char block[65536];

/* 64 KiB through a socket to another process. */
static void do_unix_block(void) {
    if (write(pair[0], block, sizeof block) != sizeof block)
        exit(1);
}

static void unix_drain(void) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    if (fork() == 0) {
        close(pair[0]);
        while (read(pair[1], block, sizeof block) > 0)
            continue;
        _exit(0);
    }
    close(pair[1]);
}

static void measure(const char *name, void (*operation)(void), int count) {
    long best = -1;
    for (int round = 0; round < ROUNDS; round++) {
        long start = now_ns();
        for (int i = 0; i < count; i++)
            operation();
        long cost = (now_ns() - start) / NS_PER_INSTRUCTION / count;
        best = best < 0 || cost < best ? cost : best;
    }
    printf("%s %ld\n", name, best);
    fflush(stdout);
}

int main(int argc, char **argv) {
    tiny_program = argc > 1 ? argv[1] : "/sys/bin/true";
    measure("getpid", do_getpid, 1000);
    measure("stat", do_stat, 200);
    measure("open_close", do_open_close, 200);
    measure("page_fault", do_fault, 200);
    pipe_partner();
    measure("pipe_round_trip", do_pipe, 200);
    close(ping[1]);
    unix_partner();
    measure("unix_round_trip", do_unix, 200);
    close(pair[0]);
    unix_drain();
    measure("unix_64k", do_unix_block, 60);
    close(pair[0]);
    measure("fork_exit_wait", do_fork_exit, 20);
    measure("fork_exec_wait", do_fork_exec, 20);
    return 0;
}
