/* Asks legal calls for what would harm everybody else: ends by itself, with 0, and the system goes on. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "line %d: %s, errno %d\n", __LINE__, #condition, errno);      \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

/* The ring's oldest bytes are in its second slot when it gets larger. */
static void resize_full_pipe(void) {
    enum { PAGE = 4096 }; /* less would leave no slot free: the write would wait */
    static char sent[65536], got[65536];
    int ends[2];

    CHECK(pipe(ends) == 0);
    for (unsigned i = 0; i < sizeof sent; i++)
        sent[i] = (char)(i * 7 + i / 4096);
    CHECK(write(ends[1], sent, sizeof sent) == sizeof sent);
    CHECK(read(ends[0], got, PAGE) == PAGE);
    CHECK(write(ends[1], sent, PAGE) == PAGE);
    CHECK(fcntl(ends[1], F_SETPIPE_SZ, 65536) == 65536);
    CHECK(fcntl(ends[1], F_SETPIPE_SZ, 131072) == 131072);
    CHECK(read(ends[0], got, sizeof sent - PAGE) == sizeof sent - PAGE && !memcmp(got, sent + PAGE, sizeof sent - PAGE));
    CHECK(read(ends[0], got, sizeof got) == PAGE && !memcmp(got, sent, PAGE));
}

/* Each epoll watches the next: the bottom one's wake-up climbs through all. */
static void chain_epolls(void) {
    struct epoll_event event = {.events = EPOLLIN};
    int ends[2], links = 0, outer = epoll_create1(0), inner;

    CHECK(pipe(ends) == 0);
    for (; links < 900; links++, outer = inner) {
        inner = epoll_create1(0);
        CHECK(inner >= 0);
        if (epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event) != 0)
            break;
    }
    CHECK(links < 900 ? errno == ELOOP : 1);
    CHECK(epoll_ctl(outer, EPOLL_CTL_ADD, ends[0], &event) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(links == 5);
}

/* Many paths to the same few epolls must not be walked one by one. */
static void watch_by_many_paths(void) {
    enum { LEVELS = 6, WIDTH = 60 };
    struct epoll_event event = {.events = EPOLLIN};
    int epolls[LEVELS][WIDTH];

    for (int level = 0; level < LEVELS; level++)
        for (int i = 0; i < WIDTH; i++)
            CHECK((epolls[level][i] = epoll_create1(0)) >= 0);
    for (int level = LEVELS - 1; level > 0; level--)
        for (int i = 0; i < WIDTH; i++)
            for (int j = 0; j < WIDTH; j++)
                CHECK(epoll_ctl(epolls[level - 1][i], EPOLL_CTL_ADD, epolls[level][j], &event) == 0);
}

static volatile int alarms;
static void count_alarm(int signal) {
    (void)signal;
    alarms++;
}

static void wait_seconds(int seconds) {
    struct timeval now, end;
    gettimeofday(&end, NULL);
    end.tv_sec += seconds;
    do
        gettimeofday(&now, NULL);
    while (timercmp(&now, &end, <));
}

/* Timers faster than their interrupts can be served, and ones that run over the clock. */
static void set_impossible_timers(void) {
    struct itimerval fast = {{0, 1}, {0, 1}}, never = {{INT64_MAX, 0}, {0, 1}}, off = {0};

    signal(SIGALRM, count_alarm);
    CHECK(setitimer(ITIMER_REAL, &fast, NULL) == 0);
    while (alarms <= 10)
        continue;
    wait_seconds(1);
    signal(SIGALRM, SIG_IGN);
    wait_seconds(1);
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    signal(SIGALRM, count_alarm);
    alarms = 0;
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    while (alarms == 0)
        continue;
    wait_seconds(1);
    CHECK(alarms == 1);
    never.it_value.tv_sec = INT64_MAX;
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    wait_seconds(1);
    CHECK(alarms == 1 && setitimer(ITIMER_REAL, &off, NULL) == 0);
}

static void *leave(void *argument) {
    (void)argument;
    pthread_exit(NULL);
}

/* All threads leave at once: none of them waits for another. */
static void leave_together(void) {
    struct itimerval soon = {{0, 500}, {0, 500}};
    pthread_t threads[4];

    signal(SIGALRM, SIG_IGN);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, leave, NULL) == 0);
    pthread_exit(NULL);
}

/* Whichever thread of a process is its last, its timer ends with it. */
static void end_threads_together(void) {
    for (int round = 0; round < 20; round++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            execl("/proc/self/exe", "hostile", "leave", NULL);
            _exit(1);
        }
        CHECK(waitpid(child, NULL, 0) == child);
    }
    wait_seconds(1);
}

/* ---- signal frames with values that the kernel must not load ---- */

enum forgery { FORGE_NOTHING, FORGE_RIP, FORGE_RSP, FORGE_FLAGS, FORGE_SEGMENTS, FORGE_MXCSR, FORGE_XSAVE, FORGE_POINTER };
static enum forgery forgery;

static void forge(int signal, siginfo_t *info, void *argument) {
    ucontext_t *context = argument;
    greg_t *registers = context->uc_mcontext.gregs;
    uint8_t *image = (uint8_t *)context->uc_mcontext.fpregs;
    (void)signal, (void)info;

    switch (forgery) {
    case FORGE_RIP:
        registers[REG_RIP] = 0x800000000000;
        break;
    case FORGE_RSP: /* not touched: the next instruction that uses it faults */
        registers[REG_RSP] = (greg_t)0x8000000000000000;
        break;
    case FORGE_FLAGS: /* IOPL 3, NT, VM, VIF and no interrupts */
        registers[REG_EFL] = (registers[REG_EFL] | 0x1a7000) & ~0x200;
        break;
    case FORGE_SEGMENTS:
        registers[REG_CSGSFS] = (greg_t)0x0010000000000008;
        break;
    case FORGE_MXCSR:
        memset(image + 24, 0xff, 4);
        break;
    case FORGE_XSAVE: /* the header's reserved and compaction bits (SDM 1 §13.8.1) */
        memset(image + 512, 0xff, 64);
        break;
    case FORGE_POINTER:
        context->uc_mcontext.fpregs = (void *)0xffffffff80000040;
        break;
    default:
        break;
    }
}

static void forge_frames(void) {
    static const int expected[] = {0, SIGSEGV, -1, 0, 0, 0, 0, SIGSEGV}; /* -1: any signal */
    struct sigaction action = {.sa_sigaction = forge, .sa_flags = SA_SIGINFO};

    sigaction(SIGUSR1, &action, NULL);
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++) {
        int status;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            forgery = i;
            raise(SIGUSR1);
            uint64_t flags;
            __asm__ volatile("pushfq; popq %0" : "=r"(flags));
            _exit(flags & 0x7000 || !(flags & 0x200)); /* no IOPL, no NT; interrupts on */
        }
        CHECK(waitpid(child, &status, 0) == child);
        if (expected[i] < 0)
            CHECK(WIFSIGNALED(status));
        else if (expected[i] > 0)
            CHECK(WIFSIGNALED(status) && WTERMSIG(status) == expected[i]);
        else
            CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"pipe", resize_full_pipe}, {"epoll-chain", chain_epolls}, {"epoll-paths", watch_by_many_paths},
        {"timers", set_impossible_timers}, {"threads", end_threads_together}, {"frames", forge_frames},
    };
    if (count > 1 && !strcmp(arguments[1], "leave"))
        leave_together();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (count > 1 && strcmp(arguments[1], cases[i].name))
            continue;
        cases[i].run();
        puts(cases[i].name);
        fflush(stdout);
    }
    return 0;
}
