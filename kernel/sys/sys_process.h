/* System calls about processes and threads: kernel/sys/process.c, identity.c, limits.c. As the ABI passes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct signal_info;

#include "kernel/task/rlimit.h"
#include "kernel/vm/uaccess.h"

struct clone_args_user;
struct rusage_user;
struct siginfo_user;

int64_t sys_fork(void);
int64_t sys_vfork(void);
int64_t sys_unshare(uint64_t flags);
int64_t sys_setns(int descriptor, int type);
int64_t sys_clone(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t child_tid, uint64_t tls);
int64_t sys_clone3(const struct clone_args_user __user *args, size_t size);
int64_t sys_exit(int code);
int64_t sys_exit_group(int code);
int64_t sys_wait4(int pid, int32_t __user *status, unsigned options, struct rusage_user __user *usage);
int64_t sys_waitid(int kind, int number, struct siginfo_user __user *info, unsigned options,
                   struct rusage_user __user *usage);

int64_t sys_getpid(void);
int64_t sys_getppid(void);
int64_t sys_gettid(void);
int64_t sys_setpgid(int pid, int group);
int64_t sys_getpgid(int pid);
int64_t sys_getpgrp(void);
int64_t sys_setsid(void);
int64_t sys_getsid(int pid);
int64_t sys_set_tid_address(uint64_t address);
int64_t sys_prctl(int option, uint64_t arg2, uint64_t arg3, uint64_t arg4, uint64_t arg5);
int64_t sys_arch_prctl(int code, uint64_t address);
int64_t sys_personality(uint64_t persona);

int64_t sys_getrlimit(unsigned resource, struct rlimit __user *limit);
int64_t sys_setrlimit(unsigned resource, const struct rlimit __user *limit);
int64_t sys_prlimit64(int pid, unsigned resource, const struct rlimit __user *new_limit,
                      struct rlimit __user *old_limit);
int64_t sys_getrusage(int who, struct rusage_user __user *usage);
int64_t sys_times(int64_t __user *times);

int64_t sys_pidfd_open(int number, unsigned flags);
int64_t sys_pidfd_send_signal(int descriptor, int signal, const struct signal_info *info, unsigned flags);
int64_t sys_pidfd_getfd(int pidfd, int foreign, unsigned flags);
int64_t sys_process_vm_readv(int tid, const void *own, uint64_t own_count, const void *foreign, uint64_t foreign_count,
                             uint64_t flags);
int64_t sys_process_vm_writev(int tid, const void *own, uint64_t own_count, const void *foreign, uint64_t foreign_count,
                              uint64_t flags);
int64_t sys_process_madvise(int pidfd, const void *vector, uint64_t count, int advice, unsigned flags);
int64_t sys_process_mrelease(int pidfd, unsigned flags);
int64_t sys_kcmp(int tid1, int tid2, int type, uint64_t index1, uint64_t index2);
