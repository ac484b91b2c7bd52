/* New processes and threads: fork, vfork, clone, clone3. */
#pragma once

#include <stdint.h>

/* linux/sched.h */
enum clone_flag {
    CLONE_SIGNAL_MASK = 0xff, /* clone(2): the exit signal in the low byte of its flags */
    CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_PIDFD = 0x1000,
    CLONE_PTRACE = 0x2000, CLONE_VFORK = 0x4000, CLONE_PARENT = 0x8000, CLONE_THREAD = 0x10000,
    CLONE_NEWNS = 0x20000, CLONE_SYSVSEM = 0x40000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000,
    CLONE_CHILD_CLEARTID = 0x200000, CLONE_DETACHED = 0x400000, CLONE_UNTRACED = 0x800000,
    CLONE_IO = 0x80000000u,
    CLONE_CHILD_SETTID = 0x1000000,
    CLONE_NEWTIME = 0x80, CLONE_NEWCGROUP = 0x2000000, CLONE_NEWUTS = 0x4000000, CLONE_NEWIPC = 0x8000000,
    CLONE_NEWUSER = 0x10000000, CLONE_NEWPID = 0x20000000, CLONE_NEWNET = 0x40000000,
};
#define CLONE_CLEAR_SIGHAND 0x100000000ull /* these two only in clone3 */
#define CLONE_INTO_CGROUP 0x200000000ull

struct clone_request {
    uint64_t flags;       /* enum clone_flag, without the exit signal */
    uint64_t exit_signal; /* 0: none */
    uint64_t stack;       /* initial RSP; 0: as the parent's */
    uint64_t tls;         /* FS base with CLONE_SETTLS */
    uint64_t parent_tid, child_tid, pidfd; /* user addresses */
    int tid;              /* number to give it; 0: any */
};

/* Returns the new thread's number (in the parent) or -errno. May sleep; with CLONE_VFORK until exec or exit. */
int64_t process_clone(const struct clone_request *request);

/* Starts process 1 from the kernel: it executes `path`, with the rights of root. 0 or -ENOMEM. */
int process_start_init(const char *path, const char *const arguments[], const char *const environment[]);
