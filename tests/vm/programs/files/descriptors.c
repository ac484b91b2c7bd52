/* Numbers of open files; files without names, devices, files of /proc. */
#include "tests/vm/programs/files/files.h"

static void close_all(void) {
    for (int i = 3; i < 60; i++)
        close(i);
}

void test_descriptors(void) {
    section = "descriptors";
    int fd = make("f", "0123456789");
    int copy = OK(dup(fd));
    IS(lseek(fd, 3, SEEK_SET), 3);
    IS(lseek(copy, 0, SEEK_CUR), 3);
    IS(dup2(fd, 200), 200);
    IS(dup2(fd, fd), fd);
    FAILS(dup2(99, 99), EBADF);
    FAILS(dup2(99, 3), EBADF);
    FAILS(dup3(fd, fd, 0), EINVAL);
    FAILS(syscall(SYS_dup3, fd, 50, 1), EINVAL);
    IS(dup3(fd, 50, O_CLOEXEC), 50);
    IS(fcntl(50, F_GETFD), FD_CLOEXEC);
    IS(fcntl(200, F_GETFD), 0);
    IS(fcntl(fd, F_DUPFD, 100), 100);
    IS(fcntl(fd, F_DUPFD_CLOEXEC, 100), 101);
    IS(fcntl(101, F_GETFD), FD_CLOEXEC);
    FAILS(fcntl(fd, F_DUPFD, 1 << 24), EINVAL);
    FAILS(fcntl(fd, 9999, 0), EINVAL);
    OK(fcntl(101, F_SETFD, 0));
    IS(fcntl(101, F_GETFD), 0);
    int flags = OK(fcntl(fd, F_GETFL));
    TRUE((flags & O_ACCMODE) == O_RDWR);
    OK(fcntl(fd, F_SETFL, flags | O_APPEND | O_NONBLOCK));
    TRUE((fcntl(copy, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
    OK(syscall(SYS_close_range, 100, 300, 0));
    FAILS(fcntl(100, F_GETFD), EBADF);
    FAILS(fcntl(200, F_GETFD), EBADF);
    FAILS(syscall(SYS_close_range, 5, 4, 0), EINVAL);
    OK(syscall(SYS_close_range, copy, copy, 4));
    IS(fcntl(copy, F_GETFD), FD_CLOEXEC);
    close_all();
    unlink("f");
}

void test_descriptor_limits(void) {
    section = "descriptor limits";
    int fd = make("f", "0123456789");
    struct rlimit old, low = {40, 0};
    getrlimit(RLIMIT_NOFILE, &old);
    low.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_NOFILE, &low);
    int last = -1, n;
    while ((n = dup(fd)) >= 0)
        last = n;
    TRUE(last == 39 && errno == EMFILE);
    FAILS(open("f", O_RDONLY), EMFILE);
    int ends[2];
    FAILS(pipe(ends), EMFILE);
    FAILS(dup2(fd, 45), EBADF);
    setrlimit(RLIMIT_NOFILE, &old);
    for (int i = 20; i < 60; i++)
        close(i);
    /* a table that grows */
    struct rlimit high = {4096, old.rlim_max > 4096 ? old.rlim_max : 4096};
    if (setrlimit(RLIMIT_NOFILE, &high) == 0) {
        IS(dup2(fd, 4000), 4000);
        pid_t child = fork();
        if (child == 0)
            _exit(lseek(4000, 0, SEEK_CUR) < 0);
        int status;
        waitpid(child, &status, 0);
        TRUE(status == 0);
        close(4000);
    }
    close_all();
    unlink("f");
}

void test_nameless(void) {
    section = "nameless";
    struct stat st;
    char buf[256];
    int fd = OK(syscall(SYS_memfd_create, "name", 1));
    IS(write(fd, "memory", 6), 6);
    OK(fstat(fd, &st));
    TRUE(st.st_size == 6 && st.st_nlink == 0);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long n = OK(readlink(link, buf, sizeof buf - 1));
    buf[n] = 0;
    TRUE(strcmp(buf, "/memfd:name (deleted)") == 0);
    int again = OK(open(link, O_RDONLY));
    IS(read(again, buf, 16), 6);
    close(again);
    close(fd);
    fd = make("gone", "x");
    unlink("gone");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = OK(readlink(link, buf, sizeof buf - 1));
    buf[n] = 0;
    TRUE(n > 10 && strcmp(buf + n - 10, " (deleted)") == 0);
    OK(stat(link, &st));
    close(fd);
    FAILS(stat(link, &st), ENOENT);
}

void test_devices(void) {
    section = "devices";
    char buf[16];
    int fd = open("/dev/null", O_RDWR);
    IS(write(fd, "x", 1), 1);
    IS(read(fd, buf, 1), 0);
    FAILS(fallocate(fd, 0, 0, 10), ENODEV);
    IS(lseek(fd, 10, SEEK_SET), 0);
    IS(pread(fd, buf, 1, 5), 0);
    close(fd);
    fd = open("/sys/bin", O_RDONLY | O_DIRECTORY);
    TRUE(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == ENODEV);
    close(fd);
    fd = open("/dev/full", O_RDWR);
    IS(pread(fd, buf, 1, 1l << 60), 1);
    FAILS(pwrite(fd, buf, 1, 5), ENOSPC);
    close(fd);
}

void test_refusals(void) {
    section = "refusals";
    struct stat st;
    char buf[256];
    make_closed("x", NULL);
    FAILS(syscall(SYS_getxattr, "missing", "user.a", buf, 1), ENOENT);
    FAILS(syscall(SYS_setxattr, "x", "nodots", buf, 1, 0), EOPNOTSUPP);
    FAILS(syscall(SYS_fgetxattr, 99, "user.a", buf, 1), EBADF);
    OK(unlink("x"));
    FAILS(syscall(SYS_fadvise64, 99, 0, 0, 0), EBADF);
    FAILS(fsync(99), EBADF);
    int p[2];
    pipe(p);
    FAILS(fsync(p[0]), EINVAL);
    FAILS(syscall(SYS_fadvise64, p[0], 0, 0, 0), ESPIPE);
    OK(readlink("/proc/self/exe", buf, sizeof buf));
    OK(stat("/proc/self/exe", &st));
    TRUE(S_ISREG(st.st_mode));
    close(p[0]);
    close(p[1]);
}

void test_proc(void) {
    section = "proc";
    struct stat st;
    struct statfs fs;
    char buf[256];
    OK(statfs("/proc", &fs));
    TRUE(fs.f_type == 0x9fa0);
    OK(access("/proc/self/status", R_OK));
    snprintf(buf, sizeof buf, "/proc/%d/stat", getpid());
    int fd = OK(open(buf, O_RDONLY));
    long n = OK(read(fd, buf, sizeof buf - 1));
    buf[n > 0 ? n : 0] = 0;
    TRUE(atoi(buf) == getpid());
    close(fd);
    FAILS(open("/proc/999999", O_RDONLY), ENOENT);
    FAILS(open("/proc/self/nosuch", O_RDONLY), ENOENT);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    snprintf(buf, sizeof buf, "/proc/%d", child);
    OK(stat(buf, &st));
    waitpid(child, NULL, 0);
    FAILS(stat(buf, &st), ENOENT);
}
