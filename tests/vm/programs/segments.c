/*
 * Data segment selectors, the bases of FS and GS, and the right to read the TSC belong to a thread: checked the same
 * on Linux and on Astra.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"

enum { SET_GS = 0x1001, SET_FS = 0x1002, GET_FS = 0x1003, GET_GS = 0x1004, GET_CPUID = 0x1011 }; /* asm/prctl.h */
#define USER_DATA 0x2b
#define ROUNDS 500
#define BASE 0x123456000

static uint64_t gs_base(void) {
    uint64_t base = 1;
    return syscall(SYS_arch_prctl, GET_GS, &base) == 0 ? base : 1;
}

static int set_gs_base(uint64_t base) {
    return syscall(SYS_arch_prctl, SET_GS, base) == 0;
}

#define READ(segment) \
    static unsigned read_##segment(void) { \
        unsigned selector; \
        __asm__ volatile("mov %%" #segment ", %0" : "=r"(selector)); \
        return selector; \
    } \
    static void load_##segment(unsigned selector) { __asm__ volatile("mov %w0, %%" #segment ::"r"(selector) : "memory"); }
READ(ds)
READ(es)
READ(fs)
READ(gs)

static int in_child(int (*run)(void)) {
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(run());
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void at_the_start(void) {
    CHECK(syscall(SYS_arch_prctl, GET_CPUID, 0) == 1);
    CHECK(read_ds() == 0 && read_es() == 0 && read_fs() == 0 && read_gs() == 0 && gs_base() == 0);
}

/* A selector brings its segment's base; a base takes the selector away. */
static void base_and_selector(void) {
    CHECK(set_gs_base(BASE) && gs_base() == BASE && read_gs() == 0);
    load_gs(USER_DATA);
    CHECK(gs_base() == 0 && read_gs() == USER_DATA);
    CHECK(set_gs_base(BASE) && gs_base() == BASE && read_gs() == 0);
    CHECK(set_gs_base(0) && gs_base() == 0);
}

/* The same for FS, where errno and the like are: nothing is called in between. */
static void fs_selector(void) {
    uint64_t own, seen = 1;
    unsigned loaded, after;
    CHECK(syscall(SYS_arch_prctl, GET_FS, &own) == 0);
    __asm__ volatile("mov %w[data], %%fs; mov $24, %%eax; syscall\n" /* sched_yield */
                     "mov %%fs, %[loaded]; mov $158, %%eax; mov %[get], %%edi; mov %[at], %%rsi; syscall\n"
                     "mov $158, %%eax; mov %[set], %%edi; mov %[own], %%rsi; syscall; mov %%fs, %[after]"
                     : [loaded] "=&r"(loaded), [after] "=&r"(after)
                     : [data] "r"(USER_DATA), [get] "i"(GET_FS), [set] "i"(SET_FS), [at] "r"(&seen), [own] "r"(own)
                     : "rax", "rcx", "rdx", "rdi", "rsi", "r8", "r9", "r10", "r11", "memory");
    CHECK(loaded == USER_DATA && seen == 0 && after == 0);
}

static int keeps(unsigned selector, uint64_t base) {
    int good = set_gs_base(base);
    load_ds(selector);
    load_es(selector);
    if (base == 0)
        load_gs(selector);
    for (int i = 0; i < ROUNDS && good; i++) {
        sched_yield();
        good = read_ds() == selector && read_es() == selector && read_gs() == (base ? 0 : selector) && gs_base() == base;
    }
    return good;
}

static int with_selectors(void) {
    return keeps(USER_DATA, 0) ? 0 : 1;
}

static int with_a_base(void) {
    return keeps(0, BASE) ? 0 : 1;
}

/* Processes that take turns on one CPU. */
static void turns(void) {
    int (*const run[])(void) = {with_selectors, with_a_base, with_selectors, with_a_base};
    cpu_set_t first, before;
    pid_t children[4];
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    CHECK(sched_getaffinity(0, sizeof before, &before) == 0 && sched_setaffinity(0, sizeof first, &first) == 0);
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(run[i]());
    }
    for (int i = 0, status = -1; i < 4; i++)
        CHECK(waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
}

static int has_selectors(void) {
    return read_ds() == USER_DATA && read_gs() == USER_DATA && gs_base() == 0 ? 0 : 1;
}

static int has_base(void) {
    return read_ds() == 0 && read_gs() == 0 && gs_base() == BASE ? 0 : 1;
}

static void children(void) {
    CHECK(set_gs_base(BASE) && in_child(has_base) == 0);
    load_ds(USER_DATA);
    load_gs(USER_DATA);
    CHECK(in_child(has_selectors) == 0);
    load_ds(0);
    CHECK(set_gs_base(0));
}

/* ---- RDTSC ---- */

static sigjmp_buf refused;

static void on_fault(int number) {
    (void)number;
    siglongjmp(refused, 1);
}

static int reads_tsc(void) {
    if (sigsetjmp(refused, 1))
        return 0;
    __asm__ volatile("rdtsc" ::: "eax", "edx");
    return 1;
}

static int cannot_read(void) {
    int mode = 0;
    return prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_SIGSEGV && !reads_tsc() ? 0 : 1;
}

static void time_stamps(void) {
    int mode = 0;
    CHECK(reads_tsc() && prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_ENABLE);
    CHECK(prctl(PR_SET_TSC, 0) == -1 && errno == EINVAL && prctl(PR_SET_TSC, 3) == -1 && errno == EINVAL);
    CHECK(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0 && cannot_read() == 0 && in_child(cannot_read) == 0 && cannot_read() == 0);
    CHECK(prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0 && reads_tsc());
}

int main(void) {
    static const struct part parts[] = {
        PART(at_the_start), PART(base_and_selector), PART(fs_selector), PART(turns), PART(children), PART(time_stamps),
    };
    signal(SIGSEGV, on_fault);
    return run_parts(parts, sizeof parts / sizeof parts[0], NULL);
}
