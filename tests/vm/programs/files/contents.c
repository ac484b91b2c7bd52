/* Bytes of files, from where to where, and their times. */
#include "tests/vm/programs/files/files.h"

#define RECORDS 3000
#define RWF_APPEND 16 /* linux/fs.h, which musl does not bring along */

static long append(int fd, struct iovec *record, long offset) {
    return syscall(SYS_pwritev2, fd, record, 1, offset, 0L, RWF_APPEND);
}

/* RWF_APPEND: at the end, which nobody moves meanwhile; the position follows only where it was meant. */
void test_appends(void) {
    section = "appends";
    int fd = make("v", "0123456789"), status = -1;
    struct iovec record = {"12345678", 8};
    IS(append(fd, &record, 2), 8);
    IS(lseek(fd, 0, SEEK_CUR), 10);
    IS(append(fd, &record, -1), 8);
    IS(lseek(fd, 0, SEEK_CUR), 26);
    pid_t child = fork();
    for (int i = 0; i < RECORDS; i++)
        if (append(fd, &record, 0) != 8) {
            report(__LINE__, "append", i, errno);
            break;
        }
    if (child == 0)
        _exit(failures != 0);
    IS(waitpid(child, &status, 0), child);
    IS(status, 0);
    IS(lseek(fd, 0, SEEK_END), 26 + 2 * RECORDS * 8);
    close(fd);
    unlink("v");
}

void test_vectors(void) {
    section = "vectors";
    char a[4] = "", b[8] = "";
    struct iovec out[3] = {{"abc", 3}, {"", 0}, {"defgh", 5}}, in[2] = {{a, 3}, {b, 8}};
    int fd = make("v", NULL);
    IS(writev(fd, out, 3), 8);
    IS(preadv(fd, in, 2, 0), 8);
    TRUE(memcmp(a, "abc", 3) == 0 && memcmp(b, "defgh", 5) == 0);
    IS(pwritev(fd, out, 1, 8), 3);
    FAILS(writev(fd, out, -1), EINVAL);
    FAILS(writev(fd, out, 2000), EINVAL);
    IS(writev(fd, out, 0), 0);
    struct iovec bad[2] = {{"x", 1}, {(void *)0x10, 5}};
    lseek(fd, 0, SEEK_SET);
    IS(writev(fd, bad, 2), 1);
    struct iovec toolong = {a, (size_t)-1};
    FAILS(writev(fd, &toolong, 1), EINVAL);
    FAILS(readv(fd, (void *)8, 1), EFAULT);
    IS(syscall(SYS_preadv2, fd, in, 2, 0L, 0L, 0), 11);
    FAILS(syscall(SYS_preadv2, fd, in, 2, 0L, 0L, 0x4000), EOPNOTSUPP);
    /* holes read as zeros; a sparse file is not big */
    IS(pwrite(fd, "z", 1, 100000), 1);
    char hole = 'x';
    IS(pread(fd, &hole, 1, 50000), 1);
    TRUE(hole == 0);
    struct stat st;
    fstat(fd, &st);
    TRUE(st.st_size == 100001 && st.st_blocks <= 32);
    OK(ftruncate(fd, 5));
    OK(ftruncate(fd, 20));
    char tail[20];
    IS(pread(fd, tail, 20, 0), 20);
    TRUE(tail[10] == 0);
    FAILS(ftruncate(fd, -1), EINVAL);
    FAILS(truncate("missing", 1), ENOENT);
    FAILS(truncate(".", 1), EISDIR);
    OK(posix_fallocate(fd, 0, 8192));
    fstat(fd, &st);
    TRUE(st.st_size == 8192 && st.st_blocks >= 16);
    FAILS(fallocate(fd, 0, 0, 0), EINVAL);
    OK(fsync(fd));
    OK(fdatasync(fd));
    close(fd);
    OK(unlink("v"));
}

void test_copies(void) {
    section = "copies";
    char tail[20];
    int fd = make("v", NULL);
    OK(ftruncate(fd, 8192));
    lseek(fd, 0, SEEK_SET);
    int to = make("w", NULL);
    IS(sendfile(to, fd, NULL, 100), 100);
    off_t from = 0;
    IS(sendfile(to, fd, &from, 50), 50);
    TRUE(from == 50);
    IS(lseek(fd, 0, SEEK_CUR), 100);
    loff_t in_at = 0, out_at = 0;
    IS(copy_file_range(fd, &in_at, to, &out_at, 4096, 0), 4096);
    FAILS(copy_file_range(fd, &in_at, to, &out_at, 1, 1), EINVAL);
    /* mappings share the page cache */
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    TRUE(map != MAP_FAILED);
    IS(pwrite(fd, "shared", 6, 4096), 6);
    TRUE(memcmp(map + 4096, "shared", 6) == 0);
    map[0] = 'M';
    IS(pread(fd, tail, 1, 0), 1);
    TRUE(tail[0] == 'M');
    munmap(map, 8192);
    int ro = open("v", O_RDONLY);
    TRUE(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED && errno == EACCES);
    close(ro);
    /* limits */
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, small = {10000, 0};
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    IS(pwrite(fd, map = calloc(1, 8192), 8192, 8192), 10000 - 8192);
    FAILS(pwrite(fd, "x", 1, 10000), EFBIG);
    FAILS(ftruncate(fd, 20000), EFBIG);
    setrlimit(RLIMIT_FSIZE, &old);
    close(fd);
    close(to);
    OK(unlink("v"));
    OK(unlink("w"));
}

void test_times(void) {
    section = "times";
    struct stat st;
    make_closed("t", "x");
    struct timespec ts[2] = {{1000, 5}, {2000, 7}};
    OK(utimensat(AT_FDCWD, "t", ts, 0));
    OK(stat("t", &st));
    TRUE(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 5 && st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 7);
    ts[0].tv_nsec = UTIME_OMIT;
    ts[1].tv_nsec = UTIME_NOW;
    OK(utimensat(AT_FDCWD, "t", ts, 0));
    OK(stat("t", &st));
    TRUE(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec > 100000);
    ts[1].tv_nsec = 2000000000;
    FAILS(utimensat(AT_FDCWD, "t", ts, 0), EINVAL);
    FAILS(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
    int fd = open("t", O_RDONLY);
    OK(futimens(fd, NULL));
    close(fd);
    OK(symlink("t", "l"));
    struct timespec old[2] = {{1, 0}, {1, 0}};
    OK(utimensat(AT_FDCWD, "l", old, AT_SYMLINK_NOFOLLOW));
    OK(lstat("l", &st));
    TRUE(st.st_mtim.tv_sec == 1);
    OK(stat("t", &st));
    TRUE(st.st_mtim.tv_sec > 100000);
    uint64_t sx[32]; /* struct statx: the mask is its first half word, the size its sixth word */
    OK(syscall(SYS_statx, AT_FDCWD, "t", 0, 0xfff, sx));
    TRUE(sx[5] == 1 && (sx[0] & 0x7ff) == 0x7ff);
    OK(syscall(SYS_statx, AT_FDCWD, "", AT_EMPTY_PATH, 0x200, sx));
    FAILS(syscall(SYS_statx, AT_FDCWD, "t", 0x10, 0, sx), EINVAL);
    OK(unlink("l"));
    OK(unlink("t"));
}
