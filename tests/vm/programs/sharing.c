/*
 * unshare, setns, membarrier, vhangup, checked the same on Linux and on Astra: prints "ok NAME" or what is wrong.
 * Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"

#define FAILS(call, error) CHECK((long)(call) == -1 && errno == (error))
#define IN_CHILD(...) \
    do { \
        int status_; \
        pid_t child_ = fork(); \
        if (child_ == 0) { \
            failures = 0; \
            __VA_ARGS__; \
            _exit(failures); \
        } \
        CHECK(waitpid(child_, &status_, 0) == child_ && status_ == 0); \
    } while (0)

static long own(long flags) {
    return syscall(SYS_unshare, flags);
}

static void *with_own_files(void *descriptor) {
    CHECK(own(CLONE_FILES) == 0);
    CHECK(close((int)(long)descriptor) == 0 && fcntl((int)(long)descriptor, F_GETFD) < 0);
    CHECK(open("/dev/null", O_RDONLY) >= 0);
    return NULL;
}
static void files(void) {
    pthread_t thread;
    int pair[2], next;
    CHECK(pipe(pair) == 0);
    pthread_create(&thread, NULL, with_own_files, (void *)(long)pair[1]);
    pthread_join(thread, NULL);
    CHECK(fcntl(pair[1], F_GETFD) == 0 && write(pair[1], "x", 1) == 1);
    next = dup(0);
    CHECK(next == pair[1] + 1);
    close(next), close(pair[0]), close(pair[1]);
    CHECK(own(CLONE_FILES) == 0); /* not shared: nothing to do */
}

static void *with_own_directory(void *unused) {
    char path[PATH_MAX];
    CHECK(own(CLONE_FS) == 0 && chdir("/dev") == 0 && getcwd(path, sizeof path) && strcmp(path, "/dev") == 0);
    umask(077);
    return NULL;
}
static void directory(void) {
    char before[PATH_MAX], after[PATH_MAX];
    pthread_t thread;
    umask(022);
    CHECK(getcwd(before, sizeof before) != NULL);
    pthread_create(&thread, NULL, with_own_directory, NULL);
    pthread_join(thread, NULL);
    CHECK(getcwd(after, sizeof after) && strcmp(before, after) == 0 && umask(022) == 022);
}

static void *not_alone(void *unused) {
    FAILS(own(CLONE_VM), EINVAL);
    FAILS(own(CLONE_SIGHAND), EINVAL);
    FAILS(own(CLONE_THREAD), EINVAL);
    FAILS(own(CLONE_NEWUSER), EINVAL);
    CHECK(own(CLONE_SYSVSEM) == 0);
    return NULL;
}
static void what_cannot_be(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, not_alone, NULL);
    pthread_join(thread, NULL);
    CHECK(own(0) == 0);
    FAILS(own(8), EINVAL);
    FAILS(own(CLONE_PARENT), EINVAL);
    FAILS(own(CLONE_VFORK), EINVAL);
    IN_CHILD(CHECK(own(CLONE_THREAD) == 0 && own(CLONE_VM) == 0 && own(CLONE_SIGHAND | CLONE_FILES | CLONE_FS) == 0));
    IN_CHILD({
        CHECK(setuid(65534) == 0);
        FAILS(own(CLONE_NEWNS), EPERM);
        FAILS(own(CLONE_NEWUTS), EPERM);
        FAILS(own(CLONE_NEWNET | CLONE_NEWPID), EPERM);
    });
}

static void namespaces(void) {
    int pair[2];
    CHECK(pipe(pair) == 0);
    FAILS(syscall(SYS_setns, -1, 0), EBADF);
    FAILS(syscall(SYS_setns, pair[0], 0), EINVAL);
    FAILS(syscall(SYS_setns, pair[0], CLONE_NEWNS), EINVAL);
    FAILS(syscall(SYS_setns, pair[0], 1), EINVAL);
    close(pair[0]), close(pair[1]);
}

static void hang_up(void) {
    IN_CHILD({
        CHECK(setuid(65534) == 0);
        FAILS(syscall(SYS_vhangup), EPERM);
    });
}

static atomic_int turns, over;
static void *run(void *unused) {
    while (!over)
        turns++;
    return NULL;
}
static long barrier(int command, unsigned flags, int cpu) {
    return syscall(SYS_membarrier, command, flags, cpu);
}
static void barriers(void) {
    pthread_t thread;
    IN_CHILD({
        CHECK((barrier(0, 0, 0) & 0x1ff) == 0x1ff);
        FAILS(barrier(0, 1, 0), EINVAL);
        FAILS(barrier(8, 0, 0), EPERM);
        FAILS(barrier(32, 0, 0), EPERM);
        FAILS(barrier(128, 0, 0), EPERM);
        FAILS(barrier(128, 2, 0), EINVAL);
        FAILS(barrier(8, 1, 0), EINVAL);
        FAILS(barrier(256, 1, 0), EINVAL);
        CHECK(barrier(2, 0, 0) == 0 && barrier(1, 0, 0) == 0);
        CHECK(barrier(256, 0, 0) == 0 && barrier(16, 0, 0) == 0 && barrier(64, 0, 0) == 0 && barrier(4, 0, 0) == 0);
        pthread_create(&thread, NULL, run, NULL);
        while (!turns)
            sched_yield();
        CHECK(barrier(128, 0, 0) == 0 && barrier(128, 1, 0) == 0 && barrier(128, 1, 100000) == 0 && barrier(128, 1, -1) == 0);
        CHECK(barrier(8, 0, 0) == 0 && barrier(32, 0, 0) == 0 && barrier(2, 0, 0) == 0);
        over = 1;
        pthread_join(thread, NULL);
    });
}

static const struct part parts[] = {PART(files), PART(directory), PART(what_cannot_be), PART(namespaces), PART(hang_up), PART(barriers)};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
