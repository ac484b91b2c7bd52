/* System calls about signals: kernel/sys/signal.c. As the ABI passes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/sys/user_time.h"
#include "kernel/task/signal.h"

struct altstack_user;

int64_t sys_rt_sigaction(int signal, const struct signal_action __user *action, struct signal_action __user *old,
                         size_t set_size);
int64_t sys_rt_sigprocmask(int how, const signal_set __user *set, signal_set __user *old, size_t set_size);
int64_t sys_rt_sigpending(signal_set __user *set, size_t set_size);
int64_t sys_rt_sigsuspend(const signal_set __user *mask, size_t set_size);
int64_t sys_rt_sigtimedwait(const signal_set __user *set, struct signal_info __user *info,
                            const struct user_timespec __user *timeout, size_t set_size);
int64_t sys_rt_sigqueueinfo(int pid, int signal, const struct signal_info __user *info);
int64_t sys_rt_tgsigqueueinfo(int pid, int tid, int signal, const struct signal_info __user *info);
int64_t sys_rt_sigreturn(void);
int64_t sys_sigaltstack(const struct altstack_user __user *stack, struct altstack_user __user *old);
int64_t sys_kill(int pid, int signal);
int64_t sys_tkill(int tid, int signal);
int64_t sys_tgkill(int pid, int tid, int signal);
int64_t sys_pause(void);
int64_t sys_restart_syscall(void);
