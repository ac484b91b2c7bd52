/* System calls about scheduling: kernel/sys/sched.c, ioprio.c. As the ABI passes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/sys/user_time.h"

struct sched_attr_user;

int64_t sys_sched_yield(void);
int64_t sys_sched_setscheduler(int tid, int policy, const int32_t __user *priority);
int64_t sys_sched_getscheduler(int tid);
int64_t sys_sched_setparam(int tid, const int32_t __user *priority);
int64_t sys_sched_getparam(int tid, int32_t __user *priority);
int64_t sys_sched_setattr(int tid, struct sched_attr_user __user *attr, unsigned flags);
int64_t sys_sched_getattr(int tid, struct sched_attr_user __user *attr, unsigned size, unsigned flags);
int64_t sys_sched_get_priority_max(int policy);
int64_t sys_sched_get_priority_min(int policy);
int64_t sys_sched_rr_get_interval(int tid, struct user_timespec __user *interval);
int64_t sys_sched_setaffinity(int tid, unsigned size, const uint64_t __user *mask);
int64_t sys_sched_getaffinity(int tid, unsigned size, uint64_t __user *mask);
int64_t sys_getpriority(int which, int who);
int64_t sys_setpriority(int which, int who, int nice);
int64_t sys_rseq(uint64_t area, uint32_t size, int flags, uint32_t signature);
int64_t sys_getcpu(uint32_t __user *cpu, uint32_t __user *node);
int64_t sys_ioprio_set(int which, int who, int value);
int64_t sys_ioprio_get(int which, int who);
