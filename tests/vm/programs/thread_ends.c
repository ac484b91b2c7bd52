/*
 * What happens around the end of a thread: whose status a process ends with, who gets a signal that the ending thread was told
 * of, threads that are made while the process ends or up to a limit, children made for the parent. The same on Linux, as
 * root. "ok NAME" a part.
 */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"

#define PATIENCE_MS 60000

static volatile int go;

static long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void spin_us(long us) {
    long end = now_us() + us;
    while (now_us() < end)
        continue;
}

static pthread_t start(void *(*body)(void *), long argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, (void *)argument) != 0)
        _exit(99);
    return thread;
}

/* The status of a process that runs `body`; -1 if it does not end. */
static int status_of(void (*body)(int round), int round) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        body(round);
        _exit(98);
    }
    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return status;
        poll(NULL, 0, 1);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

/* ---- an end that takes its time: the kernel looks through a long list of locks that the thread might hold ---- */

struct lock {
    struct lock *next;
    uint64_t word;
};
#define LOCKS 2000

struct locks {
    struct { struct lock *next; long offset; struct lock *pending; } head;
    struct lock all[LOCKS];
};

static void end_slowly(struct locks *locks, int status) {
    struct lock *next = (struct lock *)&locks->head;
    for (int i = LOCKS - 1; i >= 0; i--) {
        locks->all[i] = (struct lock){next, 0};
        next = &locks->all[i];
    }
    locks->head.next = next;
    locks->head.offset = sizeof next;
    syscall(SYS_set_robust_list, &locks->head, sizeof locks->head);
    while (!go)
        continue;
    syscall(SYS_exit, status);
}

static struct locks locks[2];

static void *end_with(void *status) {
    end_slowly(&locks[(long)status % 2], (int)(long)status);
    return NULL;
}

/* Whether the process's first thread has ended. */
static int first_is_gone(void) {
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
    FILE *file = fopen(path, "r");
    if (file) {
        fscanf(file, "%*d (%*[^)]) %c", &state);
        fclose(file);
    }
    return state == 'Z';
}

static void *give_the_word(void *status) {
    while (!first_is_gone())
        poll(NULL, 0, 1);
    start(end_with, 2);
    start(end_with, 3);
    spin_us((long)status);
    go = 1;
    for (;;)
        syscall(SYS_exit, 4);
}

static void two_end_at_once(int round) {
    start(give_the_word, round * 100);
    syscall(SYS_exit, 1);
}

static void the_last_threads_status(void) {
    for (int round = 0; round < 20; round++) {
        int status = status_of(two_end_at_once, round);
        CHECK(status == 2 << 8 || status == 3 << 8 || status == 4 << 8);
    }
}

static volatile int handled;

static void count(int number) {
    (void)number;
    handled++;
}

static void *be_told(void *unused) {
    (void)unused;
    for (;;)
        pause();
    return NULL;
}

static void told_while_ending(int round) {
    sigset_t set;
    start(end_with, 2);
    start(be_told, 0);
    sigemptyset(&set), sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    go = 1;
    spin_us(round * 17 % 400);
    kill(getpid(), SIGUSR1);
    for (int ms = 0; ms < PATIENCE_MS / 2; ms++) {
        if (handled == 1)
            _exit(0);
        poll(NULL, 0, 1);
    }
    _exit(1);
}

static void a_signal_is_passed_on(void) {
    struct sigaction action = {.sa_handler = count};
    sigaction(SIGUSR1, &action, NULL);
    for (int round = 0; round < 200 && failures == 0; round++)
        CHECK(status_of(told_while_ending, round) == 0);
}

/* ---- threads made while the process ends ---- */

#define MAKERS 3
#define MADE 40
static volatile int finished;
static char stacks[MAKERS][MADE][4096] __attribute__((aligned(16)));

static int stay(void *unused) {
    (void)unused;
    for (;;)
        syscall(SYS_pause);
}

static void *make_threads(void *maker) {
    char (*own)[4096] = stacks[(long)maker];
    while (!go)
        continue;
    for (int i = 0; i < MADE; i++)
        if (clone(stay, own[i] + sizeof own[i], CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL) < 0)
            break;
    __sync_fetch_and_add(&finished, 1);
    return be_told(NULL);
}

static void end_meanwhile(int round) {
    for (long maker = 0; maker < MAKERS; maker++)
        start(make_threads, maker);
    go = 1;
    spin_us(round * 13 % 700);
    syscall(SYS_exit_group, 5);
}

static void none_survives_its_process(void) {
    for (int round = 0; round < 150 && failures == 0; round++)
        CHECK(status_of(end_meanwhile, round) == 5 << 8);
}

/* Threads that make threads at the same time: together they are no more than RLIMIT_NPROC. */
static void fill_the_limit(int round) {
    struct rlimit limit = {MADE, MADE};
    char path[64];
    unsigned count = 0;
    setrlimit(RLIMIT_NPROC, &limit);
    if (setresuid(4711, 4711, 4711) != 0)
        _exit(97);
    for (long maker = 0; maker < MAKERS; maker++)
        start(make_threads, maker);
    (void)round;
    go = 1;
    while (finished < MAKERS)
        poll(NULL, 0, 1);
    snprintf(path, sizeof path, "/proc/%d/task", getpid());
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    syscall(SYS_exit_group, (int)(count > MADE ? 2 : count < MADE));
}

static void the_limit_holds(void) {
    for (int round = 0; round < 20 && failures == 0; round++)
        CHECK(status_of(fill_the_limit, round) == 0);
}

/* ---- CLONE_PARENT ---- */

/* Its child becomes its sibling, and ends with its signal: clone3 cannot name one. */
static void make_sibling(int round) {
    struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; } request = {CLONE_PARENT};
    (void)round;
    long pid = syscall(435 /* clone3 */, &request, sizeof request);
    _exit(pid == 0 ? 7 : pid > 0 ? 8 : 9);
}

static void siblings_end_with_the_same_signal(void) {
    int status, sum = 0;
    pid_t pid = fork();
    if (pid == 0)
        make_sibling(0);
    for (int i = 0; i < 2; i++)
        if (waitpid(-1, &status, 0) > 0)
            sum += WEXITSTATUS(status);
    CHECK(sum == 7 + 8);
}

static const struct part parts[] = {
    PART(the_last_threads_status), PART(a_signal_is_passed_on), PART(none_survives_its_process),
    PART(the_limit_holds), PART(siblings_end_with_the_same_signal),
};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
