/* splice, tee, vmsplice, sendfile, copy_file_range: from the descriptor and to it. */
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

static int filled_pipe(void) {
    int ends[2];
    (void)!pipe2(ends, O_NONBLOCK);
    (void)!write(ends[1], "0000", 4);
    return ends[0];
}

static int empty_pipe(void) {
    int ends[2];
    (void)!pipe2(ends, O_NONBLOCK);
    return ends[1];
}

static int other_file(void) {
    int fd = open("other", O_RDWR | O_CREAT | O_TRUNC, 0644);
    (void)!write(fd, "0000", 4);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static long spliced(int from, int64_t *from_at, int to, int64_t *to_at) {
    return checked(splice(from, from_at, to, to_at, 3, SPLICE_F_NONBLOCK));
}

static long splice_from(int fd) { return spliced(fd, NULL, empty_pipe(), NULL); }
static long splice_from_at(int fd) { return spliced(fd, &(int64_t){1}, empty_pipe(), NULL); }
static long splice_to(int fd) { return spliced(filled_pipe(), NULL, fd, NULL); }
static long splice_to_at(int fd) { return spliced(filled_pipe(), NULL, fd, &(int64_t){1}); }
static long splice_file(int fd) { return spliced(other_file(), NULL, fd, NULL); }
static long splice_none(int fd) { return checked(splice(fd, NULL, empty_pipe(), NULL, 0, 0)); }
static long tee_from(int fd) { return checked(tee(fd, empty_pipe(), 3, SPLICE_F_NONBLOCK)); }
static long tee_to(int fd) { return checked(tee(filled_pipe(), fd, 3, SPLICE_F_NONBLOCK)); }

static long vmspliced(int fd) {
    struct iovec vector = {"0000", 4};
    return checked(syscall(SYS_vmsplice, fd, &vector, 1, SPLICE_F_NONBLOCK));
}

static long sendfile_from(int fd) { return checked(sendfile(empty_pipe(), fd, NULL, 3)); }
static long sendfile_from_at(int fd) { return checked(sendfile(empty_pipe(), fd, &(off_t){1}, 3)); }
static long sendfile_to(int fd) { return checked(sendfile(fd, other_file(), NULL, 3)); }
static long sendfile_pipe(int fd) { return checked(sendfile(fd, filled_pipe(), NULL, 3)); }
static long sendfile_to_file(int fd) { return checked(sendfile(other_file(), fd, NULL, 3)); }

static long copied(int from, int64_t *from_at, int to, int64_t *to_at) {
    return checked(syscall(SYS_copy_file_range, from, from_at, to, to_at, 3, 0));
}

static long copy_from(int fd) { return copied(fd, NULL, other_file(), NULL); }
static long copy_from_at(int fd) { return copied(fd, &(int64_t){1}, other_file(), NULL); }
static long copy_to(int fd) { return copied(other_file(), NULL, fd, NULL); }
static long copy_to_at(int fd) { return copied(other_file(), NULL, fd, &(int64_t){1}); }
static long copy_to_itself(int fd) { return copied(fd, &(int64_t){0}, fd, &(int64_t){50}); }

static const struct call calls[] = {
    MADE("splice-from", NUMBER, splice_from)
    MADE("splice-from-at", NUMBER, splice_from_at)
    MADE("splice-to", NUMBER, splice_to)
    MADE("splice-to-at", NUMBER, splice_to_at)
    MADE("splice-file", NUMBER, splice_file)
    MADE("splice-none", NUMBER, splice_none)
    MADE("tee-from", NUMBER, tee_from)
    MADE("tee-to", NUMBER, tee_to)
    MADE("vmsplice", NUMBER, vmspliced)
    MADE("sendfile-from", NUMBER, sendfile_from)
    MADE("sendfile-from-at", NUMBER, sendfile_from_at)
    MADE("sendfile-to", NUMBER, sendfile_to)
    MADE("sendfile-pipe", NUMBER, sendfile_pipe)
    MADE("sendfile-to-file", NUMBER, sendfile_to_file)
    MADE("copy-from", NUMBER, copy_from)
    MADE("copy-from-at", NUMBER, copy_from_at)
    MADE("copy-to", NUMBER, copy_to)
    MADE("copy-to-at", NUMBER, copy_to_at)
    MADE("copy-to-itself", NUMBER, copy_to_itself)
};

const struct calls moving_calls = ALL_OF(calls);
