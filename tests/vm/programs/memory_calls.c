/*
 * Less common calls about memory and room: process_madvise, madvise, remap_file_pages, mremap, protection keys,
 * fallocate, SEEK_HOLE. Every expectation also holds on Linux. Runs as root in the directory given,
 * which is in a tmpfs.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"

#define PAGE 4096ul
enum { KEEP = 1, PUNCH = 2, COLLAPSE = 8, ZERO = 16, INSERT = 32, UNSHARE = 64 };
enum {
    COLD = 20, PAGEOUT = 21, POPULATE_READ = 22, POPULATE_WRITE = 23, MERGEABLE = 12, UNMERGEABLE = 13, HUGEPAGE = 14,
    NOHUGEPAGE = 15, DONTDUMP = 16, DODUMP = 17, WIPEONFORK = 18, KEEPONFORK = 19, REMOVE = 9, HWPOISON = 100,
    SOFT_OFFLINE = 101,
};

static char *map(unsigned long pages, int flags, int fd) {
    char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
    TRUE(p != MAP_FAILED);
    return p;
}

static char *anonymous(unsigned long pages) {
    return map(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int resident(char *p) {
    unsigned char byte = 9;
    return mincore(p, PAGE, &byte) == 0 ? byte & 1 : -1;
}

static int make(const char *name, const void *data, size_t size) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    IS(write(fd, data, size), size);
    return fd;
}

static void test_advice(void) {
    section = "advice";
    char *p = anonymous(8);
    int status;
    OK(madvise(p, 8 * PAGE, COLD));
    OK(madvise(p, 8 * PAGE, PAGEOUT));
    OK(madvise(p, 4 * PAGE, POPULATE_READ));
    OK(madvise(p, 4 * PAGE, POPULATE_WRITE));
    IS(resident(p), 1);
    IS(resident(p + 5 * PAGE), 0);
    p[0] = 'x';
    OK(madvise(p, PAGE, COLD));
    TRUE(p[0] == 'x');
    OK(madvise(p, PAGE, DONTDUMP));
    OK(madvise(p, PAGE, DODUMP));
    OK(madvise(p, PAGE, WIPEONFORK));
    pid_t child = fork();
    if (child == 0)
        _exit(p[0] == 0 ? 0 : 1);
    waitpid(child, &status, 0);
    TRUE(status == 0);
    OK(madvise(p, PAGE, KEEPONFORK));
    child = fork();
    if (child == 0)
        _exit(p[0] == 'x' ? 0 : 1);
    waitpid(child, &status, 0);
    TRUE(status == 0);
    FAILS(madvise(p, PAGE, REMOVE), EINVAL);
    FAILS(madvise(p, PAGE, 77), EINVAL);
    FAILS(madvise(p + 1, PAGE, COLD), EINVAL);
    OK(madvise(p, 0, COLD));
    FAILS(madvise(p, 0, 77), EINVAL);
    munmap(p + 4 * PAGE, PAGE);
    FAILS(madvise(p, 8 * PAGE, COLD), ENOMEM);
    FAILS(madvise(p, 8 * PAGE, POPULATE_READ), ENOMEM);
    mprotect(p + 5 * PAGE, PAGE, PROT_NONE);
    FAILS(madvise(p + 5 * PAGE, PAGE, POPULATE_READ), EINVAL);
    mprotect(p + 5 * PAGE, PAGE, PROT_READ);
    FAILS(madvise(p + 5 * PAGE, PAGE, POPULATE_WRITE), EINVAL);
    mlock(p, PAGE);
    FAILS(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
    FAILS(madvise(p, PAGE, COLD), EINVAL);
    FAILS(madvise(p, PAGE, PAGEOUT), EINVAL);
    munlock(p, PAGE);
    child = fork();
    if (child == 0) {
        setuid(1000);
        if (madvise(p, PAGE, HWPOISON) != -1 || (errno != EPERM && errno != EINVAL))
            _exit(1);
        _exit(madvise(p, PAGE, SOFT_OFFLINE) == -1 && (errno == EPERM || errno == EINVAL) ? 0 : 2);
    }
    waitpid(child, &status, 0);
    TRUE(status == 0);
    munmap(p, 8 * PAGE);
}

/* MADV_REMOVE: a hole in a shared file. */
static void test_removal(void) {
    section = "removal";
    char *p = anonymous(3);
    int fd = make("remove", p, 3 * PAGE);
    char *q = map(3, MAP_SHARED, fd);
    memset(q, 'r', 3 * PAGE);
    OK(madvise(q + PAGE, PAGE, REMOVE));
    TRUE(q[0] == 'r' && q[PAGE] == 0 && q[2 * PAGE] == 'r');
    char byte;
    IS(pread(fd, &byte, 1, PAGE + 5), 1);
    TRUE(byte == 0);
    FAILS(madvise(q, PAGE, WIPEONFORK), EINVAL);
    char *r = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("remove", O_RDONLY), 0);
    FAILS(madvise(r, PAGE, REMOVE), EACCES);
    munmap(q, 3 * PAGE), munmap(r, PAGE);
    close(fd);
    unlink("remove");
}

static void test_process_advice(void) {
    section = "process_madvise";
    char *p = anonymous(4);
    int fd = (int)syscall(SYS_pidfd_open, getpid(), 0), status;
    struct iovec pieces[2] = {{p, PAGE}, {p + 2 * PAGE, 2 * PAGE}};
    memset(p, 'p', 4 * PAGE);
    IS(syscall(440, fd, pieces, 2, COLD, 0), 3 * PAGE);
    IS(syscall(440, fd, pieces, 2, MADV_WILLNEED, 0), 3 * PAGE);
    FAILS(syscall(440, fd, pieces, 2, COLD, 1), EINVAL);
    FAILS(syscall(440, -1, pieces, 2, COLD, 0), EBADF);
    FAILS(syscall(440, 1, pieces, 2, COLD, 0), EBADF);
    FAILS(syscall(440, fd, pieces, 1025, COLD, 0), EINVAL);
    FAILS(syscall(440, fd, (void *)8, 2, COLD, 0), EFAULT);
    pieces[1].iov_base = p + 64 * PAGE * 1024;
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    int other = (int)syscall(SYS_pidfd_open, child, 0);
    IS(syscall(440, other, pieces, 1, PAGEOUT, 0), PAGE);
    FAILS(syscall(440, other, pieces, 1, MADV_DONTNEED, 0), EINVAL);
    pid_t stranger = fork();
    if (stranger == 0) {
        setuid(1000);
        _exit(syscall(440, other, pieces, 1, COLD, 0) == -1 && (errno == EPERM || errno == EACCES) ? 0 : 1);
    }
    waitpid(stranger, &status, 0);
    TRUE(status == 0);
    FAILS(syscall(448, other, 0), EINVAL);   /* process_mrelease: it is not dying */
    FAILS(syscall(448, other, 1), EINVAL);
    FAILS(syscall(448, -1, 0), EBADF);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    FAILS(syscall(440, other, pieces, 1, COLD, 0), ESRCH);
    FAILS(syscall(448, other, 0), ESRCH);
    close(fd), close(other);
}

static void test_mappings(void) {
    section = "mappings";
    int fd = make("m", "", 0);
    ftruncate(fd, 4 * PAGE);
    char *p = map(4, MAP_SHARED, fd);
    for (int i = 0; i < 4; i++)
        p[i * PAGE] = (char)('a' + i);
    OK(syscall(SYS_remap_file_pages, p, PAGE, 0, 2, 0));
    TRUE(p[0] == 'c' && p[PAGE] == 'b' && p[2 * PAGE] == 'c');
    p[0] = 'C';
    TRUE(p[2 * PAGE] == 'C');
    FAILS(syscall(SYS_remap_file_pages, p, PAGE, PROT_READ, 2, 0), EINVAL);
    FAILS(syscall(SYS_remap_file_pages, p, 0, 0, 2, 0), EINVAL);
    char *q = anonymous(4);
    FAILS(syscall(SYS_remap_file_pages, q, PAGE, 0, 2, 0), EINVAL);
    char *private = map(2, MAP_PRIVATE, fd);
    FAILS(syscall(SYS_remap_file_pages, private, PAGE, 0, 1, 0), EINVAL);
    /* MREMAP_DONTUNMAP */
    memset(q, 'q', 4 * PAGE);
    char *moved = mremap(q, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | 4);
    TRUE(moved != MAP_FAILED && moved != q);
    TRUE(moved[0] == 'q' && q[0] == 0 && q[3 * PAGE] == 0);
    FAILS((long)mremap(q, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | 4), EINVAL);
    FAILS((long)mremap(q, 4 * PAGE, 4 * PAGE, 4), EINVAL);
    /* kinds */
    TRUE(mmap(NULL, PAGE, PROT_READ, 0x3 | 0x80000, fd, 0) == MAP_FAILED && errno == EOPNOTSUPP); /* MAP_SYNC */
    TRUE(mmap(NULL, PAGE, PROT_READ, 0x3, fd, 0) != MAP_FAILED);
    TRUE(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | 0x8000000, fd, 0) != MAP_FAILED);
    TRUE(mmap(NULL, PAGE, PROT_READ, 0, fd, 0) == MAP_FAILED && errno == EINVAL);
    TRUE(mmap(NULL, 1 << 21, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) == MAP_FAILED && errno == ENOMEM);
    TRUE(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, fd, 0) == MAP_FAILED && errno == EINVAL);
    OK(syscall(SYS_mlock2, moved, PAGE, 1));
    FAILS(syscall(SYS_mlock2, moved, PAGE, 2), EINVAL);
    /* protection keys: the CPU has none */
    long key = syscall(SYS_pkey_alloc, 0, 0);
    TRUE(key >= 0 || errno == EINVAL || errno == ENOSPC); /* Linux: as the CPU has them */
    FAILS(syscall(SYS_pkey_alloc, 1, 0), EINVAL);
    FAILS(syscall(SYS_pkey_alloc, 0, 4), EINVAL);
    if (key >= 0)
        syscall(SYS_pkey_free, key);
    FAILS(syscall(SYS_pkey_free, 1), EINVAL);
    FAILS(syscall(SYS_pkey_mprotect, moved, PAGE, PROT_READ, 1), EINVAL);
    OK(syscall(SYS_pkey_mprotect, moved, PAGE, PROT_READ, -1));
    close(fd);
    unlink("m");
}

static int zeros(int fd, long from, long size) {
    static char bytes[65536];
    if (pread(fd, bytes, (size_t)size, from) != size)
        return 0;
    for (long i = 0; i < size; i++)
        if (bytes[i])
            return 0;
    return 1;
}

static void test_allocation(void) {
    section = "fallocate";
    static char data[8 * PAGE];
    struct stat st;
    memset(data, 'd', sizeof data);
    int fd = make("f", data, sizeof data), p[2], read_only = open("f", O_RDONLY), dir = open(".", O_RDONLY);
    OK(fallocate(fd, PUNCH | KEEP, PAGE, 2 * PAGE));
    OK(fstat(fd, &st));
    TRUE(st.st_size == 8 * PAGE && st.st_blocks == 6 * 8);
    TRUE(zeros(fd, PAGE, 2 * PAGE) && !zeros(fd, 0, PAGE) && !zeros(fd, 3 * PAGE, PAGE));
    OK(fallocate(fd, PUNCH | KEEP, 4 * PAGE + 100, 200));
    TRUE(zeros(fd, 4 * PAGE + 100, 200) && !zeros(fd, 4 * PAGE + 99, 1) && !zeros(fd, 4 * PAGE + 300, 1));
    OK(fallocate(fd, PUNCH | KEEP, 5 * PAGE + 10, 2 * PAGE));
    TRUE(zeros(fd, 5 * PAGE + 10, 2 * PAGE) && !zeros(fd, 7 * PAGE + 10, 1) && !zeros(fd, 5 * PAGE + 9, 1));
    OK(fallocate(fd, PUNCH | KEEP, 100 * PAGE, PAGE));
    IS(lseek(fd, 0, SEEK_DATA), 0);
    IS(lseek(fd, 0, SEEK_HOLE), PAGE);
    IS(lseek(fd, PAGE, SEEK_DATA), 3 * PAGE);
    IS(lseek(fd, PAGE + 5, SEEK_HOLE), PAGE + 5);
    IS(lseek(fd, 3 * PAGE + 1, SEEK_DATA), 3 * PAGE + 1);
    IS(lseek(fd, 7 * PAGE, SEEK_HOLE), 8 * PAGE);
    FAILS(lseek(fd, 8 * PAGE, SEEK_DATA), ENXIO);
    FAILS(lseek(fd, 8 * PAGE, SEEK_HOLE), ENXIO);
    FAILS(lseek(fd, -1, SEEK_DATA), ENXIO);
    FAILS(lseek(fd, 0, 5), EINVAL);
    OK(ftruncate(fd, 20 * PAGE));
    FAILS(lseek(fd, 9 * PAGE, SEEK_DATA), ENXIO);
    IS(lseek(fd, 9 * PAGE, SEEK_HOLE), 9 * PAGE);
    FAILS(fallocate(fd, PUNCH, 0, PAGE), EOPNOTSUPP);
    FAILS(fallocate(fd, ZERO | KEEP, 0, PAGE), EOPNOTSUPP);
    FAILS(fallocate(fd, COLLAPSE, 0, PAGE), EOPNOTSUPP);
    FAILS(fallocate(fd, INSERT, 0, PAGE), EOPNOTSUPP);
    FAILS(fallocate(fd, 0x1000, 0, PAGE), EOPNOTSUPP);
    FAILS(fallocate(fd, PUNCH | ZERO | KEEP, 0, PAGE), EOPNOTSUPP);
    OK(fallocate(fd, KEEP, 20 * PAGE, PAGE));
    OK(fstat(fd, &st));
    TRUE(st.st_size == 20 * PAGE);
    OK(fallocate(fd, 0, 0, PAGE * 21));
    OK(fstat(fd, &st));
    TRUE(st.st_size == 21 * PAGE && st.st_blocks == 21 * 8);
    FAILS(fallocate(fd, 0, 0, 0), EINVAL);
    FAILS(fallocate(fd, 0, -1, 1), EINVAL);
    FAILS(fallocate(fd, 0, 0x7fffffffffffffff, 1), EFBIG);
    FAILS(fallocate(read_only, 0, 0, 1), EBADF);
    FAILS(fallocate(dir, 0, 0, 1), EBADF);
    OK(pipe(p));
    FAILS(fallocate(p[1], 0, 0, 1), ESPIPE);
    struct rlimit limit = {10 * PAGE, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    FAILS(fallocate(fd, 0, 0, 30 * PAGE), EFBIG);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    close(fd), close(p[0]), close(p[1]), close(read_only), close(dir);
    unlink("f");
}

static void test_advice_about_files(void) {
    section = "advice about files";
    static char data[2 * PAGE];
    int fd = make("f", data, sizeof data), p[2];
    OK(pipe(p));
    /* a mapping sees the hole */
    char *m = map(2, MAP_SHARED, fd);
    m[0] = 'm';
    OK(fallocate(fd, PUNCH | KEEP, 0, PAGE));
    TRUE(m[0] == 0);
    m[0] = 'n';
    TRUE(!zeros(fd, 0, 1));
    /* advice about use */
    OK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
    IS(posix_fadvise(fd, 0, 0, 77), EINVAL);
    IS(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
    IS(posix_fadvise(-1, 0, 0, POSIX_FADV_NORMAL), EBADF);
    OK(readahead(fd, 0, PAGE));
    FAILS(readahead(p[0], 0, 1), EINVAL);
    FAILS(readahead(-1, 0, 1), EBADF);
    OK(sync_file_range(fd, 0, 0, 7));
    FAILS(sync_file_range(fd, 0, 0, 8), EINVAL);
    FAILS(sync_file_range(fd, -1, 0, 0), EINVAL);
    FAILS(sync_file_range(p[0], 0, 0, 0), ESPIPE);
    close(fd), close(p[0]), close(p[1]);
    unlink("f");
}

int main(int argc, char **argv) {
    if (argc < 2 || chdir(argv[1]) != 0)
        return 2;
    test_advice();
    test_removal();
    test_process_advice();
    test_mappings();
    test_allocation();
    test_advice_about_files();
    return checks_end();
}
