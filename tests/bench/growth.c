/*
 * What an operation costs when there are many of something (--size N): processes, threads, mappings,
 * descriptors, timers, epoll members, runnable processes, children.
 */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define THREAD_STACK (16 * 1024)
#define TURNS_AROUND 256

static int gate[2]; /* the many wait until it closes */
static timer_t timer;
static int epoll, member;
static char *mappings;
static long mapping_count;
static volatile struct {
    long taken, last;
} *turns; /* shared; all on one CPU, and none is interrupted but by its yield often enough to matter */

static void wait_at_gate(void) {
    char byte;
    close(gate[1]);
    read(gate[0], &byte, 1);
    _exit(0);
}

static void start_many(long size, void (*body)(void)) {
    for (long i = 0; i < size; i++) {
        pid_t pid = fork();
        bench_need(pid >= 0);
        if (pid == 0)
            body();
    }
}

static int many_children(long size) {
    bench_need(pipe(gate) == 0);
    start_many(size, wait_at_gate);
    return 0;
}

/* Processes that are not this one's children: their parent is a partner. */
static int many_processes(long size) {
    int started[2];
    char byte = 0;
    bench_need(pipe(gate) == 0 && pipe(started) == 0);
    pid_t pid = fork();
    bench_need(pid >= 0);
    if (pid == 0) {
        start_many(size, wait_at_gate);
        write(started[1], &byte, 1);
        wait_at_gate();
    }
    bench_need(read(started[0], &byte, 1) == 1);
    return 0;
}

static void fork_exit_wait(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    bench_need(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

static void *thread_at_gate(void *unused) {
    char byte;
    read(gate[0], &byte, 1);
    return unused;
}

static void *do_nothing(void *unused) {
    return unused;
}

static pthread_t start_thread(void *(*body)(void *)) {
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, THREAD_STACK);
    errno = pthread_create(&thread, &small, body, NULL);
    bench_need(errno == 0);
    return thread;
}

static int many_threads(long size) {
    bench_need(pipe(gate) == 0);
    for (long i = 0; i < size; i++)
        start_thread(thread_at_gate);
    return 0;
}

static void thread_create_join(void) {
    pthread_join(start_thread(do_nothing), NULL);
}

/* Neighbours differ in their rights, so that no two become one. */
static int many_mappings(long size) {
    mapping_count = size;
    mappings = mmap(NULL, (size_t)size * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_need(mappings != MAP_FAILED);
    for (long i = 0; i < size; i += 2)
        bench_need(mprotect(mappings + i * PAGE, PAGE, PROT_READ) == 0);
    return 0;
}

static void map_fault_unmap(void) {
    char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_need(at != MAP_FAILED);
    *(volatile char *)at = 1;
    munmap(at, PAGE);
}

static int many_descriptors(long size) {
    bench_allow(RLIMIT_NOFILE, size);
    for (long i = 0; i < size; i++)
        bench_need(open("/dev/null", O_RDONLY) >= 0);
    return 0;
}

static void open_close(void) {
    int file = open("/dev/null", O_RDONLY);
    bench_need(file >= 0);
    close(file);
}

static int many_timers(long size) {
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    bench_allow(RLIMIT_SIGPENDING, size); /* each timer counts as a signal */
    for (long i = 0; i <= size; i++) {
        struct itimerspec when = {.it_value.tv_sec = 1000 + i * 7919 % size};
        if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
            return errno;
        timer_settime(timer, 0, &when, NULL);
    }
    return 0;
}

static void settime(void) {
    static long seconds;
    struct itimerspec when = {.it_value.tv_sec = 1000 + seconds++ % 1000};
    timer_settime(timer, 0, &when, NULL);
}

static int many_members(long size) {
    bench_allow(RLIMIT_NOFILE, size);
    epoll = epoll_create1(0);
    for (long i = 0; i < size; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        member = eventfd(i == size - 1, 0);
        bench_need(member >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, member, &event) == 0);
    }
    return 0;
}

static void change_and_wait(void) {
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll, EPOLL_CTL_MOD, member, &event);
    bench_need(epoll_wait(epoll, &event, 1, -1) == 1);
}

/* Counts a turn unless the same process had the last one: a kernel may choose who yields again. */
static void take_turn(long self) {
    turns->taken += turns->last != self;
    turns->last = self;
    sched_yield();
}

static void yield_for_ever(void) {
    for (long self = getpid();;)
        take_turn(self);
}

/* musl's sched_setscheduler refuses. */
static void set_policy(int policy, int priority) {
    struct sched_param parameter = {.sched_priority = priority};
    bench_need(syscall(SYS_sched_setscheduler, 0, policy, &parameter) == 0);
}

/* In real time while it forks: the children, which are not, wait until all are there. */
static int many_runnable(long size) {
    bench_pin();
    turns = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_need(turns != MAP_FAILED);
    set_policy(SCHED_FIFO | SCHED_RESET_ON_FORK, 1);
    start_many(size, yield_for_ever);
    set_policy(SCHED_OTHER, 0);
    return 0;
}

/* Until this one's turn has come again, after many others'. */
static void yield_around(void) {
    long self = getpid(), before = turns->taken;
    while (turns->taken < before + TURNS_AROUND)
        take_turn(self);
}

static long turns_taken(void) {
    return turns->taken;
}

const struct bench_row growth_rows[] = {
    {.name = "processes", .run = fork_exit_wait, .prepare = many_processes},
    {.name = "children", .run = fork_exit_wait, .prepare = many_children},
    {.name = "threads", .run = thread_create_join, .prepare = many_threads},
    {.name = "mappings", .run = map_fault_unmap, .prepare = many_mappings},
    {.name = "descriptors", .run = open_close, .prepare = many_descriptors},
    {.name = "timers", .run = settime, .prepare = many_timers},
    {.name = "epoll_members", .run = change_and_wait, .prepare = many_members},
    {.name = "run_queue", .run = yield_around, .prepare = many_runnable, .count_max = 1, .done = turns_taken},
    {},
};

const long growth_row_count = sizeof growth_rows / sizeof growth_rows[0] - 1;
