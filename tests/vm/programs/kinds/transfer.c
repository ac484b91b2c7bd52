/* Reading, writing, seeking, listing. */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

#define HUGE_OFFSET (1l << 40)
#define RWF_HIPRI_BIT 1
#define RWF_DSYNC_BIT 2
#define RWF_NOWAIT_BIT 8
#define RWF_APPEND_BIT 16
#define RWF_UNKNOWN_BIT 128

static char page[PAGE];
static char zeros[PAGE] = {[0 ... PAGE - 1] = '0'};
static const struct iovec into[2] = {{page, 1}, {page + 1, 2}};
static const struct iovec from[2] = {{zeros, 1}, {zeros + 1, 2}};
static const struct iovec nothing[1] = {{page, 0}};

static long read_twice(int fd) {
    long first = checked(read(fd, page, PAGE));
    return first < 0 ? first : checked(read(fd, page, PAGE));
}

static long seek_and_read(int fd) {
    long at = checked(lseek(fd, 2, SEEK_SET));
    return at < 0 ? at : checked(read(fd, page, 1));
}

static long read_moves(int fd) {
    long count = checked(read(fd, page, 1));
    return count < 0 ? count : checked(lseek(fd, 0, SEEK_CUR));
}

static long pread_moves(int fd) {
    long count = checked(pread(fd, page, 1, 2));
    return count < 0 ? count : checked(lseek(fd, 0, SEEK_CUR));
}

static long write_moves(int fd) {
    long count = checked(write(fd, zeros, 1));
    return count < 0 ? count : checked(lseek(fd, 0, SEEK_CUR));
}

static const struct call calls[] = {
    RAW("lseek-set-0", NUMBER, lseek, 0, SEEK_SET)
    RAW("lseek-set-5", NUMBER, lseek, 5, SEEK_SET)
    RAW("lseek-set-negative", NUMBER, lseek, -1, SEEK_SET)
    RAW("lseek-set-huge", NUMBER, lseek, HUGE_OFFSET, SEEK_SET)
    RAW("lseek-set-max", NUMBER, lseek, INT64_MAX, SEEK_SET)
    RAW("lseek-cur-0", NUMBER, lseek, 0, SEEK_CUR)
    RAW("lseek-cur-5", NUMBER, lseek, 5, SEEK_CUR)
    RAW("lseek-cur-negative", NUMBER, lseek, -1, SEEK_CUR)
    RAW("lseek-end-0", NUMBER, lseek, 0, SEEK_END)
    RAW("lseek-end-negative", NUMBER, lseek, -1, SEEK_END)
    RAW("lseek-data-0", NUMBER, lseek, 0, SEEK_DATA)
    RAW("lseek-data-5", NUMBER, lseek, 5, SEEK_DATA)
    RAW("lseek-data-huge", NUMBER, lseek, HUGE_OFFSET, SEEK_DATA)
    RAW("lseek-data-negative", NUMBER, lseek, -1, SEEK_DATA)
    RAW("lseek-hole-0", NUMBER, lseek, 0, SEEK_HOLE)
    RAW("lseek-hole-5", NUMBER, lseek, 5, SEEK_HOLE)
    RAW("lseek-hole-huge", NUMBER, lseek, HUGE_OFFSET, SEEK_HOLE)
    RAW("lseek-unknown", NUMBER, lseek, 0, 5)
    MADE("lseek-then-read", NUMBER, seek_and_read)
    RAW("read-0", NUMBER, read, ADDRESS(page), 0)
    RAW("read-1", NUMBER, read, ADDRESS(page), 1)
    RAW("read-7", NUMBER, read, ADDRESS(page), 7)
    RAW("read-page", NUMBER, read, ADDRESS(page), PAGE)
    RAW("read-nowhere", NUMBER, read, 8, 16)
    RAW("read-kernel", NUMBER, read, INT64_MIN, 16)
    RAW("read-max", NUMBER, read, 8, INT64_MAX)
    MADE("read-twice", NUMBER, read_twice)
    MADE("read-moves", NUMBER, read_moves)
    RAW("pread-0", NUMBER, pread64, ADDRESS(page), 0, 0)
    RAW("pread-1", NUMBER, pread64, ADDRESS(page), 1, 0)
    RAW("pread-page", NUMBER, pread64, ADDRESS(page), PAGE, 0)
    RAW("pread-negative", NUMBER, pread64, ADDRESS(page), 1, -1)
    RAW("pread-huge", NUMBER, pread64, ADDRESS(page), 1, HUGE_OFFSET)
    RAW("pread-max", NUMBER, pread64, ADDRESS(page), 1, INT64_MAX)
    MADE("pread-moves", NUMBER, pread_moves)
    RAW("readv", NUMBER, readv, ADDRESS(into), 2)
    RAW("readv-0", NUMBER, readv, ADDRESS(into), 0)
    RAW("readv-nothing", NUMBER, readv, ADDRESS(nothing), 1)
    RAW("preadv", NUMBER, preadv, ADDRESS(into), 2, 0, 0)
    RAW("preadv2", NUMBER, preadv2, ADDRESS(into), 2, 0, 0, 0)
    RAW("preadv2-here", NUMBER, preadv2, ADDRESS(into), 2, -1, -1, 0)
    RAW("preadv2-hipri", NUMBER, preadv2, ADDRESS(into), 2, -1, -1, RWF_HIPRI_BIT)
    RAW("preadv2-nowait", NUMBER, preadv2, ADDRESS(into), 2, -1, -1, RWF_NOWAIT_BIT)
    RAW("preadv2-append", NUMBER, preadv2, ADDRESS(into), 2, -1, -1, RWF_APPEND_BIT)
    RAW("preadv2-unknown", NUMBER, preadv2, ADDRESS(into), 2, -1, -1, RWF_UNKNOWN_BIT)
    RAW("getdents", PLAIN, getdents64, ADDRESS(page), PAGE)
    RAW("getdents-small", PLAIN, getdents64, ADDRESS(page), 8)
    RAW("getdents-nowhere", PLAIN, getdents64, 8, PAGE)
    RAW("getdents-old", PLAIN, getdents, ADDRESS(page), PAGE)
    RAW("write-0", NUMBER, write, ADDRESS(zeros), 0)
    RAW("write-1", NUMBER, write, ADDRESS(zeros), 1)
    RAW("write-7", NUMBER, write, ADDRESS(zeros), 7)
    RAW("write-page", NUMBER, write, ADDRESS(zeros), PAGE)
    RAW("write-nowhere", NUMBER, write, 8, 16)
    RAW("write-kernel", NUMBER, write, INT64_MIN, 16)
    MADE("write-moves", NUMBER, write_moves)
    RAW("pwrite-0", NUMBER, pwrite64, ADDRESS(zeros), 0, 0)
    RAW("pwrite-1", NUMBER, pwrite64, ADDRESS(zeros), 1, 0)
    RAW("pwrite-5", NUMBER, pwrite64, ADDRESS(zeros), 1, 5)
    RAW("pwrite-page", NUMBER, pwrite64, ADDRESS(zeros), PAGE, 0)
    RAW("pwrite-negative", NUMBER, pwrite64, ADDRESS(zeros), 1, -1)
    RAW("pwrite-max", NUMBER, pwrite64, ADDRESS(zeros), 1, INT64_MAX)
    RAW("writev", NUMBER, writev, ADDRESS(from), 2)
    RAW("writev-0", NUMBER, writev, ADDRESS(from), 0)
    RAW("pwritev", NUMBER, pwritev, ADDRESS(from), 2, 0, 0)
    RAW("pwritev2-here", NUMBER, pwritev2, ADDRESS(from), 2, -1, -1, 0)
    RAW("pwritev2-dsync", NUMBER, pwritev2, ADDRESS(from), 2, -1, -1, RWF_DSYNC_BIT)
    RAW("pwritev2-nowait", NUMBER, pwritev2, ADDRESS(from), 2, -1, -1, RWF_NOWAIT_BIT)
    RAW("pwritev2-append", NUMBER, pwritev2, ADDRESS(from), 2, -1, -1, RWF_APPEND_BIT)
    RAW("pwritev2-unknown", NUMBER, pwritev2, ADDRESS(from), 2, -1, -1, RWF_UNKNOWN_BIT)
};

const struct calls transfer_calls = ALL_OF(calls);
