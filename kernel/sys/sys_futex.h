/* System calls about futexes: kernel/sys/futex.c. As the ABI passes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/vm/uaccess.h"

int64_t sys_futex(uint64_t address, int operation, uint32_t value, uint64_t timeout_or_count, uint64_t address2,
                  uint32_t value3);
struct futex_waitv;
int64_t sys_futex_waitv(const struct futex_waitv __user *entries, unsigned count, unsigned flags, uint64_t timeout,
                        int clock);
int64_t sys_set_robust_list(uint64_t head, size_t size);
int64_t sys_get_robust_list(int tid, uint64_t __user *head, uint64_t __user *size);
