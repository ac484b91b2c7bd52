/* Page faults on user addresses. */
#pragma once

#include <stdint.h>

struct vma;

enum fault_flag { FAULT_WRITE = 1, FAULT_EXECUTE = 2, FAULT_USER = 4 };

/*
 * Resolves a fault at user address `address` of the running task's space. 0 when resolved (or retried); otherwise the signal to
 * raise: -EFAULT no mapping (SIGSEGV MAPERR), -EACCES protection (SIGSEGV ACCERR), -EIO past the end or read error (SIGBUS),
 * -ENOMEM: no memory, and the task is being killed to free some. May sleep; interrupts on.
 */
int vm_fault(uint64_t address, unsigned flags);

/* Makes one page of a mapping accessible; the space's lock is held for reading. 0, -EACCES, -EIO, -ENOMEM. */
int fault_in_page(struct vma *vma, uint64_t address, unsigned flags);
