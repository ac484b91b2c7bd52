/*
 * Calls every system call number with each argument in turn replaced by hostile values, and with random
 * mixtures of hostile and plausible ones, in child processes, so that whatever happens to the child the
 * parent goes on. Calls that would end the test itself (reboot, exit, kill of everything ...) are left
 * out and listed. Prints a summary and exits 0 when the parent has survived them all.
 * An argument seeds the random numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL_MAX 460
#define ARGUMENTS 6
#define CHILD_MS 1000
#define RANDOM_ROUNDS 400
#define NOBODY 65534

static const uint64_t hostile[] = {
    0, 1, 0xfff, UINT64_MAX, INT64_MAX, 0x8000000000000000ull, 0x7fffffff, 0x80000000u,
    0x00007ffffffff000ull, 0x00007fffffffffffull, 0x0000800000000000ull, 0xffff800000000000ull,
    0xffffffff80200000ull, 0xffffffffff600000ull,
};

static const int left_out[] = {SYS_exit, SYS_exit_group, SYS_reboot, SYS_kill, SYS_tkill, SYS_tgkill,
                               SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_fork, SYS_vfork,
                               SYS_clone, SYS_clone3, SYS_pause, SYS_rt_sigreturn, SYS_vhangup};

static int is_left_out(int call) {
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (left_out[i] == call)
            return 1;
    return 0;
}

/* In the child: every argument in turn, with otherwise harmless ones. */
static void attack(int call) {
    static char buffer[4096];
    for (int position = 0; position < ARGUMENTS; position++) {
        for (size_t value = 0; value < sizeof hostile / sizeof hostile[0]; value++) {
            uint64_t arguments[ARGUMENTS] = {3, (uint64_t)(uintptr_t)buffer, 16, 0, 0, 0};
            arguments[position] = hostile[value];
            syscall(call, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
        }
    }
    for (size_t value = 0; value < sizeof hostile / sizeof hostile[0]; value++)
        syscall(call, hostile[value], hostile[value], hostile[value], hostile[value], hostile[value], hostile[value]);
}

static uint64_t random_state;
static uint64_t random_below(uint64_t limit) { /* xorshift64*, Vigna 2016 */
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * 0x2545f4914f6cdd1dull >> 16) % limit;
}

static uint64_t random_hostile(void) {
    return hostile[random_below(sizeof hostile / sizeof hostile[0])];
}

/* Structures whose members are wild: sizes, descriptors, and pointers to more of the same. */
static void fill_wildly(uint64_t *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        switch (random_below(4)) {
        case 0: words[i] = random_hostile(); break;
        case 1: words[i] = random_below(64); break;
        case 2: words[i] = (uintptr_t)&words[random_below(count)]; break;
        default: words[i] = random_below(UINT64_MAX); break;
        }
    }
}

static uint64_t random_argument(uint64_t *page) {
    switch (random_below(5)) {
    case 0: return random_hostile();
    case 1: return 3 + random_below(8); /* a descriptor */
    case 2: return random_below(4096);
    case 3: return 1ull << random_below(64);
    default: return (uintptr_t)page + 8 * random_below(500); /* mostly at wild structures, some end too soon */
    }
}

static void attack_randomly(int call) {
    uint64_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap((char *)page + 4096, 4096);
    for (int round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t a[ARGUMENTS];
        fill_wildly(page, 4096 / sizeof *page);
        for (int i = 0; i < ARGUMENTS; i++)
            a[i] = random_argument(page);
        syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

/* Descriptors 3 to 10: one of each kind. */
static void open_some(void) {
    int ends[2];
    for (int i = 0; i < 3; i++)
        close(i);
    open("/dev/null", O_RDWR), open("/dev/null", O_RDWR), open("/dev/null", O_RDWR);
    open("/tmp/bad-arguments", O_CREAT | O_RDWR, 0666);
    open("/tmp", O_RDONLY | O_DIRECTORY);
    (void)!pipe2(ends, O_NONBLOCK);
    epoll_create1(0);
    eventfd(1, EFD_NONBLOCK);
    open("/proc/self/status", O_RDONLY);
    open("/dev/zero", O_RDWR);
}

static void child(int call, int randomly) {
    setsid();
    open_some();
    if (chdir("/tmp") != 0)
        _exit(1);
    if (!randomly) {
        attack(call);
    } else if (setgid(NOBODY) == 0 && setuid(NOBODY) == 0) {
        random_state += (uint64_t)call * 0x9e3779b97f4a7c15ull;
        attack_randomly(call);
    }
    _exit(0);
}

/* Calls may put off the alarm of their own process: the parent keeps the time. */
static int wait_for(pid_t pid) {
    struct timespec step = {0, 2000000};
    int status;
    for (int left = CHILD_MS / 2; left > 0; left--) {
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended != 0)
            return ended == pid ? status : -1;
        nanosleep(&step, NULL);
    }
    kill(pid, SIGKILL);
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

int main(int argc, char **argv) {
    int ended = 0, killed = 0;
    random_state = argc > 1 ? strtoull(argv[1], NULL, 0) * 2 + 1 : 1;
    for (int run = 0; run < 2 * CALL_MAX; run++) {
        int call = run / 2;
        if (is_left_out(call))
            continue;
        pid_t pid = fork();
        if (pid == 0)
            child(call, run % 2);
        int status = pid < 0 ? -1 : wait_for(pid);
        if (status < 0) {
            perror("fork or wait");
            return 1;
        }
        WIFSIGNALED(status) ? killed++ : ended++;
    }
    printf("%d children returned, %d were killed, %zu calls left out\n", ended, killed,
           sizeof left_out / sizeof left_out[0]);
    return 0;
}
