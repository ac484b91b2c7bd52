/*
 * Restartable sequences, rseq(2): registration and its errors, sections that timer signals, system
 * calls and other processes abort, bad descriptors, fork, exec and threads. Prints one line a check.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/vm/programs/truths.h"

#define SIGNATURE 0x53053053u
#define AREA_SIZE 32
#define UNREGISTER 1
#define UNINITIALIZED UINT32_MAX
#define ABORTS 20

struct area {
    uint32_t cpu_id_start, cpu_id;
    uint64_t descriptor;
    uint32_t flags, node_id, mm_cid, end;
} __attribute__((aligned(32)));

struct descriptor {
    uint32_t version, flags;
    uint64_t start, length, abort;
} __attribute__((aligned(32)));

static struct area area, other;
static struct descriptor spin_section;
void spin_start(void), spin_end(void), spin_abort(void); /* places, not functions */
long spin(volatile struct area *where, const struct descriptor *section, volatile int *begun, long rounds);

/* Counts down inside the section: 1 if it got to the end, 0 if it was aborted. */
__asm__(".globl spin, spin_abort, spin_start, spin_end\n"
        "spin: mov %rsi, 8(%rdi)\n"
        "spin_start: movl $1, (%rdx)\n"
        "1: pause; dec %rcx; jnz 1b\n"
        "movl $0, (%rdx)\n"
        "spin_end: movq $0, 8(%rdi); mov $1, %eax; ret\n"
        ".byte 0x0f, 0xb9, 0x3d; .long 0x53053053\n"
        "spin_abort: xor %eax, %eax; ret\n");

static int rseq(void *where, uint32_t size, int flags, uint32_t signature) {
    return syscall(SYS_rseq, where, size, flags, signature) == 0 ? 0 : errno;
}

/* ---- registration ---- */

static void registration(void) {
    char *hole = (char *)0x800000000000ull; /* the first address that is not a program's */
    check("unaligned", rseq((char *)&area + 8, AREA_SIZE, 0, SIGNATURE) == EINVAL);
    check("too small", rseq(&area, AREA_SIZE - 4, 0, SIGNATURE) == EINVAL);
    check("unknown flag", rseq(&area, AREA_SIZE, 2, SIGNATURE) == EINVAL);
    check("outside memory", rseq(hole, AREA_SIZE, 0, SIGNATURE) == EFAULT);
    check("unregister nothing", rseq(&area, AREA_SIZE, UNREGISTER, SIGNATURE) == EINVAL);
    area.cpu_id = UNINITIALIZED;
    check("register", rseq(&area, AREA_SIZE, 0, SIGNATURE) == 0);
    check("number of the CPU", area.cpu_id < 1024 && area.cpu_id_start == area.cpu_id);
    check("again", rseq(&area, AREA_SIZE, 0, SIGNATURE) == EBUSY);
    check("again with another signature", rseq(&area, AREA_SIZE, 0, SIGNATURE + 1) == EPERM);
    check("another area", rseq(&other, AREA_SIZE, 0, SIGNATURE) == EINVAL);
    check("unregister another area", rseq(&other, AREA_SIZE, UNREGISTER, SIGNATURE) == EINVAL);
    check("unregister by another size", rseq(&area, AREA_SIZE * 2, UNREGISTER, SIGNATURE) == EINVAL);
    check("unregister by another signature", rseq(&area, AREA_SIZE, UNREGISTER, SIGNATURE + 1) == EPERM);
    check("unregister with a flag more", rseq(&area, AREA_SIZE, UNREGISTER | 2, SIGNATURE) == EINVAL);
    check("unregister", rseq(&area, AREA_SIZE, UNREGISTER, SIGNATURE) == 0);
    check("no number any more", area.cpu_id == UNINITIALIZED && area.cpu_id_start == 0);
    check("register again", rseq(&area, AREA_SIZE, 0, SIGNATURE) == 0);
}

/* ---- aborts ---- */

static volatile int signals, in_section, seen_abort_address, begun;

static void on_alarm(int number, siginfo_t *info, void *context) {
    uint64_t rip = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    (void)number, (void)info;
    signals++;
    in_section += rip > (uint64_t)spin_start && rip < (uint64_t)spin_abort - 16;
    seen_abort_address += rip == (uint64_t)spin_abort;
}

static void timer_signals(void) {
    struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    int aborts = 0;

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while (aborts < ABORTS || seen_abort_address == 0)
        aborts += spin(&area, &spin_section, &begun, 1l << 40) == 0;
    setitimer(ITIMER_REAL, &never, NULL);
    check("signals abort", signals >= 1);
    check("handlers never see the section", in_section == 0);
    check("its descriptor is gone", area.descriptor == 0);
}

static void undisturbed(void) {
    int done = 0;
    for (int i = 0; i < 1000; i++)
        done += spin(&area, &spin_section, &begun, 10) == 1;
    check("short sections end", done > 900);
    area.descriptor = (uint64_t)&spin_section;
    sched_yield();
    usleep(1000);
    check("outside, the descriptor is only forgotten", area.descriptor == 0);
}

/* No signals: another process that wants the CPU. */
static void preemption(void) {
    cpu_set_t one, all;
    int aborts = 0;
    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    pid_t child = fork();
    if (child == 0)
        for (;;)
            ;
    while (aborts < ABORTS)
        aborts += spin(&area, &spin_section, &begun, 1l << 40) == 0;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    sched_setaffinity(0, sizeof all, &all);
    check("other processes abort", aborts == ABORTS && area.cpu_id == area.cpu_id_start);
}

static void cpu_numbers(void) {
    int right = 0, count = 0;
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof all, &all);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        count++;
        right += sched_setaffinity(0, sizeof one, &one) == 0 && (int)*(volatile uint32_t *)&area.cpu_id == cpu;
    }
    sched_setaffinity(0, sizeof all, &all);
    check("the number follows to every CPU", count > 0 && right == count);
}

/* ---- bad descriptors ---- */

/* The signal that ends a child that runs the section, or its negative exit code. */
static int end_with(const struct descriptor *section, uint32_t area_flags) {
    struct itimerval soon = {{0, 2000}, {0, 2000}}; /* again, should it come before the section begins */
    int status;
    pid_t child = fork();
    if (child == 0) {
        area.flags = area_flags;
        setitimer(ITIMER_REAL, &soon, NULL);
        _exit(spin(&area, section, &begun, 1l << 40) == 0 ? 2 : 3);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void bad_descriptors(void) {
    struct descriptor bad = spin_section;
    check("good: goes on at the abort address", end_with(&bad, 0) == -2);
    bad.version = 1;
    check("unknown version", end_with(&bad, 0) == SIGSEGV);
    bad = spin_section, bad.flags = 1;
    check("unknown flag of the section", end_with(&bad, 0) == SIGSEGV);
    check("unknown flag of the area", end_with(&spin_section, 1) == SIGSEGV);
    bad = spin_section, bad.abort = bad.start + 1;
    check("abort address inside", end_with(&bad, 0) == SIGSEGV);
    bad = spin_section, bad.abort += 1;
    check("no signature", end_with(&bad, 0) == SIGSEGV);
    bad = spin_section, bad.length = UINT64_MAX - 16;
    check("length overflows", end_with(&bad, 0) == SIGSEGV);
    check("nothing there", end_with((struct descriptor *)4096, 0) == SIGSEGV);
    check("not a program's address", end_with((struct descriptor *)0xffffffff80000000ull, 0) == SIGSEGV);
}

/* ---- fork, threads, exec ---- */

static int child_status(int (*run)(void)) {
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(run());
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int register_again(void) {
    return rseq(&area, AREA_SIZE, 0, SIGNATURE);
}

static int area_unmapped(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (rseq(&area, AREA_SIZE, UNREGISTER, SIGNATURE) || rseq(page, AREA_SIZE, 0, SIGNATURE))
        return 1;
    munmap(page, 4096);
    for (int i = 0; i < 100; i++)
        usleep(1000);
    return 2;
}

static int execute(void) {
    execl("/proc/self/exe", "rseq", "fresh", (char *)NULL);
    return 1;
}

static void *in_thread(void *result) {
    int first = rseq(&other, AREA_SIZE, 0, SIGNATURE);
    *(int *)result = first == 0 && other.cpu_id < 1024 ? rseq(&other, AREA_SIZE, UNREGISTER, SIGNATURE) : 1;
    return NULL;
}

static void inheritance(void) {
    pthread_t thread;
    int result = -1;
    check("fork inherits", child_status(register_again) == EBUSY);
    check("exec forgets", child_status(execute) == 0);
    check("an area that is gone", child_status(area_unmapped) == 128 + SIGSEGV);
    pthread_create(&thread, NULL, in_thread, &result);
    pthread_join(thread, NULL);
    check("threads have their own", result == 0);
}

int main(int argc, char **argv) {
    if (argc > 1)
        return rseq(&area, AREA_SIZE, 0, SIGNATURE);
    spin_section = (struct descriptor){.start = (uintptr_t)spin_start, .abort = (uintptr_t)spin_abort,
                                       .length = (uintptr_t)spin_end - (uintptr_t)spin_start};
    registration();
    timer_signals();
    undisturbed();
    preemption();
    cpu_numbers();
    bad_descriptors();
    inheritance();
    printf("%d aborts by signals seen\n", seen_abort_address);
    return failures != 0;
}
