/* System calls that start programs: kernel/sys/exec.c. */
#pragma once

#include <stdint.h>

int64_t sys_execve(const char *name, const char *const *arguments, const char *const *environment);
int64_t sys_execveat(int directory, const char *name, const char *const *arguments,
                     const char *const *environment, unsigned flags);
