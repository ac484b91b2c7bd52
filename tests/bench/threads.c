/* Threads, futexes, and the change from one thread to another. */
#define _GNU_SOURCE
#include "bench.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* futex(2); musl brings no header for it */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_PRIVATE_FLAG 128

static _Atomic int *turn; /* whose it is, 0 or 1; or a count */
static int futex_private;

static void *do_nothing(void *unused) {
    return unused;
}

static void thread_create_join(void) {
    pthread_t thread;
    bench_need(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
    pthread_join(thread, NULL);
}

static void give_turn(int other) {
    atomic_store(turn, other);
    syscall(SYS_futex, turn, FUTEX_WAKE | futex_private, 1, NULL);
    while (atomic_load(turn) == other)
        syscall(SYS_futex, turn, FUTEX_WAIT | futex_private, other, NULL);
}

static void take_turns(void) {
    while (atomic_load(turn) == 0)
        syscall(SYS_futex, turn, FUTEX_WAIT | futex_private, 0, NULL);
    for (;;)
        give_turn(0);
}

static void *take_turns_thread(void *unused) {
    take_turns();
    return unused;
}

static void make_turn(void) {
    turn = mmap(NULL, sizeof *turn, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_need(turn != MAP_FAILED);
}

static int start_process(long size) {
    (void)size;
    make_turn();
    bench_partner(take_turns);
    return 0;
}

static int start_thread(long size) {
    (void)size;
    static pthread_t thread;
    make_turn();
    futex_private = FUTEX_PRIVATE_FLAG;
    bench_need(pthread_create(&thread, NULL, take_turns_thread, NULL) == 0);
    return 0;
}

static void futex_pingpong(void) {
    give_turn(1);
}

static void count_and_yield(void) {
    for (;;) {
        atomic_fetch_add(turn, 1);
        sched_yield();
    }
}

static int start_yielding(long size) {
    (void)size;
    make_turn();
    bench_pin();
    bench_partner(count_and_yield);
    return 0;
}

/* Until the other has run: a yield need not lead to a switch. */
static void yield_and_back(void) {
    int before = atomic_load(turn);
    while (atomic_load(turn) == before)
        sched_yield();
}

const struct bench_row thread_rows[] = {
    {.name = "thread_create_join", .run = thread_create_join},
    {.name = "futex_pingpong_proc", .run = futex_pingpong, .prepare = start_process},
    {.name = "futex_pingpong_thread", .run = futex_pingpong, .prepare = start_thread},
    {.name = "yield_switch", .run = yield_and_back, .prepare = start_yielding, .operations = 2},
    {},
};
