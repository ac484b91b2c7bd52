/* System calls about credentials: kernel/sys/cred.c. As the ABI passes them. */
#pragma once

#include <stdint.h>

#include "kernel/vm/uaccess.h"

struct cap_header_user;
struct cap_data_user;

int64_t sys_getuid(void);
int64_t sys_geteuid(void);
int64_t sys_getgid(void);
int64_t sys_getegid(void);
int64_t sys_getresuid(uint32_t __user *uid, uint32_t __user *euid, uint32_t __user *suid);
int64_t sys_getresgid(uint32_t __user *gid, uint32_t __user *egid, uint32_t __user *sgid);
int64_t sys_setuid(uint32_t uid);
int64_t sys_setgid(uint32_t gid);
int64_t sys_setreuid(uint32_t uid, uint32_t euid);
int64_t sys_setregid(uint32_t gid, uint32_t egid);
int64_t sys_setresuid(uint32_t uid, uint32_t euid, uint32_t suid);
int64_t sys_setresgid(uint32_t gid, uint32_t egid, uint32_t sgid);
int64_t sys_setfsuid(uint32_t uid);
int64_t sys_setfsgid(uint32_t gid);
int64_t sys_getgroups(int count, uint32_t __user *groups);
int64_t sys_setgroups(unsigned count, const uint32_t __user *groups);
int64_t sys_capget(struct cap_header_user __user *header, struct cap_data_user __user *data);
int64_t sys_capset(struct cap_header_user __user *header, const struct cap_data_user __user *data);
