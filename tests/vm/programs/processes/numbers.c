/* Names, users, limits, policies. */
#include "tests/vm/programs/processes/processes.h"

void test_identity(void) {
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

void test_limits(void) {
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

void test_scheduling(void) {
    struct sched_param parameter = {.sched_priority = 10};
    cpu_set_t set;
    CHECK(sched_setscheduler(0, SCHED_FIFO, &parameter) == -1 ? errno == ENOSYS : sched_getscheduler(0) >= 0);
    CHECK(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &parameter) == 0);
    CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_RR);
    parameter.sched_priority = 0;
    CHECK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &parameter) == 0);
    CHECK(sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) >= 1);
}
