/* Rows: processes, threads, scheduling, limits. */
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/vm/programs/arguments/arguments.h"

/* flags pidfd child_tid parent_tid exit_signal stack stack_size tls set_tid set_tid_size cgroup */
static const uint64_t clone_args[11] = {[4] = SIGCHLD};
static const uint64_t words[2] = {INNER, 0};
static const struct rlimit limit = {4096, 8192};
static const int32_t priority[1] = {0};
static const uint64_t cpus[1] = {1};
/* size policy flags nice priority runtime deadline period */
static const uint32_t scheduling[12] = {48};
static const uint64_t robust[3] = {INNER, 0, 0};

static const struct row rows[] = {
    ROW(fork, "", FORKS, A_SAME(0))
    ROW(vfork, "", FORKS, A_SAME(0))
    ROW(clone, "", FORKS, A_FLAGS(0), A_SAME(CHILD_STACK), A_NO_OUT(4), A_NO_OUT(4), A_ADDRESS(0))
    ROW(clone, "-thread", FORKS, A_FLAGS(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD), A_SAME(CHILD_STACK),
        A_NO_OUT(4), A_NO_OUT(4), A_ADDRESS(0))
    ROW(clone, "-tids", FORKS, A_SAME(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD), A_SAME(CHILD_STACK), A_OUT(4), A_OUT(4),
        A_ADDRESS(0))
    ROW(clone, "-tls", FORKS, A_SAME(CLONE_SETTLS | SIGCHLD), A_SAME(CHILD_STACK), A_SAME(0), A_SAME(0), A_ADDRESS(0))
    ROW(clone3, "", FORKS, A_IN(clone_args), A_LENGTH(88))
    ROW(unshare, "", 0, A_FLAGS(0))
    ROW(setns, "", 0, A_FD(FILE_FD), A_CHOICE(0))
    ROW(process_mrelease, "", 0, A_FD(PID_FD), A_FLAGS(0))
    ROW(execve, "", 0, A_PATH("program"), A_IN(words), A_IN(words))
    ROW(execveat, "", 0, A_DIRECTORY, A_PATH("program"), A_IN(words), A_IN(words), A_FLAGS(0))
    ROW(execveat, "-fd", 0, A_FD(FILE_FD), A_PATH(""), A_NO_IN(16), A_NO_IN(16), A_FLAGS(0x1000))
    ROW(exit, "", 0, A_CHOICE(5))
    ROW(exit_group, "", 0, A_CHOICE(5))
    ROW(wait4, "", 0, A_PID(-1), A_NO_OUT(4), A_FLAGS(WNOHANG), A_NO_OUT(144))
    ROW(waitid, "", 0, A_CHOICE(P_ALL), A_PID(0), A_OUT(128), A_FLAGS(WEXITED | WNOHANG), A_NO_OUT(144))
    ROW(waitid, "-pid", 0, A_SAME(P_PID), A_PID(SELF), A_OUT(128), A_FLAGS(WEXITED | WNOHANG), A_NO_OUT(144))
    ROW(waitid, "-group", 0, A_SAME(P_PGID), A_PID(0), A_OUT(128), A_SAME(WEXITED | WNOHANG), A_NO_OUT(144))
    ROW(waitid, "-pidfd", 0, A_SAME(3), A_FD(PID_FD), A_OUT(128), A_SAME(WEXITED | WNOHANG), A_NO_OUT(144))
    ROW(getpid, "", HARMLESS)
    ROW(gettid, "", HARMLESS)
    ROW(getppid, "", HARMLESS)
    ROW(getpgrp, "", HARMLESS)
    ROW(getpgid, "", HARMLESS, A_PID(0))
    ROW(setpgid, "", 0, A_PID(0), A_PID(0))
    ROW(getsid, "", HARMLESS, A_PID(0))
    ROW(setsid, "", 0)
    ROW(set_tid_address, "", 0, A_OUT(4))
    ROW(pidfd_open, "", 0, A_PID(SELF), A_FLAGS(0))
    ROW(pidfd_getfd, "", 0, A_FD(PID_FD), A_FD(FILE_FD), A_FLAGS(0))
    ROW(pidfd_send_signal, "", 0, A_FD(PID_FD), A_SIGNAL(0), A_NO_IN(128), A_FLAGS(0))
    ROW(kcmp, "", HARMLESS, A_PID(SELF), A_PID(SELF), A_CHOICE(0), A_FD(FILE_FD), A_FD(FILE_FD))
    ROW(getrlimit, "", HARMLESS, A_CHOICE(RLIMIT_CORE), A_OUT(16))
    ROW(setrlimit, "", 0, A_CHOICE(RLIMIT_CORE), A_IN(limit))
    ROW(prlimit64, "", 0, A_PID(0), A_CHOICE(RLIMIT_CORE), A_IN(limit), A_OUT(16))
    ROW(getrusage, "", HARMLESS, A_CHOICE(0), A_OUT(144))
    ROW(getpriority, "", NUMBERED, A_CHOICE(PRIO_PROCESS), A_PID(0))
    ROW(setpriority, "", 0, A_CHOICE(PRIO_PROCESS), A_PID(0), A_CHOICE(0))
    ROW(sched_yield, "", HARMLESS)
    ROW(sched_setparam, "", 0, A_PID(0), A_IN(priority))
    ROW(sched_getparam, "", HARMLESS, A_PID(0), A_OUT(4))
    ROW(sched_setscheduler, "", 0, A_PID(0), A_CHOICE(SCHED_OTHER), A_IN(priority))
    ROW(sched_getscheduler, "", HARMLESS | NUMBERED, A_PID(0))
    ROW(sched_get_priority_max, "", HARMLESS | NUMBERED, A_CHOICE(0))
    ROW(sched_get_priority_min, "", HARMLESS | NUMBERED, A_CHOICE(0))
    ROW(sched_rr_get_interval, "", HARMLESS, A_PID(0), A_OUT(16))
    ROW(sched_setaffinity, "", 0, A_PID(0), A_LENGTH(8), A_IN(cpus))
    ROW(sched_getaffinity, "", HARMLESS, A_PID(0), A_LENGTH(128), A_OUT(8))
    ROW(sched_setattr, "", 0, A_PID(0), A_IN(scheduling), A_FLAGS(0))
    ROW(sched_getattr, "", HARMLESS, A_PID(0), A_OUT(48), A_LENGTH(48), A_FLAGS(0))
    ROW(set_robust_list, "", 0, A_IN(robust), A_LENGTH(24))
    ROW(get_robust_list, "", HARMLESS, A_PID(0), A_OUT(8), A_OUT(8))
    ROW(rseq, "", 0, A_OUT(32), A_LENGTH(32), A_FLAGS(0), A_CHOICE(0x53053053))
    ROW(arch_prctl, "", 0, A_CHOICE(0x1003), A_OUT(8))
    ROW(arch_prctl, "-1000", 0, A_SAME(0x1000), A_OUT(8))
    ROW(arch_prctl, "-set-gs", 0, A_SAME(0x1001), A_ADDRESS(0))
    ROW(arch_prctl, "-set-fs", 0, A_SAME(0x1002), A_ADDRESS(RANGE))
    ROW(arch_prctl, "-get-gs", 0, A_SAME(0x1004), A_OUT(8))
    ROW(personality, "", 0, A_FLAGS(0))
    ROW(getcpu, "", HARMLESS, A_OUT(4), A_OUT(4), A_SAME(0))
};

const struct rows process_rows = ROWS(rows);
