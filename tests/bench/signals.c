/* Signals, to oneself and to another process. */
#define _GNU_SOURCE
#include "bench.h"
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static pid_t parent /* this process */, partner;
static sigset_t user_signal;

static void ignore(int number) {
    (void)number;
}

static void sig_install(void) {
    struct sigaction action = {.sa_handler = ignore};
    sigaction(SIGUSR2, &action, NULL);
}

static int install(long size) {
    (void)size;
    parent = getpid();
    sig_install();
    return 0;
}

static void sig_deliver(void) {
    kill(parent, SIGUSR2);
}

/* Each side waits for its signal and answers with one. */
static void answer(void) {
    for (;;) {
        sigwaitinfo(&user_signal, NULL);
        kill(parent, SIGUSR1);
    }
}

static int start_answering(long size) {
    (void)size;
    sigemptyset(&user_signal);
    sigaddset(&user_signal, SIGUSR1);
    sigprocmask(SIG_BLOCK, &user_signal, NULL);
    parent = getpid();
    partner = bench_partner(answer);
    return 0;
}

static void ask(void) {
    kill(partner, SIGUSR1);
    sigwaitinfo(&user_signal, NULL);
}

/* The same with handlers: what is blocked arrives in sigsuspend. */
static void answer_handled(void) {
    sigset_t none;
    sigemptyset(&none);
    for (;;) {
        sigsuspend(&none);
        kill(parent, SIGUSR1);
    }
}

static int start_handling(long size) {
    struct sigaction action = {.sa_handler = ignore};
    sigaction(SIGUSR1, &action, NULL);
    start_answering(size);
    bench_need(kill(partner, SIGKILL) == 0);
    partner = bench_partner(answer_handled);
    return 0;
}

static void ask_handled(void) {
    sigset_t none;
    sigemptyset(&none);
    kill(partner, SIGUSR1);
    sigsuspend(&none);
}

const struct bench_row signal_rows[] = {
    {.name = "sig_install", .run = sig_install},
    {.name = "sig_deliver", .run = sig_deliver, .prepare = install},
    {.name = "signal_pingpong", .run = ask, .prepare = start_answering},
    {.name = "signal_handler_pingpong", .run = ask_handled, .prepare = start_handling},
    {},
};
