/* Handlers: what they are told, where they run, what they leave alone. */
#include "tests/vm/programs/processes/processes.h"

void test_handler(void) {
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

void test_queue(void) {
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

void test_fault(void) {
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

void test_altstack(void) {
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

void test_registers(void) {
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
