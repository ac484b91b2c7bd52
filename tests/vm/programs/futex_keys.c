/*
 * Which words are one futex: shared memory by what is mapped, private memory by address; and memory that came later is
 * never taken for memory that is gone. The same on Linux.
 */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"
#include "tests/vm/programs/states.h"

/* linux/futex.h */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_PRIVATE_FLAG 128

#define LATER_FILES 2000

static long futex(uint32_t *word, int operation, unsigned value) {
    return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static long wake(uint32_t *word, int flags) {
    return futex(word, FUTEX_WAKE | flags, INT_MAX);
}

static int memory_file(void) {
    int file = syscall(SYS_memfd_create, "futex", 0);
    CHECK(ftruncate(file, 4096) == 0);
    return file;
}

static uint32_t *map(int file) {
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
}

struct waiter {
    pthread_t thread;
    uint32_t *word;
    int flags;
    _Atomic int tid;
    long result;
};

static void *wait_for_word(void *argument) {
    struct waiter *waiter = argument;
    waiter->tid = syscall(SYS_gettid);
    waiter->result = futex(waiter->word, FUTEX_WAIT | waiter->flags, 0);
    return NULL;
}

/* Returns once it sleeps. */
static void begin(struct waiter *waiter, uint32_t *word, int flags) {
    *waiter = (struct waiter){.word = word, .flags = flags};
    pthread_create(&waiter->thread, NULL, wait_for_word, waiter);
    while (waiter->tid == 0)
        sched_yield();
    until_asleep(waiter->tid);
}

static void two_mappings(void) {
    int file = memory_file();
    uint32_t *one = map(file), *two = map(file);
    struct waiter waiter;
    begin(&waiter, one, 0);
    CHECK(wake(two + 1, 0) == 0);
    CHECK(wake(one, FUTEX_PRIVATE_FLAG) == 0);
    CHECK(wake(two, 0) == 1);
    pthread_join(waiter.thread, NULL);
    CHECK(waiter.result == 0);
    munmap(one, 4096);
    munmap(two, 4096);
    close(file);
}

static void two_processes(void) {
    uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct waiter waiter;
    begin(&waiter, word, 0);
    pid_t child = fork();
    if (child == 0)
        _exit((int)wake(word, 0));
    int status;
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 1);
    pthread_join(waiter.thread, NULL);
    munmap(word, 4096);
}

static void nothing(int number) {
    (void)number;
}

static void memory_that_is_gone(void) {
    int file = memory_file();
    uint32_t *word = map(file);
    struct sigaction action = {.sa_handler = nothing};
    struct waiter waiter;
    sigaction(SIGUSR1, &action, NULL); /* without SA_RESTART */
    begin(&waiter, word, 0);
    munmap(word, 4096);
    close(file);
    for (int i = 0; i < LATER_FILES; i++) {
        int later = memory_file();
        uint32_t *other = map(later);
        CHECK(wake(other, 0) == 0);
        munmap(other, 4096);
        close(later);
    }
    pthread_kill(waiter.thread, SIGUSR1);
    pthread_join(waiter.thread, NULL);
    CHECK(waiter.result == -1);
}

static const struct part parts[] = {PART(two_mappings), PART(two_processes), PART(memory_that_is_gone)};

int main(int argc, char **argv) {
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
