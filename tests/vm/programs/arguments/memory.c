/* Rows: memory. */
#include <sys/mman.h>
#include <sys/uio.h>

#include "tests/vm/programs/arguments/arguments.h"

#define WHOLE (RANGE_PAGES * PAGE)

static const uint64_t nodes[1] = {1};
static const struct iovec local[1] = {{(void *)INNER, 8}};
static const struct iovec remote[1] = {{(void *)RANGE, 8}};

static const struct row rows[] = {
    ROW(mmap, "", 0, A_ADDRESS(0), A_LENGTH(PAGE), A_FLAGS(PROT_READ), A_FLAGS(MAP_PRIVATE | MAP_ANONYMOUS), A_SAME(-1), A_OFFSET(0))
    ROW(mmap, "-file", 0, A_SAME(0), A_LENGTH(PAGE), A_FLAGS(PROT_READ), A_FLAGS(MAP_SHARED), A_FD(FILE_FD), A_OFFSET(0))
    ROW(mmap, "-private", 0, A_SAME(0), A_SAME(PAGE), A_SAME(PROT_READ | PROT_WRITE), A_FLAGS(MAP_PRIVATE), A_FD(READ_FD), A_OFFSET(0))
    ROW(mmap, "-writable", 0, A_SAME(0), A_SAME(PAGE), A_SAME(PROT_READ | PROT_WRITE), A_SAME(MAP_SHARED), A_FD(FILE_FD), A_SAME(0))
    ROW(mmap, "-fixed", 0, A_ADDRESS(RANGE), A_LENGTH(PAGE), A_SAME(PROT_READ), A_FLAGS(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
        A_SAME(-1), A_SAME(0))
    ROW(mmap, "-no-replace", 0, A_ADDRESS(UNMAPPED), A_LENGTH(PAGE), A_SAME(PROT_READ), A_SAME(MAP_PRIVATE | MAP_ANONYMOUS | 0x100000),
        A_SAME(-1), A_SAME(0))
    ROW(mprotect, "", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE), A_FLAGS(PROT_READ))
    ROW(munmap, "", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE))
    ROW(brk, "", 0, A_ADDRESS(0))
    ROW(mremap, "", 0, A_ADDRESS(RANGE), A_LENGTH(PAGE), A_LENGTH(PAGE), A_FLAGS(0), A_SAME(0))
    ROW(mremap, "-grow", 0, A_SAME(RANGE), A_LENGTH(WHOLE), A_LENGTH(2 * WHOLE), A_FLAGS(MREMAP_MAYMOVE), A_ADDRESS(0))
    ROW(mremap, "-fixed", 0, A_ADDRESS(RANGE), A_LENGTH(PAGE), A_LENGTH(PAGE), A_FLAGS(MREMAP_MAYMOVE | MREMAP_FIXED), A_ADDRESS(UNMAPPED))
    ROW(remap_file_pages, "", 0, A_ADDRESS(RANGE), A_LENGTH(PAGE), A_FLAGS(0), A_LENGTH(0), A_FLAGS(0))
    ROW(pkey_mprotect, "", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE), A_FLAGS(PROT_READ), A_CHOICE(-1))
    ROW(pkey_alloc, "", 0, A_FLAGS(0), A_FLAGS(0))
    ROW(pkey_free, "", 0, A_CHOICE(1))
    ROW(msync, "", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE), A_FLAGS(MS_SYNC))
    ROW(mincore, "", HARMLESS, A_ADDRESS(RANGE), A_LENGTH(WHOLE), A_OUT(3))
    ROW(madvise, "", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE), A_CHOICE(MADV_NORMAL))
    ROW(madvise, "-dontneed", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE), A_SAME(MADV_DONTNEED))
    ROW(mlock, "", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE))
    ROW(mlock2, "", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE), A_FLAGS(0))
    ROW(munlock, "", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE))
    ROW(mlockall, "", 0, A_FLAGS(MCL_CURRENT | MCL_ONFAULT))
    ROW(munlockall, "", 0)
    ROW(membarrier, "", 0, A_CHOICE(0), A_FLAGS(0), A_CHOICE(0))
    ROW(mbind, "", 0, A_ADDRESS(RANGE), A_LENGTH(WHOLE), A_CHOICE(2), A_IN(nodes), A_LENGTH(64), A_FLAGS(0))
    ROW(set_mempolicy, "", 0, A_CHOICE(2), A_IN(nodes), A_LENGTH(64))
    ROW(set_mempolicy, "-none", 0, A_FLAGS(0), A_NO_IN(8), A_LENGTH(0))
    ROW(get_mempolicy, "", 0, A_OUT(4), A_OUT(8), A_LENGTH(1024), A_ADDRESS(0), A_FLAGS(0))
    ROW(process_madvise, "", NUMBERED, A_FD(PID_FD), A_IN(remote), A_LENGTH(1), A_CHOICE(20), A_FLAGS(0))
    ROW(process_vm_readv, "", NUMBERED, A_PID(SELF), A_IN(local), A_LENGTH(1), A_IN(remote), A_LENGTH(1), A_FLAGS(0))
    ROW(process_vm_writev, "", NUMBERED, A_PID(SELF), A_IN(local), A_LENGTH(1), A_IN(remote), A_LENGTH(1), A_FLAGS(0))
};

const struct rows memory_rows = ROWS(rows);
