/* Processes and threads. */
#include "tests/vm/programs/strain/strain.h"

/* Forks until it fails or `max`; the children wait for the end of the pipe. Returns how many. */
static int fork_many(int max) {
    int ends[2], count = 0;
    REQUIRE(pipe(ends) == 0);
    for (; count < max; count++) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (pid == 0) {
            char byte;
            close(ends[1]);
            _exit((int)read(ends[0], &byte, 1));
        }
    }
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    wait_all();
    errno = error;
    return count;
}

void processes(void) {
    int count = fork_many(1000);
    REQUIRE(count == 1000 || (count > 100 && errno == EAGAIN)); /* by the size of memory */
}

void processes_limited(void) {
    limit(RLIMIT_NPROC, 100);
    REQUIRE(setuid(1000) == 0);
    REQUIRE(fork_many(1000) <= 100 && errno == EAGAIN);
}

/* Everybody forks whom nobody waits for; the limit of the user ends it. */
void fork_bomb(void) {
    limit(RLIMIT_NPROC, 200);
    REQUIRE(setuid(1001) == 0);
    time_t end = time(NULL) + 3;
    while (time(NULL) < end)
        fork();
}

void orphans(void) {
    for (int i = 0; i < 200; i++) {
        if (fork() == 0) {
            for (int j = 0; j < 3; j++)
                if (fork() == 0)
                    break;
            _exit(0);
        }
    }
    wait_all();
}

/* Only by name: it takes longer than the others together. */
void numbers(void) {
    char name[32], target[64];
    for (int i = 0; i < 34000; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        REQUIRE(pid > 0);
        snprintf(name, sizeof name, "/proc/%d/exe", pid);
        REQUIRE(readlink(name, target, sizeof target) >= 0 || errno == ENOENT);
        REQUIRE(waitpid(pid, NULL, 0) == pid);
    }
}

static int idle_thread(void *unused) {
    (void)unused;
    for (;;)
        syscall(SYS_pause);
}

void threads(void) {
    enum { COUNT = 500, STACK = 16384 };
    char *stacks = mmap(NULL, COUNT * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(stacks != MAP_FAILED);
    for (int i = 0; i < COUNT; i++)
        if (clone(idle_thread, stacks + (i + 1) * STACK,
                  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL) < 0)
            REQUIRE(errno == EAGAIN && i > 100);
}
