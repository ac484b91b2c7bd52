/* mmap, and what a mapping is good for. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

static long mapped(int fd, int protection, int flags, long offset) {
    long address = syscall(SYS_mmap, 0, PAGE, protection, flags, fd, offset);
    if (address == -1)
        return checked(address);
    munmap((void *)address, PAGE);
    return 0;
}

static long shared_read(int fd) { return mapped(fd, PROT_READ, MAP_SHARED, 0); }
static long shared_write(int fd) { return mapped(fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0); }
static long shared_write_only(int fd) { return mapped(fd, PROT_WRITE, MAP_SHARED, 0); }
static long shared_exec(int fd) { return mapped(fd, PROT_READ | PROT_EXEC, MAP_SHARED, 0); }
static long shared_none(int fd) { return mapped(fd, PROT_NONE, MAP_SHARED, 0); }
static long private_read(int fd) { return mapped(fd, PROT_READ, MAP_PRIVATE, 0); }
static long private_write(int fd) { return mapped(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0); }
static long unaligned(int fd) { return mapped(fd, PROT_READ, MAP_SHARED, 1); }
static long negative(int fd) { return mapped(fd, PROT_READ, MAP_SHARED, -PAGE); }
static long behind(int fd) { return mapped(fd, PROT_READ, MAP_SHARED, PAGE); }
static long validated(int fd) { return mapped(fd, PROT_READ, 3 /* MAP_SHARED_VALIDATE */, 0); }
static long synchronous(int fd) { return mapped(fd, PROT_READ, 3 | 0x80000 /* MAP_SYNC */, 0); }
static long anonymous(int fd) { return mapped(fd, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 0); }
static long no_type(int fd) { return mapped(fd, PROT_READ, 0, 0); }

static long made_writable(int fd) {
    long address = syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    return address == -1 ? checked(address) : checked(mprotect((void *)address, PAGE, PROT_READ | PROT_WRITE));
}

static long touched(int fd, long offset) {
    volatile char *address = (void *)syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, offset);
    return address == MAP_FAILED ? checked(-1) : (*address, 0);
}

static long touch(int fd) { return touched(fd, 0); }
static long touch_behind(int fd) { return touched(fd, PAGE); }

static long touch_private(int fd) {
    volatile char *address = (void *)syscall(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    return address == MAP_FAILED ? checked(-1) : (*address = 1, 0);
}

static long synced(int fd) {
    long address = syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    return address == -1 ? checked(address) : checked(msync((void *)address, PAGE, MS_SYNC));
}

static const struct call calls[] = {
    MADE("mmap-shared-read", PLAIN, shared_read)
    MADE("mmap-shared-write", PLAIN, shared_write)
    MADE("mmap-shared-write-only", PLAIN, shared_write_only)
    MADE("mmap-shared-exec", PLAIN, shared_exec)
    MADE("mmap-shared-none", PLAIN, shared_none)
    MADE("mmap-private-read", PLAIN, private_read)
    MADE("mmap-private-write", PLAIN, private_write)
    MADE("mmap-unaligned", PLAIN, unaligned)
    MADE("mmap-negative", PLAIN, negative)
    MADE("mmap-behind", PLAIN, behind)
    MADE("mmap-validate", PLAIN, validated)
    MADE("mmap-sync", PLAIN, synchronous)
    MADE("mmap-anonymous", PLAIN, anonymous)
    MADE("mmap-no-type", PLAIN, no_type)
    MADE("mprotect-write", PLAIN, made_writable)
    MADE("msync", PLAIN, synced)
    MADE("touch", PLAIN, touch)
    MADE("touch-behind", PLAIN, touch_behind)
    MADE("touch-private", PLAIN, touch_private)
};

const struct calls mapping_calls = ALL_OF(calls);
