/*
 * I/O ports for programs: ioperm and iopl, checked the same on Linux and on Astra. Needs root. Of the ports only 0x80
 * is written, which shows codes while a PC starts and is otherwise ignored.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/io.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"

#define PORT 0x80
#define OTHER 0xed /* nobody may use it */
#define ROUNDS 2000

static sigjmp_buf refused;

static void on_fault(int number) {
    (void)number;
    siglongjmp(refused, 1);
}

/* Whether the CPU let it through. */
static int write_port(unsigned short port) {
    if (sigsetjmp(refused, 1))
        return 0;
    __asm__ volatile("outb %%al, %%dx" ::"a"(0), "d"(port));
    return 1;
}

static int interrupts_switched(void) {
    if (sigsetjmp(refused, 1))
        return 0;
    __asm__ volatile("cli; sti");
    return 1;
}

/* Exit status of a child. */
static int in_child(int (*run)(void)) {
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(run());
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int drop_root(void) {
    return setgid(65534) == 0 && setuid(65534) == 0;
}

static void arguments(void) {
    CHECK(!write_port(PORT) && !interrupts_switched());
    CHECK(ioperm(0, 0, 1) == -1 && errno == EINVAL && ioperm(65535, 2, 1) == -1 && errno == EINVAL);
    CHECK(ioperm(65536, 1, 0) == -1 && errno == EINVAL && ioperm(0xffffffffffffffff, 2, 1) == -1 && errno == EINVAL);
    CHECK(iopl(4) == -1 && errno == EINVAL && iopl(-1) == -1 && errno == EINVAL);
}

static void single_ports(void) {
    CHECK(ioperm(PORT, 1, 0) == 0 && !write_port(PORT));
    CHECK(ioperm(PORT, 1, 1) == 0 && write_port(PORT) && !write_port(OTHER) && !write_port(PORT + 1) && !write_port(PORT - 1));
    CHECK(ioperm(PORT, 1, 0) == 0 && !write_port(PORT));
    CHECK(ioperm(65535, 1, 1) == 0 && ioperm(65535, 1, 0) == 0);
}

static int inherits(void) {
    return write_port(PORT) && ioperm(PORT, 1, 0) == 0 && !write_port(PORT) ? 0 : 1;
}

static int adds(void) {
    return ioperm(OTHER, 1, 1) == 0 && ioperm(OTHER, 1, 0) == 0 && write_port(PORT) ? 0 : 1;
}

/* A child has what its parent had; changes of one do not reach the other. */
static void children(void) {
    CHECK(ioperm(PORT, 1, 1) == 0 && in_child(inherits) == 0 && write_port(PORT));
    CHECK(in_child(adds) == 0 && write_port(PORT) && !write_port(OTHER));
    CHECK(ioperm(PORT, 1, 0) == 0);
}

static int has_none(void) {
    int wrote = 0;
    for (int i = 0; i < ROUNDS; i++, sched_yield())
        wrote += write_port(PORT);
    return wrote != 0;
}

/* On one CPU, one process with the port and one without take turns. */
static void turns(void) {
    cpu_set_t first, before;
    int status = -1, wrote = 0;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    CHECK(sched_getaffinity(0, sizeof before, &before) == 0 && sched_setaffinity(0, sizeof first, &first) == 0);
    pid_t child = fork();
    if (child == 0)
        _exit(has_none());
    CHECK(ioperm(PORT, 1, 1) == 0);
    for (int i = 0; i < ROUNDS; i++, sched_yield())
        wrote += write_port(PORT);
    CHECK(wrote == ROUNDS && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(ioperm(PORT, 1, 0) == 0 && sched_setaffinity(0, sizeof before, &before) == 0);
}

/* Level 3 is all ports, and flags that seem to change; below it nothing. */
static void levels(void) {
    CHECK(iopl(1) == 0 && !write_port(PORT) && iopl(2) == 0 && !write_port(PORT));
    CHECK(ioperm(PORT, 1, 1) == 0 && iopl(3) == 0 && write_port(PORT) && interrupts_switched());
    CHECK(iopl(0) == 0 && write_port(PORT) && !interrupts_switched() && ioperm(PORT, 1, 0) == 0 && !write_port(PORT));
}

static int without_rights(void) {
    if (ioperm(PORT, 1, 1) != 0 || iopl(2) != 0 || !drop_root())
        return 1;
    if (!write_port(PORT) || ioperm(PORT, 1, 1) != -1 || errno != EPERM || iopl(3) != -1 || errno != EPERM)
        return 2;
    return iopl(2) == 0 && iopl(1) == 0 && iopl(2) == -1 && ioperm(PORT, 1, 0) == 0 && !write_port(PORT) ? 0 : 3;
}

/* What was had is kept, and can be given up. */
static void privileges(void) {
    CHECK(in_child(without_rights) == 0);
}

int main(void) {
    static const struct part parts[] = {
        PART(arguments), PART(single_ports), PART(children), PART(turns), PART(levels), PART(privileges),
    };
    signal(SIGSEGV, on_fault);
    return run_parts(parts, sizeof parts / sizeof parts[0], NULL);
}
