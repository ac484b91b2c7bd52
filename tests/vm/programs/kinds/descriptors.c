/* fcntl, flock, dup, close_range. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

static struct flock shared_lock = {.l_type = F_RDLCK}, exclusive_lock = {.l_type = F_WRLCK}, bad_lock = {.l_type = 9};
static int owner_room[2];
static uint64_t hint;

/* The flags after setting some. */
static long flags_set(int fd, int flags) {
    long result = checked(fcntl(fd, F_SETFL, flags));
    return result < 0 ? result : checked(fcntl(fd, F_GETFL));
}

static long set_none(int fd) { return flags_set(fd, 0); }
static long set_append(int fd) { return flags_set(fd, O_APPEND); }
static long set_nonblock(int fd) { return flags_set(fd, O_NONBLOCK); }
static long set_async(int fd) { return flags_set(fd, O_ASYNC); }
static long set_direct(int fd) { return flags_set(fd, O_DIRECT); }
static long set_noatime(int fd) { return flags_set(fd, O_NOATIME); }
static long set_all(int fd) { return flags_set(fd, -1 & ~(O_ASYNC | O_DIRECT)); }

static long owner_after(int fd) {
    long result = checked(fcntl(fd, F_SETOWN, getpid()));
    return result < 0 ? result : checked(fcntl(fd, F_GETOWN)) == getpid();
}

static long signal_after(int fd) {
    long result = checked(fcntl(fd, F_SETSIG, 10));
    return result < 0 ? result : checked(fcntl(fd, F_GETSIG));
}

static long duplicated_flags(int fd) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 50);
    return copy < 0 ? checked(copy) : copy * 16 + checked(fcntl(copy, F_GETFD));
}

static long close_twice(int fd) {
    long result = checked(close(fd));
    return result < 0 ? result : checked(close(fd));
}

static long range_closed(int fd) {
    long result = checked(syscall(SYS_close_range, fd, fd, 0));
    return result < 0 ? result : checked(fcntl(fd, F_GETFD));
}

static long range_cloexec(int fd) {
    long result = checked(syscall(SYS_close_range, fd, fd, 4 /* CLOSE_RANGE_CLOEXEC */));
    return result < 0 ? result : checked(fcntl(fd, F_GETFD));
}

#define FCNTL(name, show, command, argument) RAW("fcntl-" name, show, fcntl, command, argument)

static const struct call calls[] = {
    FCNTL("getfd", NUMBER, F_GETFD, 0)
    FCNTL("setfd", PLAIN, F_SETFD, 1)
    FCNTL("getfl", HEX, F_GETFL, 0)
    MADE("fcntl-setfl-none", HEX, set_none)
    MADE("fcntl-setfl-append", HEX, set_append)
    MADE("fcntl-setfl-nonblock", HEX, set_nonblock)
    MADE("fcntl-setfl-async", HEX, set_async)
    MADE("fcntl-setfl-direct", HEX, set_direct)
    MADE("fcntl-setfl-noatime", HEX, set_noatime)
    MADE("fcntl-setfl-all", HEX, set_all)
    FCNTL("getown", NUMBER, F_GETOWN, 0)
    MADE("fcntl-setown", NUMBER, owner_after)
    FCNTL("setown-nobody", PLAIN, F_SETOWN, 99999)
    FCNTL("getown-ex", PLAIN, F_GETOWN_EX, ADDRESS(owner_room))
    FCNTL("getsig", NUMBER, F_GETSIG, 0)
    MADE("fcntl-setsig", NUMBER, signal_after)
    FCNTL("setsig-bad", PLAIN, F_SETSIG, 65)
    FCNTL("getlk", PLAIN, F_GETLK, ADDRESS(&exclusive_lock))
    FCNTL("setlk-shared", PLAIN, F_SETLK, ADDRESS(&shared_lock))
    FCNTL("setlk-exclusive", PLAIN, F_SETLK, ADDRESS(&exclusive_lock))
    FCNTL("setlk-bad", PLAIN, F_SETLK, ADDRESS(&bad_lock))
    FCNTL("setlk-nowhere", PLAIN, F_SETLK, 8)
    FCNTL("ofd-getlk", PLAIN, 36, ADDRESS(&shared_lock))
    FCNTL("ofd-setlk-shared", PLAIN, 37, ADDRESS(&shared_lock))
    FCNTL("ofd-setlk-exclusive", PLAIN, 37, ADDRESS(&exclusive_lock))
    FCNTL("getlease", NUMBER, F_GETLEASE, 0)
    FCNTL("setlease-read", PLAIN, F_SETLEASE, F_RDLCK)
    FCNTL("setlease-none", PLAIN, F_SETLEASE, F_UNLCK)
    FCNTL("notify-none", PLAIN, F_NOTIFY, 0)
    FCNTL("notify", PLAIN, F_NOTIFY, DN_CREATE)
    FCNTL("getpipe", NUMBER, F_GETPIPE_SZ, 0)
    FCNTL("setpipe", NUMBER, F_SETPIPE_SZ, 8192)
    FCNTL("getseals", HEX, F_GET_SEALS, 0)
    FCNTL("addseals", PLAIN, F_ADD_SEALS, F_SEAL_GROW)
    FCNTL("addseals-write", PLAIN, F_ADD_SEALS, F_SEAL_WRITE)
    FCNTL("addseals-unknown", PLAIN, F_ADD_SEALS, 1 << 10)
    FCNTL("gethint", PLAIN, 1035, ADDRESS(&hint))
    FCNTL("sethint", PLAIN, 1036, ADDRESS(&hint))
    FCNTL("dupfd", NUMBER, F_DUPFD, 50)
    MADE("fcntl-dupfd-cloexec", NUMBER, duplicated_flags)
    FCNTL("dupfd-negative", NUMBER, F_DUPFD, -1)
    FCNTL("unknown", PLAIN, 99, 0)
    RAW("flock-shared", PLAIN, flock, LOCK_SH | LOCK_NB)
    RAW("flock-exclusive", PLAIN, flock, LOCK_EX | LOCK_NB)
    RAW("flock-unlock", PLAIN, flock, LOCK_UN)
    RAW("flock-none", PLAIN, flock, 0)
    RAW("dup", PLAIN, dup)
    RAW("dup2", NUMBER, dup2, 60)
    RAW("dup3", NUMBER, dup3, 60, O_CLOEXEC)
    RAW("dup3-unknown", NUMBER, dup3, 60, 1)
    MADE("close-twice", NUMBER, close_twice)
    MADE("close-range", NUMBER, range_closed)
    MADE("close-range-cloexec", NUMBER, range_cloexec)
};

const struct calls fcntl_calls = ALL_OF(calls);
