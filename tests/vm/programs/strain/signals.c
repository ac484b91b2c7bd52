/* Signals and timers. */
#include "tests/vm/programs/strain/strain.h"

static volatile sig_atomic_t caught;
static void count_signal(int number) {
    (void)number;
    caught++;
}

void signal_storm(void) {
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

void queued_signals(void) {
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

void faults_in_handlers(void) {
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

void timers(void) {
    for (int i = 0; i < 2000; i++) {
        struct itimerval soon = {.it_value.tv_usec = 1 + i % 50};
        struct timespec none = {0, 1000};
        signal(SIGALRM, count_signal);
        REQUIRE(setitimer(ITIMER_REAL, &soon, NULL) == 0);
        nanosleep(&none, NULL);
    }
}
