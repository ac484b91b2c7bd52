/* System calls about memory: kernel/sys/memory.c. Arguments as the ABI passes them. */
#pragma once

#include <stdint.h>

int64_t sys_mmap(uint64_t address, uint64_t length, uint64_t prot, uint64_t flags, int64_t descriptor,
                 uint64_t offset);
int64_t sys_munmap(uint64_t address, uint64_t length);
int64_t sys_mprotect(uint64_t address, uint64_t length, uint64_t prot);
int64_t sys_mremap(uint64_t old_address, uint64_t old_length, uint64_t new_length, uint64_t flags,
                   uint64_t new_address);
int64_t sys_remap_file_pages(uint64_t start, uint64_t length, uint64_t prot, uint64_t page_index, uint64_t flags);
int64_t sys_brk(uint64_t brk);
int64_t sys_madvise(uint64_t address, uint64_t length, int advice);
int64_t sys_pkey_alloc(uint64_t flags, uint64_t rights);
int64_t sys_pkey_free(int key);
int64_t sys_pkey_mprotect(uint64_t address, uint64_t length, uint64_t prot, int key);
int64_t sys_msync(uint64_t address, uint64_t length, int flags);
int64_t sys_mincore(uint64_t address, uint64_t length, uint8_t *residency);
int64_t sys_mlock(uint64_t address, uint64_t length);
int64_t sys_mlock2(uint64_t address, uint64_t length, unsigned flags);
int64_t sys_munlock(uint64_t address, uint64_t length);
int64_t sys_mlockall(int flags);
int64_t sys_munlockall(void);
int64_t sys_membarrier(int command, unsigned flags, int cpu);

int64_t sys_set_mempolicy(int mode, const uint64_t *mask, uint64_t max_node);
int64_t sys_get_mempolicy(int32_t *mode, uint64_t *mask, uint64_t max_node, uint64_t address, uint64_t flags);
int64_t sys_mbind(uint64_t start, uint64_t length, int mode, const uint64_t *mask, uint64_t max_node, unsigned flags);
