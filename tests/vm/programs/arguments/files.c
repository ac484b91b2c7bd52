/* Rows: reading and writing, descriptors, control of files. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "tests/vm/programs/arguments/arguments.h"

static const struct iovec vector[2] = {{(void *)INNER, 8}, {(void *)INNER, 4}};

static const int64_t position[1] = {16};
static const struct flock lock = {.l_type = F_RDLCK, .l_start = 0, .l_len = 8};
static const int32_t owner[2] = {2, 0};
static const int32_t one[1] = {1};

static const struct row rows[] = {
    ROW(read, "", NUMBERED, A_FD(FILE_FD), A_DATA_OUT(16), A_LENGTH(16))
    ROW(read, "-pipe", NUMBERED, A_SAME(PIPE_READ), A_DATA_OUT(16), A_LENGTH(4))
    ROW(read, "-event", NUMBERED, A_SAME(EVENT_FD), A_DATA_OUT(8), A_LENGTH(8))
    ROW(read, "-signals", 0, A_SAME(SIGNAL_FD), A_DATA_OUT(128), A_LENGTH(128))
    ROW(read, "-timer", 0, A_SAME(TIMER_FD), A_DATA_OUT(8), A_LENGTH(8))
    ROW(write, "", NUMBERED | TREE, A_FD(FILE_FD), A_DATA_IN(16), A_LENGTH(16))
    ROW(write, "-pipe", NUMBERED, A_SAME(PIPE_WRITE), A_DATA_IN(16), A_LENGTH(16))
    ROW(write, "-event", NUMBERED, A_SAME(EVENT_FD), A_DATA_IN(8), A_LENGTH(8))
    ROW(pread64, "", NUMBERED, A_FD(FILE_FD), A_DATA_OUT(16), A_LENGTH(16), A_OFFSET(8))
    ROW(pwrite64, "", NUMBERED | TREE, A_FD(FILE_FD), A_DATA_IN(16), A_LENGTH(16), A_OFFSET(8))
    ROW(readv, "", NUMBERED, A_FD(FILE_FD), A_IN(vector), A_LENGTH(2))
    ROW(writev, "", NUMBERED | TREE, A_FD(FILE_FD), A_IN(vector), A_LENGTH(2))
    ROW(preadv, "", NUMBERED, A_FD(FILE_FD), A_IN(vector), A_LENGTH(2), A_OFFSET(8), A_SAME(0))
    ROW(pwritev, "", NUMBERED | TREE, A_FD(FILE_FD), A_IN(vector), A_LENGTH(2), A_OFFSET(8), A_SAME(0))
    ROW(preadv2, "", NUMBERED, A_FD(FILE_FD), A_IN(vector), A_LENGTH(2), A_OFFSET(8), A_SAME(0), A_FLAGS(0))
    ROW(pwritev2, "", NUMBERED | TREE, A_FD(FILE_FD), A_IN(vector), A_LENGTH(2), A_OFFSET(8), A_SAME(0), A_FLAGS(0))
    ROW(lseek, "", NUMBERED, A_FD(FILE_FD), A_OFFSET(16), A_CHOICE(0))
    ROW(sendfile, "", NUMBERED, A_FD(PIPE_WRITE), A_FD(FILE_FD), A_IN_OUT(position), A_LENGTH(16))
    ROW(sendfile, "-here", NUMBERED, A_SAME(PIPE_WRITE), A_FD(FILE_FD), A_NO_IN(8), A_LENGTH(16))
    ROW(copy_file_range, "", NUMBERED | TREE, A_FD(READ_FD), A_IN_OUT(position), A_FD(WRITE_FD), A_NO_IN(8), A_LENGTH(8), A_FLAGS(0))
    ROW(close, "", 0, A_FD(FILE_FD))
    ROW(close_range, "", 0, A_FD(FILE_FD), A_FD(PIPE_READ), A_FLAGS(0))
    ROW(dup, "", 0, A_FD(FILE_FD))
    ROW(dup2, "", NUMBERED, A_FD(FILE_FD), A_FD(CLOSED_FD))
    ROW(dup3, "", NUMBERED, A_FD(FILE_FD), A_FD(CLOSED_FD), A_FLAGS(O_CLOEXEC))
    ROW(fcntl, "", 0, A_FD(FILE_FD), A_CHOICE(F_GETFD), A_SAME(0))
    ROW(fcntl, "-1024", 0, A_FD(PIPE_READ), A_SAME(F_GETPIPE_SZ), A_SAME(0))
    ROW(fcntl, "-dupfd", 0, A_FD(FILE_FD), A_SAME(F_DUPFD), A_LENGTH(100))
    ROW(fcntl, "-setfd", 0, A_FD(FILE_FD), A_SAME(F_SETFD), A_FLAGS(FD_CLOEXEC))
    ROW(fcntl, "-setfl", 0, A_FD(FILE_FD), A_SAME(F_SETFL), A_FLAGS(0))
    ROW(fcntl, "-getlk", 0, A_FD(FILE_FD), A_SAME(F_GETLK), A_IN_OUT(lock))
    ROW(fcntl, "-setlk", 0, A_FD(FILE_FD), A_SAME(F_SETLK), A_IN(lock))
    ROW(fcntl, "-ofd-getlk", 0, A_FD(FILE_FD), A_SAME(36), A_IN_OUT(lock))
    ROW(fcntl, "-ofd-setlk", 0, A_FD(FILE_FD), A_SAME(37), A_IN(lock))
    ROW(fcntl, "-setown", 0, A_FD(PIPE_READ), A_SAME(F_SETOWN), A_PID(SELF))
    ROW(fcntl, "-setown-ex", 0, A_FD(PIPE_READ), A_SAME(F_SETOWN_EX), A_IN(owner))
    ROW(fcntl, "-getown-ex", 0, A_FD(PIPE_READ), A_SAME(F_GETOWN_EX), A_OUT(8))
    ROW(fcntl, "-setsig", 0, A_FD(PIPE_READ), A_SAME(F_SETSIG), A_SIGNAL(10))
    ROW(fcntl, "-setpipe", NUMBERED, A_FD(PIPE_WRITE), A_SAME(F_SETPIPE_SZ), A_LENGTH(8192))
    ROW(fcntl, "-lease", 0, A_FD(READ_FD), A_SAME(F_SETLEASE), A_CHOICE(F_UNLCK))
    ROW(fcntl, "-seals", 0, A_FD(FILE_FD), A_SAME(1033), A_FLAGS(0))
    ROW(flock, "", 0, A_FD(FILE_FD), A_CHOICE(LOCK_EX | LOCK_NB))
    ROW(fsync, "", 0, A_FD(FILE_FD))
    ROW(fdatasync, "", 0, A_FD(FILE_FD))
    ROW(sync, "", 0)
    ROW(syncfs, "", 0, A_FD(FILE_FD))
    ROW(sync_file_range, "", 0, A_FD(FILE_FD), A_OFFSET(0), A_OFFSET(16), A_FLAGS(0))
    ROW(readahead, "", 0, A_FD(FILE_FD), A_OFFSET(0), A_LENGTH(16))
    ROW(fadvise64, "", 0, A_FD(FILE_FD), A_OFFSET(0), A_OFFSET(16), A_CHOICE(0))
    ROW(ftruncate, "", TREE, A_FD(FILE_FD), A_OFFSET(8))
    ROW(fallocate, "", TREE, A_FD(FILE_FD), A_FLAGS(0), A_OFFSET(0), A_OFFSET(16))
    ROW(ioctl, "", 0, A_FD(PIPE_READ), A_CHOICE(FIONREAD), A_OUT(4))
    ROW(ioctl, "-fionbio", 0, A_FD(PIPE_READ), A_SAME(FIONBIO), A_IN(one))
    ROW(ioctl, "-fioasync", 0, A_FD(PIPE_READ), A_SAME(FIOASYNC), A_IN(one))
    ROW(ioctl, "-fiocl", 0, A_FD(PIPE_READ), A_SAME(FIOCLEX), A_SAME(0))
    ROW(ioctl, "-tcgets", 0, A_FD(PIPE_READ), A_SAME(TCGETS), A_OUT(36))
    ROW(ioctl, "-fioqsize", 0, A_FD(FILE_FD), A_SAME(FIOQSIZE), A_OUT(8))
    ROW(pipe, "", 0, A_OUT(8))
    ROW(pipe2, "", 0, A_OUT(8), A_FLAGS(O_CLOEXEC))
    ROW(eventfd, "", 0, A_LENGTH(1))
    ROW(eventfd2, "", 0, A_LENGTH(1), A_FLAGS(0))
    ROW(memfd_create, "", 0, A_STRING("name"), A_FLAGS(0))
    ROW(getdents, "", 0, A_FD(DIR_FD), A_DATA_OUT(PAGE), A_LENGTH(PAGE))
    ROW(getdents64, "", 0, A_FD(DIR_FD), A_DATA_OUT(PAGE), A_LENGTH(PAGE))
};

const struct rows file_rows = ROWS(rows);
