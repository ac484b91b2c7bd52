/* Processes from birth to burial. */
#define _GNU_SOURCE
#include "bench.h"
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static char *touched;
static size_t touched_bytes;

static void collect(pid_t pid) {
    int status;
    bench_need(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void fork_exit_wait(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    collect(pid);
}

static void vfork_exit_wait(void) {
    pid_t pid = vfork();
    if (pid == 0)
        _exit(0);
    collect(pid);
}

static void fork_exec_wait(void) {
    pid_t pid = fork();
    if (pid == 0) {
        execl(BENCH_TINY, BENCH_TINY, (char *)NULL);
        _exit(127);
    }
    collect(pid);
}

static void spawn_exec_wait(void) {
    char *const arguments[] = {BENCH_TINY, NULL};
    pid_t pid;
    bench_need(posix_spawn(&pid, BENCH_TINY, NULL, NULL, arguments, NULL) == 0);
    collect(pid);
}

static void touch_all(void) {
    for (size_t offset = 0; offset < touched_bytes; offset += PAGE)
        touched[offset]++;
}

static int touch_memory(long size) {
    touched_bytes = (size_t)size;
    touched = mmap(NULL, touched_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_need(touched != MAP_FAILED);
    touch_all();
    return 0;
}

static void fork_touch(void) {
    pid_t pid = fork();
    if (pid == 0) {
        touch_all();
        _exit(0);
    }
    collect(pid);
}

const struct bench_row process_rows[] = {
    {.name = "fork_exit_wait", .run = fork_exit_wait},
    {.name = "vfork_exit_wait", .run = vfork_exit_wait},
    {.name = "fork_exec_wait", .run = fork_exec_wait},
    {.name = "spawn_exec_wait", .run = spawn_exec_wait},
    {.name = "fork_cow_16m", .run = fork_touch, .prepare = touch_memory, .size = 16 << 20},
    {},
};
