/* Sizes, room, and what is written where: ftruncate, fallocate, fsync, advice. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

/* The size after a call that succeeded. */
static long size_of(int fd, long result) {
    struct stat status;
    if (result < 0)
        return result;
    fstat(fd, &status);
    return status.st_size;
}

static long shorten(int fd) { return size_of(fd, checked(ftruncate(fd, 50))); }
static long lengthen(int fd) { return size_of(fd, checked(ftruncate(fd, 5000))); }
static long allocate(int fd) { return size_of(fd, checked(fallocate(fd, 0, 0, 5000))); }
static long allocate_keep(int fd) { return size_of(fd, checked(fallocate(fd, 1, 0, 5000))); }

static const struct call calls[] = {
    RAW("ftruncate-0", PLAIN, ftruncate, 0)
    MADE("ftruncate-50", NUMBER, shorten)
    MADE("ftruncate-5000", NUMBER, lengthen)
    RAW("ftruncate-negative", PLAIN, ftruncate, -1)
    RAW("ftruncate-max", PLAIN, ftruncate, INT64_MAX)
    MADE("fallocate", NUMBER, allocate)
    MADE("fallocate-keep", NUMBER, allocate_keep)
    RAW("fallocate-punch", PLAIN, fallocate, 3, 0, 50)
    RAW("fallocate-punch-only", PLAIN, fallocate, 2, 0, 50)
    RAW("fallocate-collapse", PLAIN, fallocate, 8, 0, PAGE)
    RAW("fallocate-zero", PLAIN, fallocate, 16, 0, 50)
    RAW("fallocate-insert", PLAIN, fallocate, 32, 0, PAGE)
    RAW("fallocate-unshare", PLAIN, fallocate, 64, 0, 50)
    RAW("fallocate-unknown", PLAIN, fallocate, 128, 0, 50)
    RAW("fallocate-nothing", PLAIN, fallocate, 0, 0, 0)
    RAW("fallocate-negative", PLAIN, fallocate, 0, -1, 50)
    RAW("fsync", PLAIN, fsync)
    RAW("fdatasync", PLAIN, fdatasync)
    RAW("syncfs", PLAIN, syncfs)
    RAW("sync-file-range", PLAIN, sync_file_range, 0, 16, 2)
    RAW("sync-file-range-unknown", PLAIN, sync_file_range, 0, 16, 8)
    RAW("fadvise-normal", PLAIN, fadvise64, 0, 16, 0)
    RAW("fadvise-random", PLAIN, fadvise64, 0, 16, 1)
    RAW("fadvise-sequential", PLAIN, fadvise64, 0, 16, 2)
    RAW("fadvise-willneed", PLAIN, fadvise64, 0, 16, 3)
    RAW("fadvise-dontneed", PLAIN, fadvise64, 0, 16, 4)
    RAW("fadvise-noreuse", PLAIN, fadvise64, 0, 16, 5)
    RAW("fadvise-unknown", PLAIN, fadvise64, 0, 16, 6)
    RAW("fadvise-negative", PLAIN, fadvise64, 0, -1, 0)
    RAW("readahead", PLAIN, readahead, 0, 16)
};

const struct calls size_calls = ALL_OF(calls);
