/* System calls about the machine: kernel/sys/system.c, syslog.c. As the ABI passes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/vm/uaccess.h"

struct utsname_user;
struct sysinfo_user;

int64_t sys_uname(struct utsname_user __user *name);
int64_t sys_sethostname(const char __user *name, int length);
int64_t sys_setdomainname(const char __user *name, int length);
int64_t sys_sysinfo(struct sysinfo_user __user *info);
int64_t sys_getrandom(uint8_t __user *to, size_t size, unsigned flags);
int64_t sys_reboot(uint32_t magic1, uint32_t magic2, uint32_t command, const char __user *argument);
int64_t sys_ioperm(uint64_t first, uint64_t count, int allow);
int64_t sys_iopl(unsigned level);
int64_t sys_syslog(int action, char __user *to, int size);
