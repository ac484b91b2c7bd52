/* System calls about memory. The work is done in kernel/vm; here arguments and errnos are Linux's. */
#include "kernel/sys/sys_memory.h"

#include "fs/vfs/file_table.h"
#include "kernel/arch/percpu.h"
#include "kernel/proc/rseq.h"
#include "kernel/sync/rcu.h"
#include "kernel/task/task.h"
#include "kernel/vm/map.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

static struct space *current_space(void) {
    return current_task()->space;
}

int64_t sys_mmap(uint64_t address, uint64_t length, uint64_t prot, uint64_t flags, int64_t descriptor,
                 uint64_t offset) {
    if (offset & (PAGE_SIZE - 1))
        return -EINVAL;
    if (flags & MAP_ANONYMOUS)
        return space_map(current_space(), address, length, (uint32_t)prot, (uint32_t)flags, NULL, 0);
    struct file_use use = file_use((int)descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = space_map(current_space(), address, length, (uint32_t)prot, (uint32_t)flags, use.file, offset);
    file_use_end(use);
    return result;
}

int64_t sys_munmap(uint64_t address, uint64_t length) {
    return space_unmap(current_space(), address, length);
}

int64_t sys_mprotect(uint64_t address, uint64_t length, uint64_t prot) {
    if (prot > UINT32_MAX)
        return -EINVAL;
    return space_protect(current_space(), address, length, (uint32_t)prot);
}

int64_t sys_mremap(uint64_t old_address, uint64_t old_length, uint64_t new_length, uint64_t flags,
                   uint64_t new_address) {
    if (flags > UINT32_MAX)
        return -EINVAL;
    return space_remap(current_space(), old_address, old_length, new_length, (uint32_t)flags, new_address);
}

/* As Linux does it since 4.0: a mapping of its own for the range. */
int64_t sys_remap_file_pages(uint64_t start, uint64_t length, uint64_t prot, uint64_t page_index, uint64_t flags) {
    start = ALIGN_DOWN(start, PAGE_SIZE);
    length = ALIGN_DOWN(length, PAGE_SIZE);
    if (prot != 0 || start + length <= start || page_index + (length >> PAGE_SHIFT) < page_index)
        return -EINVAL;
    int error = space_show_other_pages(current_space(), start, length, page_index);
    if (error == 0 && !(flags & MAP_NONBLOCK))
        (void)space_populate(current_space(), start, start + length, POPULATE_OWN);
    return error;
}

int64_t sys_brk(uint64_t brk) {
    return (int64_t)space_brk(current_space(), brk);
}

int64_t sys_madvise(uint64_t address, uint64_t length, int advice) {
    return space_advise(current_space(), address, length, advice);
}

/* Protection keys, as on a CPU that has none: no key can be had, and none is valid. */
int64_t sys_pkey_alloc(uint64_t flags, uint64_t rights) {
    (void)flags, (void)rights; /* what they say does not matter: without the CPU's support all is EINVAL */
    return -EINVAL;
}

int64_t sys_pkey_free(int key) {
    (void)key;
    return -EINVAL;
}

int64_t sys_pkey_mprotect(uint64_t address, uint64_t length, uint64_t prot, int key) {
    return key == -1 ? sys_mprotect(address, length, prot) : -EINVAL;
}

int64_t sys_msync(uint64_t address, uint64_t length, int flags) {
    return space_sync(current_space(), address, length, flags);
}

#define RESIDENCY_CHUNK 256u /* pages looked at between two copies to the program */

int64_t sys_mincore(uint64_t address, uint64_t length, uint8_t *residency) {
    uint8_t chunk[RESIDENCY_CHUNK];
    uint64_t end;

    if (address & (PAGE_SIZE - 1))
        return -EINVAL;
    if (map_range(address, length, &end) != 0)
        return -ENOMEM;
    while (address < end) {
        uint64_t count = MIN((end - address) >> PAGE_SHIFT, (uint64_t)RESIDENCY_CHUNK);
        int error = space_residency(current_space(), address, count, chunk);
        if (!error)
            error = copy_to_user(residency, chunk, count);
        if (error)
            return error;
        address += count << PAGE_SHIFT;
        residency += count;
    }
    return 0;
}

#define MLOCK_ONFAULT 1u

int64_t sys_mlock(uint64_t address, uint64_t length) {
    return space_lock_range(current_space(), address, length, VMA_LOCKED);
}

int64_t sys_mlock2(uint64_t address, uint64_t length, unsigned flags) {
    if (flags & ~MLOCK_ONFAULT)
        return -EINVAL;
    return space_lock_range(current_space(), address, length, flags & MLOCK_ONFAULT ? VMA_LOCK : VMA_LOCKED);
}

int64_t sys_munlock(uint64_t address, uint64_t length) {
    return space_lock_range(current_space(), address, length, 0);
}

enum { MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4 };

int64_t sys_mlockall(int flags) {
    if (!(flags & (MCL_CURRENT | MCL_FUTURE)) || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
        return -EINVAL;
    return space_lock_all(current_space(), flags & MCL_CURRENT, flags & MCL_FUTURE,
                          flags & MCL_ONFAULT ? VMA_LOCK : VMA_LOCKED);
}

int64_t sys_munlockall(void) {
    return space_lock_all(current_space(), true, false, 0);
}

/* linux/membarrier.h */
enum membarrier_command {
    MEMBARRIER_QUERY = 0,
    MEMBARRIER_GLOBAL = 1 << 0,
    MEMBARRIER_GLOBAL_EXPEDITED = 1 << 1,
    MEMBARRIER_REGISTER_GLOBAL_EXPEDITED = 1 << 2,
    MEMBARRIER_PRIVATE_EXPEDITED = 1 << 3,
    MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 1 << 4,
    MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 5,
    MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 6,
    MEMBARRIER_PRIVATE_EXPEDITED_RSEQ = 1 << 7,
    MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ = 1 << 8,
    MEMBARRIER_ALL = (1 << 9) - 1,
};
enum { MEMBARRIER_FLAG_CPU = 1 };

/* Restartable sequences on all CPUs, or one, are begun anew. */
static int64_t abort_sequences(const struct space *space, unsigned flags, int cpu) {
    if (flags & ~(unsigned)MEMBARRIER_FLAG_CPU)
        return -EINVAL;
    if (!(atomic_load(&space->membarrier_commands) & MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ))
        return -EPERM;
    bool one = flags & MEMBARRIER_FLAG_CPU;
    if (!one || (cpu >= 0 && (uint32_t)cpu < cpu_count))
        rseq_abort_elsewhere(space, one ? BIT(cpu) : ~0ull);
    return 0;
}

/*
 * A grace period is a barrier on every CPU: each passes a context switch or the way back to user
 * mode (IRET or a CR3 write, which also synchronise the core, SDM 3A §8.3).
 */
int64_t sys_membarrier(int command, unsigned flags, int cpu) {
    struct space *space = current_space();

    if (command == MEMBARRIER_PRIVATE_EXPEDITED_RSEQ)
        return abort_sequences(space, flags, cpu);
    if (flags)
        return -EINVAL;
    switch (command) {
    case MEMBARRIER_QUERY:
        return MEMBARRIER_ALL;
    case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
    case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
    case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
    case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ:
        atomic_fetch_or(&space->membarrier_commands, (uint32_t)command);
        return 0;
    case MEMBARRIER_PRIVATE_EXPEDITED:
    case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
        /* A command's registration is the next bit. */
        if (!(atomic_load(&space->membarrier_commands) & (uint32_t)command << 1))
            return -EPERM;
        rcu_synchronize();
        return 0;
    case MEMBARRIER_GLOBAL:
    case MEMBARRIER_GLOBAL_EXPEDITED:
        rcu_synchronize();
        return 0;
    default:
        return -EINVAL;
    }
}
