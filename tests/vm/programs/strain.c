/*
 * Uses up what a kernel can run out of, one kind after the other, each in a process of its own, and
 * reads from /kernel/runtime/memory whether all of it comes back. Each strain runs a few times: caches fill in
 * the first rounds, a leak grows with every one. Prints "NAME ok" or what went wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM_ROUNDS 2
#define ROUNDS 3
#define LEAK_BYTES (64 << 10) /* more than this lost over the rounds is a leak */
#define RETURN_S 60 /* what is on its way back has arrived then */
#define SECONDS_MAX 240

#define REQUIRE(condition)                                                              \
    do {                                                                                \
        if (!(condition)) {                                                             \
            printf("line %d: %s: %s\n", __LINE__, #condition, strerror(errno)); \
            fflush(stdout);                                                             \
            _exit(1);                                                                   \
        }                                                                               \
    } while (0)

static void limit(int resource, rlim_t value) {
    struct rlimit both = {value, value};
    REQUIRE(setrlimit(resource, &both) == 0);
}

/* ---- processes ---- */

static void wait_all(void) {
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
    REQUIRE(errno == ECHILD);
}

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

static void processes(void) {
    int count = fork_many(1000);
    REQUIRE(count == 1000 || (count > 100 && errno == EAGAIN)); /* by the size of memory */
}

static void processes_limited(void) {
    limit(RLIMIT_NPROC, 100);
    REQUIRE(setuid(1000) == 0);
    REQUIRE(fork_many(1000) <= 100 && errno == EAGAIN);
}

/* Everybody forks whom nobody waits for; the limit of the user ends it. */
static void fork_bomb(void) {
    limit(RLIMIT_NPROC, 200);
    REQUIRE(setuid(1001) == 0);
    time_t end = time(NULL) + 3;
    while (time(NULL) < end)
        fork();
}

static void orphans(void) {
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
static void numbers(void) {
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

static void threads(void) {
    enum { COUNT = 500, STACK = 16384 };
    char *stacks = mmap(NULL, COUNT * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(stacks != MAP_FAILED);
    for (int i = 0; i < COUNT; i++)
        if (clone(idle_thread, stacks + (i + 1) * STACK,
                  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL) < 0)
            REQUIRE(errno == EAGAIN && i > 100);
}

/* ---- files ---- */

static void descriptors(void) {
    int count = 0;
    while (open("/dev/null", O_RDONLY) >= 0)
        count++;
    REQUIRE(errno == EMFILE && count > 100);
    REQUIRE(dup(0) < 0 && errno == EMFILE);
    int ends[2];
    REQUIRE(pipe(ends) < 0 && errno == EMFILE);
    REQUIRE(eventfd(0, 0) < 0 && errno == EMFILE);
}

static void many_descriptors(void) {
    limit(RLIMIT_NOFILE, 20000);
    int count = 0;
    while (open("/dev/null", O_RDONLY) >= 0)
        count++;
    REQUIRE((errno == EMFILE && count > 19900) || errno == ENFILE || errno == ENOMEM);
    REQUIRE(dup2(0, 19999) == 19999 || errno == EBADF || errno == EMFILE);
    REQUIRE(dup2(0, 20000) < 0 && errno == EBADF);
}

static void pipes(void) {
    static char block[4096];
    int ends[2], count = 0;
    while (count < 200 && pipe2(ends, O_NONBLOCK) == 0) {
        while (write(ends[1], block, sizeof block) > 0) {
        }
        REQUIRE(errno == EAGAIN || errno == ENOMEM);
        count++;
    }
    REQUIRE(count > 100);
}

static void polls(void) {
    for (int i = 0; i < 300; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        int poll = epoll_create1(0), source = eventfd(0, 0);
        REQUIRE(poll >= 0 && source >= 0);
        REQUIRE(epoll_ctl(poll, EPOLL_CTL_ADD, source, &event) == 0);
    }
    int outer = epoll_create1(0), inner = outer;
    for (int i = 0; i < 20; i++) { /* nesting ends somewhere */
        struct epoll_event event = {.events = EPOLLIN};
        inner = epoll_create1(0);
        if (epoll_ctl(inner, EPOLL_CTL_ADD, outer, &event) != 0) {
            REQUIRE(errno == ELOOP || errno == EINVAL);
            return;
        }
        outer = inner;
    }
    REQUIRE(!"epoll nesting must end");
}

static void deep_directories(void) {
    char path[PATH_MAX];
    enum { DEPTH = 600 };
    REQUIRE(mkdir("deep", 0755) == 0 && chdir("deep") == 0);
    for (int i = 0; i < DEPTH; i++)
        REQUIRE(mkdir("directory-x", 0755) == 0 && chdir("directory-x") == 0);
    REQUIRE(syscall(SYS_getcwd, path, (long)sizeof path) < 0 && errno == ENAMETOOLONG);
    for (int i = 0; i < DEPTH; i++)
        REQUIRE(chdir("..") == 0 && rmdir("directory-x") == 0);
    REQUIRE(chdir("..") == 0 && rmdir("deep") == 0);
}

static void wide_directory(void) {
    char name[64];
    enum { COUNT = 3000 };
    REQUIRE(mkdir("wide", 0755) == 0);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "wide/a-rather-long-name-for-a-file-%d", i);
        int file = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
        REQUIRE(file >= 0 && write(file, name, 10) == 10 && close(file) == 0);
    }
    DIR *directory = opendir("wide");
    int seen = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        seen++;
    closedir(directory);
    REQUIRE(seen == COUNT + 2);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "wide/a-rather-long-name-for-a-file-%d", i);
        REQUIRE(unlink(name) == 0);
    }
    REQUIRE(rmdir("wide") == 0);
}

static void negative_names(void) {
    char name[64];
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "/tmp/there-is-no-such-file-%d", i);
        REQUIRE(access(name, F_OK) < 0 && errno == ENOENT);
    }
}

static void symlink_loops(void) {
    char from[32], to[32];
    REQUIRE(symlink("b", "a") == 0 && symlink("a", "b") == 0 && symlink("self/x", "self") == 0);
    REQUIRE(open("a", O_RDONLY) < 0 && errno == ELOOP);
    REQUIRE(open("self", O_RDONLY) < 0 && errno == ELOOP);
    REQUIRE(execl("a", "a", NULL) < 0 && errno == ELOOP);
    REQUIRE(unlink("a") == 0 && unlink("b") == 0 && unlink("self") == 0);
    REQUIRE(symlink("/", "link0") == 0);
    for (int i = 1; i < 50; i++) {
        snprintf(from, sizeof from, "link%d", i - 1);
        snprintf(to, sizeof to, "link%d", i);
        REQUIRE(symlink(from, to) == 0);
    }
    REQUIRE(access("link39", F_OK) == 0);
    REQUIRE(access("link40", F_OK) < 0 && errno == ELOOP);
    for (int i = 0; i < 50; i++) {
        snprintf(from, sizeof from, "link%d", i);
        REQUIRE(unlink(from) == 0);
    }
}

static void long_names(void) {
    char *name = malloc(PATH_MAX + 100);
    memset(name, 'x', PATH_MAX + 99);
    name[PATH_MAX + 99] = 0;
    REQUIRE(open(name, O_CREAT, 0600) < 0 && errno == ENAMETOOLONG);
    name[256] = 0;
    REQUIRE(open(name, O_CREAT, 0600) < 0 && errno == ENAMETOOLONG);
    name[255] = 0;
    REQUIRE(open(name, O_CREAT, 0600) >= 0 && unlink(name) == 0);
}

static void mounts(void) {
    enum { COUNT = 200 };
    REQUIRE(mkdir("mount", 0755) == 0);
    for (int i = 0; i < COUNT; i++) {
        REQUIRE(mount("none", "mount", "ramfs", 0, NULL) == 0);
        int file = open("mount/file", O_CREAT | O_WRONLY, 0600);
        REQUIRE(file >= 0 && write(file, "data", 4) == 4);
        if (i % 2 == 0) { /* the other half is detached while in use */
            REQUIRE(umount("mount") < 0 && errno == EBUSY);
            close(file);
        }
    }
    for (int i = COUNT; i-- > 0;)
        REQUIRE(umount2("mount", i % 2 == 0 ? 0 : MNT_DETACH) == 0);
    REQUIRE(rmdir("mount") == 0);
}

/* A file grows until memory ends: an error for this process, or its end. */
static void full_files(void) {
    static char block[1 << 16];
    memset(block, 1, sizeof block);
    int file = open("full", O_CREAT | O_WRONLY, 0600);
    REQUIRE(file >= 0 && unlink("full") == 0);
    while (write(file, block, sizeof block) > 0) {
    }
    REQUIRE(errno == ENOSPC || errno == ENOMEM);
}

/* Each would fit alone, but no two do: one gets the room, the others are told. */
static void room_for_one(void) {
    enum { CLAIMANTS = 4 };
    struct statfs space;
    int answers[2], end[2], served = 0;
    REQUIRE(statfs(".", &space) == 0 && pipe(answers) == 0 && pipe(end) == 0);
    off_t size = (off_t)(space.f_bfree / 5 * 4) * space.f_bsize;
    for (int i = 0; i < CLAIMANTS; i++) {
        if (fork() != 0)
            continue;
        int file = open(".", O_TMPFILE | O_RDWR, 0600);
        int error = file < 0 || fallocate(file, 0, 0, size) != 0 ? errno : 0;
        REQUIRE(write(answers[1], &error, sizeof error) == sizeof error);
        close(end[1]);
        read(end[0], &error, 1); /* keeps what it has until all have asked */
        _exit(0);
    }
    close(answers[1]);
    for (int i = 0; i < CLAIMANTS; i++) {
        REQUIRE(read(answers[0], &errno, sizeof errno) == sizeof errno && (errno == 0 || errno == ENOSPC));
        served += errno == 0;
    }
    REQUIRE(served == 1);
    close(end[1]);
    wait_all();
}

/* ---- memory ---- */

static void mappings(void) {
    enum { PAGES = 20000 };
    char *area = mmap(NULL, (size_t)PAGES * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(area != MAP_FAILED);
    for (int i = 0; i < PAGES; i += 2)
        REQUIRE(mprotect(area + (size_t)i * 4096, 4096, PROT_READ | PROT_WRITE) == 0);
    for (int i = 0; i < PAGES; i += 64)
        area[(size_t)i * 4096] = 1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    REQUIRE(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

static void endless_mappings(void) {
    int count = 0;
    while (count < 200000 && mmap(NULL, 4096, count & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        count++;
    REQUIRE(count < 200000 && errno == ENOMEM);
}

static void exhaust(void) {
    for (;;) {
        char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED)
            _exit(0);
        memset(block, 1, 1 << 20);
    }
}

/* Page tables alone: a page in each 2 MiB. */
static void exhaust_tables(void) {
    for (uintptr_t at = 0x100000000; at < 0x700000000000; at += 1 << 21)
        if (mmap((void *)at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) == MAP_FAILED)
            _exit(0);
}

static void exhaust_shared(void) {
    size_t size = 1ul << 32;
    char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t at = 0; area != MAP_FAILED && at < size; at += 4096)
        area[at] = 1;
}

/* Many at once want memory: some die, nobody hangs. */
static void exhaust_together(void) {
    for (int i = 0; i < 8; i++)
        if (fork() == 0)
            exhaust();
    wait_all();
}

static void limited_memory(void) {
    limit(RLIMIT_AS, 16 << 20);
    REQUIRE(mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
}

/* ---- arguments and programs ---- */

static void long_arguments(void) {
    enum { COUNT = 4000 };
    char *words[COUNT + 1];
    char *word = malloc(200000);
    memset(word, 'x', 199999);
    word[199999] = 0;
    words[0] = word, words[1] = NULL;
    REQUIRE(execv("/sys/bin/busybox", words) < 0 && errno == E2BIG); /* one word: at most 32 pages */
    word[100000] = 0;
    for (int i = 0; i < COUNT; i++)
        words[i] = word;
    words[COUNT] = NULL;
    REQUIRE(execv("/sys/bin/busybox", words) < 0 && errno == E2BIG);
}

static void write_program(const char *name, const char *text) {
    int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0755);
    REQUIRE(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text) && close(file) == 0);
}

static void script_loops(void) {
    write_program("loop", "#!loop\n");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == ELOOP);
    write_program("loop", "#!/no/such/interpreter\n");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == ENOENT);
    write_program("loop", "#!\n");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == ENOEXEC);
    write_program("loop", "");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == ENOEXEC);
    write_program("loop", "#!/tmp\n");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == EACCES);
    REQUIRE(unlink("loop") == 0);
}

static void program_storm(void) {
    for (int i = 0; i < 100; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            execl("/sys/bin/busybox", "true", NULL);
            _exit(127);
        }
        int status;
        REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    }
}

/* ---- signals ---- */

static volatile sig_atomic_t caught;
static void count_signal(int number) {
    (void)number;
    caught++;
}

static void signal_storm(void) {
    enum { SENDERS = 8, EACH = 500 };
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_NODEFER};
    REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGRTMIN, &action, NULL) == 0);
    pid_t target = getpid();
    for (int i = 0; i < SENDERS; i++) {
        if (fork() == 0) {
            for (int j = 0; j < EACH; j++)
                kill(target, j & 1 ? SIGUSR1 : SIGRTMIN);
            _exit(0);
        }
    }
    wait_all();
    REQUIRE(caught > 0);
}

static void queued_signals(void) {
    sigset_t all;
    limit(RLIMIT_SIGPENDING, 100);
    sigfillset(&all);
    REQUIRE(sigprocmask(SIG_BLOCK, &all, NULL) == 0);
    int count = 0;
    while (count < 1000 && sigqueue(getpid(), SIGRTMIN + 1, (union sigval){0}) == 0)
        count++;
    REQUIRE(count <= 101 && errno == EAGAIN);
}

/* A handler that faults in the handler, on a stack that ends. */
static void fault_in_handler(int number) {
    (void)number;
    *(volatile char *)1 = 1;
}

static void faults_in_handlers(void) {
    for (int i = 0; i < 100; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct sigaction action = {.sa_handler = fault_in_handler, .sa_flags = SA_NODEFER};
            limit(RLIMIT_STACK, 256 << 10);
            limit(RLIMIT_CORE, 0);
            sigaction(SIGSEGV, &action, NULL);
            fault_in_handler(0);
        }
        int status;
        REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
}

static void timers(void) {
    for (int i = 0; i < 2000; i++) {
        struct itimerval soon = {.it_value.tv_usec = 1 + i % 50};
        struct timespec none = {0, 1000};
        signal(SIGALRM, count_signal);
        REQUIRE(setitimer(ITIMER_REAL, &soon, NULL) == 0);
        nanosleep(&none, NULL);
    }
}

static const struct strain {
    const char *name;
    void (*run)(void);
    bool may_be_killed, on_request;
} strains[] = {
#define STRAIN(name) {#name, name}
#define DEADLY(name) {#name, name, .may_be_killed = true}
#define ON_REQUEST(name) {#name, name, .on_request = true}
    STRAIN(processes), STRAIN(processes_limited), STRAIN(fork_bomb), STRAIN(orphans), STRAIN(threads),
    STRAIN(descriptors), STRAIN(many_descriptors), STRAIN(pipes), STRAIN(polls), STRAIN(deep_directories),
    STRAIN(wide_directory), STRAIN(negative_names), STRAIN(symlink_loops), STRAIN(long_names), STRAIN(mounts), STRAIN(room_for_one),
    STRAIN(mappings), STRAIN(endless_mappings), STRAIN(limited_memory), STRAIN(long_arguments),
    STRAIN(script_loops), STRAIN(program_storm), STRAIN(signal_storm), STRAIN(queued_signals),
    STRAIN(faults_in_handlers), STRAIN(timers), DEADLY(full_files), DEADLY(exhaust), DEADLY(exhaust_tables),
    DEADLY(exhaust_shared), DEADLY(exhaust_together), ON_REQUEST(numbers),
};

/* All that is in use but for cached names. */
static long used_bytes(void) {
    char text[4096];
    struct timespec settle = {0, 50000000}; /* grace periods, freed spaces */
    int drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
    if (drop >= 0)
        write(drop, "3", 1), close(drop);
    nanosleep(&settle, NULL);
    int file = open("/kernel/runtime/memory", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return -1;
    text[length] = 0;
    char *line = strstr(text, "\nused_bytes ");
    return line ? atol(line + strlen("\nused_bytes ")) : -1;
}

static bool run_once(const struct strain *strain) {
    pid_t pid = fork();
    if (pid == 0) {
        alarm(SECONDS_MAX);
        if (mkdir("scratch", 0777), chdir("scratch") != 0)
            _exit(2);
        if (strain->may_be_killed)
            limit(RLIMIT_CORE, 0);
        strain->run();
        exit(0);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        printf("%s: fork: %s\n", strain->name, strerror(errno));
        return false;
    }
    if (status == 0 || (strain->may_be_killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
        return true;
    printf("%s: status %#x\n", strain->name, status);
    return false;
}

static bool run_rounds(const struct strain *strain, int rounds) {
    bool good = true;
    while (good && rounds-- > 0)
        good = run_once(strain);
    return good;
}

/* Bytes that were not there again after a few rounds, however long one waits. */
static long lost_bytes(const struct strain *strain) {
    long before = used_bytes(), lost = LONG_MAX;
    REQUIRE(before >= 0);
    if (!run_rounds(strain, ROUNDS))
        return LONG_MAX;
    for (int tries = 0; lost > LEAK_BYTES && tries < RETURN_S * 20; tries++)
        lost = used_bytes() - before;
    return lost;
}

/* What a table that has grown for good took is lost once; a leak shows every time. */
static bool run(const struct strain *strain) {
    long lost = 0;
    if (!run_rounds(strain, strain->on_request ? 1 : WARM_ROUNDS))
        return false;
    if (strain->on_request) {
        printf("%s ok\n", strain->name);
        return true;
    }
    for (int attempt = 0; attempt < 3 && lost != LONG_MAX; attempt++) {
        lost = lost_bytes(strain);
        if (lost <= LEAK_BYTES) {
            printf("%s ok\n", strain->name);
            return true;
        }
    }
    if (lost != LONG_MAX)
        printf("%s: %ld bytes lost in %d rounds\n", strain->name, lost, ROUNDS);
    return false;
}

int main(int argc, char **argv) {
    int failed = 0;
    if (chdir("/tmp") != 0)
        return 1;
    for (size_t i = 0; i < sizeof strains / sizeof strains[0]; i++) {
        bool wanted = argc < 2 && !strains[i].on_request;
        for (int word = 1; word < argc; word++)
            wanted |= strcmp(argv[word], strains[i].name) == 0;
        if (wanted)
            failed += !run(&strains[i]);
        fflush(stdout);
    }
    return failed != 0;
}
