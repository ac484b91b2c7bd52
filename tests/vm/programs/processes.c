/* Processes, signals, threads, timers and futexes as Linux has them: "ok NAME" or "not ok NAME: why" a line. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/vm/programs/states.h"

/* linux/futex.h */
enum { FUTEX_WAIT, FUTEX_WAKE, FUTEX_CMP_REQUEUE = 4, FUTEX_WAKE_OP = 5 };
#define FUTEX_SET_IF_EQUAL(value, compared) ((value) << 12 | (compared))

static const char *test_name;
static int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("not ok %s: line %d: %s (errno %d)\n", test_name, __LINE__, #condition, errno); \
            failures++; \
            return; \
        } \
    } while (0)

static void sleep_ms(int ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

static void action(int number, void *handler, int flags) {
    struct sigaction sa = {.sa_flags = flags};
    sa.sa_handler = handler;
    sigaction(number, &sa, NULL);
}

static volatile int caught, caught_last;
static void note(int number) {
    caught++;
    caught_last = number;
}

/* ---- fork, exit, wait ---- */

static void test_exit_status(void) {
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(300);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 44);
    CHECK(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
    pid = fork();
    if (pid == 0)
        raise(SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_wait_options(void) {
    int status;
    siginfo_t info = {0};
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    CHECK(waitpid(pid, &status, WNOHANG) == 0);
    kill(pid, SIGSTOP);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK(waitpid(pid, &status, WUNTRACED | WNOHANG) == 0);
    kill(pid, SIGCONT);
    CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    kill(pid, SIGTERM);
    CHECK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK(info.si_signo == SIGCHLD && info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGTERM);
    CHECK(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGTERM);
}

static void test_groups(void) {
    int status;
    pid_t a = fork();
    if (a == 0) {
        setpgid(0, 0);
        pause();
        _exit(0);
    }
    setpgid(a, a);
    pid_t b = fork();
    if (b == 0) {
        setpgid(0, a);
        pause();
        _exit(0);
    }
    setpgid(b, a);
    CHECK(getpgid(b) == a && getpgid(a) == a);
    CHECK(kill(-a, SIGTERM) == 0);
    CHECK(waitpid(-a, &status, 0) > 0 && waitpid(-a, &status, 0) > 0);
    CHECK(waitpid(-a, &status, 0) < 0 && errno == ECHILD);
    CHECK(kill(-a, 0) < 0 && errno == ESRCH);
    pid_t c = fork();
    if (c == 0)
        _exit(setsid() == getpid() && getsid(0) == getpid() && setsid() < 0 && errno == EPERM ? 0 : 1);
    CHECK(waitpid(c, &status, 0) == c && status == 0);
}

static void test_orphan(void) {
    int fds[2];
    pid_t parent = 0, status;
    CHECK(pipe(fds) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            while (getppid() != 1)
                sleep_ms(2);
            parent = getppid();
            write(fds[1], &parent, sizeof parent);
            _exit(0);
        }
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(read(fds[0], &parent, sizeof parent) == sizeof parent && parent == 1);
    close(fds[0]);
    close(fds[1]);
}

static void test_vfork(void) {
    volatile int shared = 0;
    int status;
    pid_t pid = vfork();
    if (pid == 0) {
        shared = 1;
        _exit(3);
    }
    CHECK(shared == 1); /* the child ran first, in our memory */
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
}

extern char **environ;
static void test_spawn(void) {
    char *argv[] = {"sh", "-c", "exit 5", NULL};
    int status;
    pid_t pid;
    CHECK(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
    argv[0] = "/nonexistent";
    CHECK(posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == ENOENT);
}

static void test_ignored_children(void) {
    int status;
    action(SIGCHLD, SIG_IGN, 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    CHECK(waitpid(pid, &status, 0) == -1 && errno == ECHILD); /* returns once it is gone */
    action(SIGCHLD, SIG_DFL, 0);
}

/* ---- signals ---- */

static void test_handler(void) {
    caught = 0;
    action(SIGUSR1, note, 0);
    raise(SIGUSR1);
    CHECK(caught == 1 && caught_last == SIGUSR1);
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    raise(SIGUSR1);
    sigpending(&set);
    CHECK(caught == 1 && sigismember(&set, SIGUSR1));
    sigprocmask(SIG_SETMASK, &old, NULL);
    CHECK(caught == 2); /* not a queue */
    action(SIGUSR1, note, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    CHECK(caught == 3 && now.sa_handler == SIG_DFL);
}

static volatile siginfo_t info_seen;
static ucontext_t *volatile context_seen;
static void note_info(int number, siginfo_t *info, void *context) {
    (void)number;
    caught++;
    info_seen = *info;
    context_seen = context;
}

static void test_queue(void) {
    caught = 0;
    action(SIGRTMIN + 1, note_info, SA_SIGINFO);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 3; i++)
        CHECK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 40 + i}) == 0);
    siginfo_t info;
    struct timespec now = {0, 0};
    CHECK(sigtimedwait(&set, &info, &now) == SIGRTMIN + 1 && info.si_value.sival_int == 40 && info.si_code == SI_QUEUE);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK(caught == 2 && info_seen.si_value.sival_int >= 41 && info_seen.si_pid == getpid());
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK(sigtimedwait(&set, &info, &now) == -1 && errno == EAGAIN);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static sigjmp_buf jump;
static void jump_out(int number, siginfo_t *info, void *context) {
    note_info(number, info, context);
    siglongjmp(jump, 1);
}

static void test_fault(void) {
    action(SIGSEGV, jump_out, SA_SIGINFO);
    action(SIGFPE, jump_out, SA_SIGINFO);
    if (sigsetjmp(jump, 1) == 0)
        *(volatile char *)0x1234 = 1;
    CHECK(info_seen.si_signo == SIGSEGV && info_seen.si_addr == (void *)0x1234 && info_seen.si_code == SEGV_MAPERR);
    if (sigsetjmp(jump, 1) == 0)
        *(volatile char *)(uintptr_t)test_fault = 1;
    CHECK(info_seen.si_code == SEGV_ACCERR);
    volatile int zero = 0;
    if (sigsetjmp(jump, 1) == 0)
        zero = 9 / zero;
    CHECK(info_seen.si_signo == SIGFPE && info_seen.si_code == FPE_INTDIV);
    action(SIGSEGV, SIG_DFL, 0);
    action(SIGFPE, SIG_DFL, 0);
}

static char *volatile handler_stack;
static void note_stack(int number) {
    char here;
    handler_stack = &here;
    note(number);
}

static void test_altstack(void) {
    static char stack[32768];
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack}, old;
    CHECK(sigaltstack(&ss, NULL) == 0);
    action(SIGUSR2, note_stack, SA_ONSTACK);
    raise(SIGUSR2);
    CHECK(handler_stack > stack && handler_stack < stack + sizeof stack);
    ss.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&ss, &old) == 0 && old.ss_sp == stack && old.ss_flags == 0);
    raise(SIGUSR2);
    CHECK(handler_stack < stack || handler_stack > stack + sizeof stack);
}

static void clobber(int number) {
    volatile double x = 3.0;
    for (int i = 0; i < 10; i++)
        x = x * 1.5 + number;
    __asm__ volatile("pxor %%xmm0, %%xmm0; pxor %%xmm7, %%xmm7; pxor %%xmm15, %%xmm15; fninit" ::: "xmm0", "xmm7", "xmm15");
}

static void test_registers(void) {
    action(SIGUSR1, clobber, 0);
    uint64_t in = 0x1122334455667788, out0, out7, out15, r12, r15;
    pid_t self = getpid();
    __asm__ volatile("movq %[in], %%xmm0; movq %[in], %%xmm7; movq %[in], %%xmm15; mov %[in], %%r12; mov %[in], %%r15\n\t"
                     "mov $62, %%eax; mov %[pid], %%edi; mov $10, %%esi; syscall\n\t" /* kill(self, SIGUSR1) */
                     "movq %%xmm0, %[o0]; movq %%xmm7, %[o7]; movq %%xmm15, %[o15]; mov %%r12, %[a]; mov %%r15, %[b]"
                     : [o0] "=m"(out0), [o7] "=m"(out7), [o15] "=m"(out15), [a] "=m"(r12), [b] "=m"(r15)
                     : [in] "r"(in), [pid] "r"(self)
                     : "rax", "rcx", "r11", "rdi", "rsi", "r12", "r15", "xmm0", "xmm7", "xmm15", "memory");
    CHECK(out0 == in && out7 == in && out15 == in && r12 == in && r15 == in);
}

static volatile int *handled; /* seen by the child, too */
static void note_shared(int number) {
    ++*handled;
}

/* A child signals while we read, and writes when the signal has been handled and we read on, or again. */
static void test_restart(void) {
    int fds[2], status;
    char byte = 0;
    handled = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(pipe(fds) == 0 && handled != MAP_FAILED);
    for (int restart = 0; restart < 2; restart++) {
        *handled = 0;
        action(SIGUSR1, note_shared, restart ? SA_RESTART : 0);
        pid_t parent = getpid(), pid = fork();
        if (pid == 0) {
            until_asleep(parent);
            kill(parent, SIGUSR1);
            while (*handled == 0 || !until_asleep(parent))
                sleep_ms(1);
            write(fds[1], "x", 1);
            _exit(0);
        }
        ssize_t got = read(fds[0], &byte, 1);
        CHECK(restart ? got == 1 && byte == 'x' : got == -1 && errno == EINTR);
        CHECK(*handled == 1);
        if (!restart)
            CHECK(read(fds[0], &byte, 1) == 1);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    munmap((void *)handled, 4096);
    close(fds[0]);
    close(fds[1]);
}

static void test_suspend(void) {
    sigset_t block, none;
    sigemptyset(&block);
    sigemptyset(&none);
    sigaddset(&block, SIGUSR1);
    caught = 0;
    action(SIGUSR1, note, 0);
    sigprocmask(SIG_BLOCK, &block, NULL);
    pid_t parent = getpid(), pid = fork();
    int status;
    if (pid == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    CHECK(sigsuspend(&none) == -1 && errno == EINTR && caught == 1);
    sigprocmask(SIG_SETMASK, NULL, &block);
    CHECK(sigismember(&block, SIGUSR1));
    sigprocmask(SIG_SETMASK, &none, NULL);
    CHECK(waitpid(pid, &status, 0) == pid);
}

static void test_sleep(void) {
    struct timespec long_time = {10000, 0}, left = {0};
    action(SIGALRM, note, SA_RESTART);
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0}};
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    CHECK(nanosleep(&long_time, &left) == -1 && errno == EINTR && left.tv_sec < 10000 && left.tv_sec >= 9000);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    CHECK(alarm(10000) == 0);
    unsigned rest = alarm(0);
    CHECK(rest <= 10000 && rest >= 9000);
}

enum { SLEEP_MS = 300 };

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A child sleeps SLEEP_MS and is stopped meanwhile, for as long as it would sleep. Returns for how long it then still
 * slept; -1: it ended too early; LONG_MAX: it ended before it could be stopped. */
static long sleep_after_stop_ms(void) {
    long start = now_ms();
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct timespec t = {0, SLEEP_MS * 1000000};
        _exit(nanosleep(&t, NULL) == 0 ? 7 : 8);
    }
    int stopped = until_asleep(pid);
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    if (!stopped || !WIFSTOPPED(status))
        return WIFSTOPPED(status) || WEXITSTATUS(status) != 7 ? -1 : LONG_MAX;
    sleep_ms(SLEEP_MS);
    long continued = now_ms();
    kill(pid, SIGCONT);
    if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7 || now_ms() - start < SLEEP_MS)
        return -1;
    return now_ms() - continued;
}

/* A stop does not end a sleep, nor begin it anew: of some tries, one is not delayed by others. */
static void test_stopped_sleep(void) {
    long least = LONG_MAX;
    for (int i = 0; i < 50 && least >= SLEEP_MS; i++) {
        long after = sleep_after_stop_ms();
        CHECK(after >= 0);
        least = after < least ? after : least;
    }
    CHECK(least < SLEEP_MS);
}

static void test_periodic(void) {
    struct itimerval timer = {{0, 5000}, {0, 5000}}, off = {{0}, {0}};
    caught = 0;
    action(SIGALRM, note, 0);
    setitimer(ITIMER_REAL, &timer, NULL);
    while (caught < 5)
        pause();
    CHECK(setitimer(ITIMER_REAL, &off, &timer) == 0 && timer.it_interval.tv_usec == 5000);
}

/* ---- threads and futexes ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn, counter;

static void *count_thread(void *argument) {
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        if (i % 100 == 0)
            sched_yield();
    }
    return argument;
}

static void test_threads(void) {
    pthread_t threads[4];
    void *result;
    counter = 0;
    for (long i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, count_thread, (void *)i) == 0);
    for (long i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], &result) == 0 && result == (void *)i);
    CHECK(counter == 8000);
}

static void *pong(void *unused) {
    for (int i = 0; i < 300; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != 1)
            pthread_cond_wait(&condition, &mutex);
        turn = 0;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}

static void test_condition(void) {
    pthread_t thread;
    struct timespec until;
    CHECK(pthread_create(&thread, NULL, pong, NULL) == 0);
    for (int i = 0; i < 300; i++) {
        pthread_mutex_lock(&mutex);
        turn = 1;
        pthread_cond_broadcast(&condition);
        while (turn != 0)
            pthread_cond_wait(&condition, &mutex);
        pthread_mutex_unlock(&mutex);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 10000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_timedwait(&condition, &mutex, &until) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static void *exit_group_thread(void *unused) {
    (void)unused;
    sleep_ms(10);
    exit(9);
}

static void *pause_thread(void *unused) {
    for (;;)
        pause();
    return unused;
}

static void test_thread_exit(void) {
    int status;
    pthread_t thread;
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, pause_thread, NULL);
        pthread_create(&thread, NULL, exit_group_thread, NULL);
        pthread_exit(NULL); /* the leader goes first */
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 9);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, pause_thread, NULL);
        sleep_ms(10);
        execl("/bin/sh", "sh", "-c", "exit 6", NULL);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 6);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, pause_thread, NULL);
        pause();
    }
    until_asleep(pid);
    kill(pid, SIGSTOP);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static long futex(uint32_t *word, int op, uint32_t value, void *timeout, uint32_t *word2, uint32_t value3) {
    return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static void test_futex_shared(void) {
    uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct timespec ms = {0, 5000000};
    int status;
    CHECK(word != MAP_FAILED);
    CHECK(futex(word, FUTEX_WAIT, 1, NULL, NULL, 0) == -1 && errno == EAGAIN);
    CHECK(futex(word, FUTEX_WAIT, 0, &ms, NULL, 0) == -1 && errno == ETIMEDOUT);
    CHECK(futex((uint32_t *)((char *)word + 1), FUTEX_WAIT, 0, NULL, NULL, 0) == -1 && errno == EINVAL);
    CHECK(futex(NULL, FUTEX_WAIT, 0, NULL, NULL, 0) == -1 && errno == EFAULT);
    pid_t pid = fork();
    if (pid == 0) {
        while (*(volatile uint32_t *)word == 0)
            futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
        _exit(4);
    }
    until_asleep(pid);
    CHECK(futex(word, FUTEX_WAKE_OP, 1, (void *)1, word + 1, FUTEX_SET_IF_EQUAL(7, 0)) == 1);
    CHECK(word[1] == 7);
    until_asleep(pid);
    CHECK(futex(word, FUTEX_CMP_REQUEUE, 0, (void *)5, word + 2, 0) == 1);
    *word = 1;
    CHECK(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0 && futex(word + 2, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 4);
    munmap(word, 4096);
}

static void *robust_holder(void *argument) {
    pthread_mutex_lock(argument);
    return NULL;
}

static void test_robust(void) {
    pthread_mutexattr_t attributes;
    pthread_mutex_t robust;
    pthread_t thread;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    CHECK(pthread_create(&thread, NULL, robust_holder, &robust) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&robust) == 0 && pthread_mutex_unlock(&robust) == 0);
}

/* ---- numbers ---- */

static void test_identity(void) {
    char name[16] = {0};
    int status;
    CHECK(prctl(PR_SET_NAME, "a-name-that-is-too-long") == 0 && prctl(PR_GET_NAME, name) == 0);
    CHECK(strcmp(name, "a-name-that-is-") == 0);
    CHECK(getuid() == 0 && syscall(SYS_gettid) == getpid());
    pid_t pid = fork();
    if (pid == 0) {
        gid_t groups[2] = {5, 6};
        uid_t r, e, s;
        if (setgroups(2, groups) < 0 || setgid(100) < 0 || setuid(1000) < 0)
            _exit(1);
        if (getresuid(&r, &e, &s) < 0 || r != 1000 || e != 1000 || s != 1000 || getgroups(0, NULL) != 2)
            _exit(2);
        if (setuid(0) == 0 || kill(1, 0) == 0 || errno != EPERM || setpriority(PRIO_PROCESS, 0, -5) == 0)
            _exit(3);
        _exit(setpriority(PRIO_PROCESS, 0, 5) == 0 && getpriority(PRIO_PROCESS, 0) == 5 ? 0 : 4);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void test_limits(void) {
    struct rlimit limit, again;
    struct rusage usage;
    struct tms tms;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 256);
    limit.rlim_cur = 100;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0 && getrlimit(RLIMIT_NOFILE, &again) == 0 && again.rlim_cur == 100);
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0 && getrusage(RUSAGE_CHILDREN, &usage) == 0);
    CHECK(times(&tms) != (clock_t)-1);
    struct timespec cpu;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0 && (cpu.tv_sec || cpu.tv_nsec));
}

static void test_scheduling(void) {
    struct sched_param parameter = {.sched_priority = 10};
    cpu_set_t set;
    CHECK(sched_setscheduler(0, SCHED_FIFO, &parameter) == -1 ? errno == ENOSYS : sched_getscheduler(0) >= 0);
    CHECK(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &parameter) == 0);
    CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_RR);
    parameter.sched_priority = 0;
    CHECK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &parameter) == 0);
    CHECK(sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) >= 1);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"exit-status", test_exit_status}, {"wait-options", test_wait_options}, {"groups", test_groups},
    {"orphan", test_orphan}, {"vfork", test_vfork}, {"spawn", test_spawn}, {"ignored-children", test_ignored_children},
    {"handler", test_handler}, {"queue", test_queue}, {"fault", test_fault}, {"altstack", test_altstack},
    {"registers", test_registers}, {"restart", test_restart}, {"suspend", test_suspend}, {"sleep", test_sleep},
    {"stopped-sleep", test_stopped_sleep},
    {"periodic", test_periodic}, {"threads", test_threads}, {"condition", test_condition},
    {"thread-exit", test_thread_exit}, {"futex-shared", test_futex_shared}, {"robust", test_robust},
    {"identity", test_identity}, {"limits", test_limits}, {"scheduling", test_scheduling},
};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        int before = failures;
        test_name = tests[i].name;
        if (argc > 1 && strcmp(argv[1], test_name))
            continue;
        tests[i].run();
        if (failures == before)
            printf("ok %s\n", test_name);
    }
    return failures != 0;
}
