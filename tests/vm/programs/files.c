/*
 * File system calls against what Linux answers: results, errno, and their order of precedence. Runs
 * as root in the empty directory given; every expectation also holds on Linux, so that running it
 * there tests the test. Prints each failed check; exits 1 if there was one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"
#include "tests/vm/programs/states.h"

static int make(const char *name, const char *text) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0 && text)
        write(fd, text, strlen(text));
    return fd;
}

static void make_closed(const char *name, const char *text) {
    int fd = make(name, text);
    OK(fd);
    close(fd);
}

/* Runs `body` as another user in a child; its failed checks are counted here. */
#define AS_USER(...) do { fflush(stdout); pid_t p_ = fork(); if (p_ == 0) { failures = 0; \
    if (setgid(1000) || setuid(1000)) _exit(99); __VA_ARGS__; fflush(stdout); _exit(failures); } \
    int s_; waitpid(p_, &s_, 0); failures += WIFEXITED(s_) ? WEXITSTATUS(s_) : 1; } while (0)

static void test_open(void) {
    section = "open";
    struct stat st;
    FAILS(open("missing", O_RDONLY), ENOENT);
    FAILS(open("", O_RDONLY), ENOENT);
    FAILS(open("", O_CREAT | O_RDWR, 0600), ENOENT);
    FAILS(open((char *)8, O_RDONLY), EFAULT);
    int fd = OK(open("a", O_CREAT | O_RDWR | O_EXCL, 0640));
    FAILS(open("a", O_CREAT | O_RDWR | O_EXCL, 0640), EEXIST);
    OK(fstat(fd, &st));
    TRUE((st.st_mode & 07777) == 0640 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_size == 0);
    IS(write(fd, "hello world", 11), 11);
    IS(lseek(fd, 0, SEEK_CUR), 11);
    IS(lseek(fd, -5, SEEK_END), 6);
    char buf[64] = "";
    IS(read(fd, buf, 64), 5);
    TRUE(memcmp(buf, "world", 5) == 0);
    IS(read(fd, buf, 64), 0);
    IS(pread(fd, buf, 5, 0), 5);
    IS(pwrite(fd, "HELLO", 5, 0), 5);
    FAILS(pread(fd, buf, 5, -1), EINVAL);
    FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
    FAILS(lseek(fd, 0, 77), EINVAL);
    FAILS(read(fd, (void *)-1, 5), EFAULT);
    FAILS(open("a/b", O_RDONLY), ENOTDIR);
    FAILS(open("a/", O_RDONLY), ENOTDIR);
    FAILS(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR);
    FAILS(open("new/", O_CREAT | O_RDWR, 0600), EISDIR);
    FAILS(open(".", O_WRONLY), EISDIR);
    FAILS(open(".", O_RDONLY | O_CREAT, 0600), EISDIR);
    FAILS(open("missing/x", O_CREAT | O_RDWR, 0600), ENOENT);
    int ro = OK(open("a", O_RDONLY));
    FAILS(write(ro, "x", 1), EBADF);
    FAILS(ftruncate(ro, 1), EINVAL);
    close(ro);
    int wo = OK(open("a", O_WRONLY | O_APPEND));
    FAILS(read(wo, buf, 1), EBADF);
    lseek(wo, 0, SEEK_SET);
    IS(write(wo, "!", 1), 1);
    IS(lseek(wo, 0, SEEK_CUR), 12);
    close(wo);
    int trunc = OK(open("a", O_RDWR | O_TRUNC));
    OK(fstat(trunc, &st));
    TRUE(st.st_size == 0);
    close(trunc);
    close(fd);
    FAILS(read(fd, buf, 1), EBADF);
    FAILS(close(fd), EBADF);
    char longname[300];
    memset(longname, 'n', 299);
    longname[299] = 0;
    FAILS(open(longname, O_RDONLY), ENAMETOOLONG);
    FAILS(mkdir(longname, 0700), ENAMETOOLONG);
    longname[255] = 0;
    fd = OK(open(longname, O_CREAT | O_RDWR, 0600));
    close(fd);
    OK(unlink(longname));
    char *huge = malloc(5000);
    memset(huge, '/', 4999);
    huge[4999] = 0;
    FAILS(open(huge, O_RDONLY), ENAMETOOLONG);
    huge[4095] = 0;
    fd = OK(open(huge, O_RDONLY));
    close(fd);
    fd = OK(open("a", O_PATH));
    FAILS(read(fd, buf, 1), EBADF);
    FAILS(syscall(SYS_fchmod, fd, 0600), EBADF);
    FAILS(ioctl(fd, FIONREAD, buf), EBADF);
    OK(fstat(fd, &st));
    TRUE((fcntl(fd, F_GETFL) & O_PATH) != 0);
    close(fd);
    fd = OK(open(".", O_TMPFILE | O_RDWR, 0600));
    OK(fstat(fd, &st));
    TRUE(st.st_nlink == 0);
    char proc[64];
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    OK(linkat(AT_FDCWD, proc, AT_FDCWD, "tmpfile", AT_SYMLINK_FOLLOW));
    OK(fstat(fd, &st));
    TRUE(st.st_nlink == 1);
    close(fd);
    OK(unlink("tmpfile"));
    FAILS(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
    OK(unlink("a"));
}

static void test_directories(void) {
    section = "directories";
    struct stat st;
    OK(mkdir("d", 0755));
    FAILS(mkdir("d", 0755), EEXIST);
    FAILS(mkdir("/", 0755), EEXIST);
    FAILS(mkdir("d/.", 0755), EEXIST);
    FAILS(mkdir("missing/x", 0755), ENOENT);
    OK(mkdir("d/e/", 0700));
    OK(stat("d", &st));
    TRUE(S_ISDIR(st.st_mode) && st.st_nlink == 3);
    FAILS(rmdir("d"), ENOTEMPTY);
    FAILS(rmdir("d/."), EINVAL);
    FAILS(rmdir("d/e/.."), ENOTEMPTY);
    FAILS(unlink("d/e"), EISDIR);
    FAILS(unlink("missing/"), ENOENT);
    FAILS(rmdir("missing"), ENOENT);
    FAILS(unlink("missing"), ENOENT);
    make_closed("f", "x");
    FAILS(rmdir("f"), ENOTDIR);
    FAILS(unlink("f/"), ENOTDIR);
    FAILS(unlink("d/"), EISDIR);
    OK(chdir("d/e"));
    char cwd[4096];
    OK(syscall(SYS_getcwd, cwd, sizeof cwd));
    TRUE(strlen(cwd) > 4 && strcmp(cwd + strlen(cwd) - 4, "/d/e") == 0);
    FAILS(syscall(SYS_getcwd, cwd, 3), ERANGE);
    OK(rmdir("../e"));
    FAILS(syscall(SYS_getcwd, cwd, sizeof cwd), ENOENT);
    FAILS(open("x", O_CREAT | O_RDWR, 0600), ENOENT);
    FAILS(mkdir("x", 0700), ENOENT);
    OK(chdir(".."));
    OK(chdir(".."));
    FAILS(chdir("f"), ENOTDIR);
    OK(rmdir("d"));
    OK(unlink("f"));

    /* reading a directory while it changes */
    OK(mkdir("many", 0755));
    char name[64];
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "many/file%03d", i);
        make_closed(name, NULL);
    }
    DIR *dir = opendir("many");
    struct dirent *entry;
    int seen = 0, removed = 0;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        seen++;
        snprintf(name, sizeof name, "many/%s", entry->d_name);
        if (unlink(name) == 0)
            removed++;
    }
    closedir(dir);
    TRUE(seen == 500 && removed == 500);
    OK(rmdir("many"));
    int fd = OK(open(".", O_RDONLY | O_DIRECTORY));
    FAILS(read(fd, name, 10), EISDIR);
    FAILS(syscall(SYS_getdents64, fd, name, 10), EINVAL);
    close(fd);
}

static void test_links(void) {
    section = "links";
    struct stat st;
    char buf[64];
    make_closed("t", "text");
    OK(symlink("t", "s"));
    FAILS(symlink("t", "s"), EEXIST);
    FAILS(symlink("", "s2"), ENOENT);
    IS(readlink("s", buf, sizeof buf), 1);
    IS(readlink("s", buf, 1), 1);
    FAILS(syscall(SYS_readlink, "s", buf, 0), EINVAL);
    FAILS(readlink("t", buf, sizeof buf), EINVAL);
    OK(lstat("s", &st));
    TRUE(S_ISLNK(st.st_mode) && st.st_size == 1);
    OK(stat("s", &st));
    TRUE(S_ISREG(st.st_mode));
    FAILS(open("s", O_RDONLY | O_NOFOLLOW), ELOOP);
    FAILS(open("s", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
    int fd = OK(open("s", O_PATH | O_NOFOLLOW));
    OK(fstat(fd, &st));
    TRUE(S_ISLNK(st.st_mode));
    IS(readlinkat(fd, "", buf, sizeof buf), 1);
    close(fd);
    OK(symlink("loop", "loop"));
    FAILS(open("loop", O_RDONLY), ELOOP);
    FAILS(stat("loop/x", &st), ELOOP);
    OK(unlink("loop"));
    OK(symlink("made", "dangling"));
    FAILS(open("dangling", O_RDONLY), ENOENT);
    fd = OK(open("dangling", O_CREAT | O_RDWR, 0600));
    close(fd);
    OK(stat("made", &st));
    OK(unlink("made"));
    FAILS(mkdir("dangling", 0700), EEXIST);
    OK(unlink("dangling"));
    /* chains of links: 40 are followed, 41 are not */
    make_closed("end", NULL);
    char from[16] = "end", to[16];
    for (int i = 0; i < 41; i++) {
        snprintf(to, sizeof to, "c%d", i);
        OK(symlink(from, to));
        strcpy(from, to);
    }
    OK(stat("c39", &st));
    FAILS(stat("c40", &st), ELOOP);
    for (int i = 0; i < 41; i++) {
        snprintf(to, sizeof to, "c%d", i);
        OK(unlink(to));
    }
    OK(unlink("end"));
    /* through directories */
    OK(mkdir("dir", 0755));
    OK(symlink("../t", "dir/up"));
    OK(symlink("dir", "dlink"));
    fd = OK(open("dlink/up", O_RDONLY));
    IS(read(fd, buf, 64), 4);
    close(fd);
    OK(lstat("dlink/", &st));
    TRUE(S_ISDIR(st.st_mode));
    FAILS(rmdir("dlink"), ENOTDIR);
    FAILS(rmdir("dlink/"), ENOTDIR);
    OK(unlink("dlink"));
    /* hard links */
    OK(link("t", "h"));
    OK(stat("h", &st));
    TRUE(st.st_nlink == 2);
    FAILS(link("t", "h"), EEXIST);
    FAILS(link("dir", "h2"), EPERM);
    FAILS(link("missing", "h2"), ENOENT);
    OK(link("s", "hs"));
    OK(lstat("hs", &st));
    TRUE(S_ISLNK(st.st_mode) && st.st_nlink == 2);
    OK(unlink("hs"));
    OK(unlink("t"));
    OK(stat("h", &st));
    TRUE(st.st_nlink == 1);
    FAILS(link("h", "dir/"), EEXIST);
    FAILS(link("h", "nope/"), ENOENT);
    OK(unlink("h"));
    OK(unlink("s"));
    OK(unlink("dir/up"));
    OK(rmdir("dir"));
}

static void test_rename(void) {
    section = "rename";
    struct stat st, st2;
    make_closed("a", "A");
    make_closed("b", "BB");
    OK(mkdir("d", 0755));
    OK(mkdir("d/sub", 0755));
    OK(mkdir("e", 0755));
    FAILS(rename("missing", "x"), ENOENT);
    FAILS(rename("a", "d"), EISDIR);
    FAILS(rename("d", "a"), ENOTDIR);
    FAILS(rename("e", "d"), ENOTEMPTY);
    FAILS(rename("d", "d/sub/x"), EINVAL);
    FAILS(rename("d/sub", "d"), ENOTEMPTY);
    FAILS(rename("a", "x/"), ENOTDIR);
    FAILS(rename(".", "x"), EBUSY);
    FAILS(rename("a", ".."), EBUSY);
    OK(stat("a", &st));
    OK(rename("a", "b"));
    OK(stat("b", &st2));
    TRUE(st.st_ino == st2.st_ino && st2.st_size == 1);
    FAILS(stat("a", &st), ENOENT);
    OK(rename("b", "d/sub/moved"));
    OK(stat("d/sub/moved", &st));
    OK(rename("d/sub", "e"));
    OK(stat("e/moved", &st));
    OK(stat("d", &st));
    TRUE(st.st_nlink == 2);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "e", 1), EEXIST);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "nothere", 2), ENOENT);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "e", 3), EINVAL);
    OK(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "e", 2));
    OK(stat("d/moved", &st));
    OK(link("d/moved", "same"));
    OK(rename("same", "d/moved"));
    OK(stat("same", &st));
    OK(unlink("same"));
    OK(unlink("d/moved"));
    OK(rmdir("d"));
    OK(rmdir("e"));
    /* open files survive */
    int fd = make("x", "keep");
    make_closed("y", "new");
    OK(rename("y", "x"));
    char buf[8];
    IS(pread(fd, buf, 8, 0), 4);
    OK(fstat(fd, &st));
    TRUE(st.st_nlink == 0);
    close(fd);
    OK(unlink("x"));
    /* long names move in and out */
    char big[256];
    memset(big, 'q', 200);
    big[200] = 0;
    make_closed("short", NULL);
    OK(rename("short", big));
    OK(stat(big, &st));
    OK(rename(big, "short"));
    OK(stat("short", &st));
    FAILS(stat(big, &st), ENOENT);
    OK(unlink("short"));
}

static void test_permissions(void) {
    section = "permissions";
    struct stat st;
    umask(022);
    OK(mkdir("private", 0700));
    make_closed("private/f", "x");
    OK(mkdir("sticky", 0777));
    OK(chmod("sticky", 01777));
    make_closed("sticky/rootfile", "x");
    OK(mkdir("setgid", 0755));
    OK(chown("setgid", 0, 1234));
    OK(chmod("setgid", 02777));
    make_closed("readable", "x");
    make_closed("program", "#!/bin/false\n");
    AS_USER({
        FAILS(open("private/f", O_RDONLY), EACCES);
        FAILS(stat("private/f", &st), EACCES);
        FAILS(open("readable", O_WRONLY), EACCES);
        FAILS(open("new", O_CREAT | O_RDWR, 0600), EACCES);
        FAILS(unlink("readable"), EACCES);
        FAILS(unlink("sticky/rootfile"), EPERM);
        FAILS(rename("sticky/rootfile", "sticky/x"), EPERM);
        FAILS(chmod("readable", 0777), EPERM);
        FAILS(chown("readable", 1000, 1000), EPERM);
        FAILS(truncate("readable", 0), EACCES);
        FAILS(utimes("readable", NULL), EACCES);
        struct timeval tv[2] = {{1, 0}, {2, 0}};
        FAILS(utimes("readable", tv), EPERM);
        FAILS(access("readable", W_OK), EACCES);
        OK(access("readable", R_OK));
        FAILS(access("program", X_OK), EACCES);
        FAILS(chroot("."), EPERM);
        FAILS(mount("none", ".", "tmpfs", 0, NULL), EPERM);
        FAILS(umount("/"), EPERM);
        FAILS(mknod("sticky/dev", S_IFCHR | 0600, 0x103), EPERM);
        OK(mknod("sticky/fifo", S_IFIFO | 0600, 0));
        OK(unlink("sticky/fifo"));
        int fd = make("sticky/mine", "m");
        OK(fd);
        OK(fchmod(fd, 06755));
        OK(fstat(fd, &st));
        TRUE(st.st_uid == 1000 && st.st_gid == 1000);
        TRUE((st.st_mode & 07777) == 06755);
        IS(write(fd, "x", 1), 1);
        OK(fstat(fd, &st));
        TRUE((st.st_mode & 06000) == 0);
        FAILS(fchown(fd, 0, -1), EPERM);
        FAILS(fchown(fd, -1, 5), EPERM);
        OK(fchown(fd, -1, 1000));
        close(fd);
        make_closed("setgid/f", NULL);
        OK(stat("setgid/f", &st));
        TRUE(st.st_gid == 1234);
        OK(mkdir("setgid/d", 0755));
        OK(stat("setgid/d", &st));
        TRUE(st.st_gid == 1234 && (st.st_mode & S_ISGID));
        OK(chmod("setgid/f", 02755));
        OK(stat("setgid/f", &st));
        TRUE((st.st_mode & S_ISGID) == 0);
    });
    FAILS(access("program", X_OK), EACCES);
    OK(chmod("program", 0700));
    OK(access("program", X_OK));
    FAILS(access("program", 8), EINVAL);
    OK(open("private/f", O_RDONLY));
    umask(077);
    make_closed("masked", NULL);
    OK(stat("masked", &st));
    TRUE((st.st_mode & 0777) == 0600);
    IS(umask(022), 077);
    OK(chmod("sticky/mine", 06755));
    OK(chown("sticky/mine", 5, 6));
    OK(stat("sticky/mine", &st));
    TRUE(st.st_uid == 5 && st.st_gid == 6 && (st.st_mode & 06000) == 0);
    system("rm -rf private sticky setgid readable program masked");
}

static void test_descriptors(void) {
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
    /* the limit */
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
    for (int i = 3; i < 60; i++)
        close(i);
    unlink("f");
}

static void test_vectors(void) {
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
    /* sendfile, copy_file_range */
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

static void test_times(void) {
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

static void ignore(int s) { (void)s; }

static void test_pipes(void) {
    section = "pipes";
    int p[2];
    char buf[8192];
    OK(pipe(p));
    IS(write(p[1], "abc", 3), 3);
    int held = 0;
    OK(ioctl(p[0], FIONREAD, &held));
    TRUE(held == 3);
    IS(read(p[0], buf, 64), 3);
    FAILS(lseek(p[0], 0, SEEK_SET), ESPIPE);
    FAILS(pread(p[0], buf, 1, 0), ESPIPE);
    FAILS(read(p[1], buf, 1), EBADF);
    FAILS(write(p[0], buf, 1), EBADF);
    OK(fcntl(p[0], F_SETFL, O_NONBLOCK));
    OK(fcntl(p[1], F_SETFL, O_NONBLOCK));
    FAILS(read(p[0], buf, 1), EAGAIN);
    long total = 0, n;
    while ((n = write(p[1], buf, sizeof buf)) > 0)
        total += n;
    TRUE(total == 65536 && errno == EAGAIN);
    IS(fcntl(p[0], F_GETPIPE_SZ), 65536);
    FAILS(fcntl(p[0], F_SETPIPE_SZ, 4096), EBUSY);
    IS(fcntl(p[0], F_SETPIPE_SZ, 131072), 131072);
    IS(write(p[1], buf, 4096), 4096);
    while ((n = read(p[0], buf, sizeof buf)) > 0)
        total -= n;
    TRUE(total == -4096);
    IS(fcntl(p[0], F_SETPIPE_SZ, 4096), 4096);
    IS(write(p[1], buf, 8000), 4096);
    IS(read(p[0], buf, 1), 1);
    FAILS(write(p[1], buf, 2), EAGAIN); /* a small write is all or nothing */
    close(p[1]);
    while (read(p[0], buf, sizeof buf) > 0)
        ;
    IS(read(p[0], buf, 1), 0);
    close(p[0]);
    OK(pipe2(p, O_CLOEXEC | O_NONBLOCK));
    IS(fcntl(p[1], F_GETFD), FD_CLOEXEC);
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    FAILS(write(p[1], "x", 1), EPIPE);
    struct pollfd pfd = {p[1], POLLOUT, 0};
    IS(poll(&pfd, 1, 0), 1);
    TRUE(pfd.revents & POLLERR);
    close(p[1]);
    FAILS(syscall(SYS_pipe2, p, 0x1000000), EINVAL);
    FAILS(syscall(SYS_pipe2, 8, 0), EFAULT);

    /* a child and a lot of data */
    OK(pipe(p));
    pid_t child = fork();
    if (child == 0) {
        close(p[0]);
        for (int i = 0; i < 200; i++) {
            memset(buf, i, sizeof buf);
            if (write(p[1], buf, sizeof buf) != sizeof buf)
                _exit(1);
        }
        _exit(0);
    }
    close(p[1]);
    long got = 0;
    int wrong = 0;
    while ((n = read(p[0], buf, 1000)) > 0)
        for (long i = 0; i < n; i++, got++)
            wrong += (unsigned char)buf[i] != (unsigned char)(got / 8192);
    int status;
    waitpid(child, &status, 0);
    TRUE(got == 200 * 8192 && wrong == 0 && status == 0);
    close(p[0]);

    /* FIFOs */
    OK(mkfifo("fifo", 0600));
    FAILS(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    int r = OK(open("fifo", O_RDONLY | O_NONBLOCK));
    struct pollfd q = {r, POLLIN, 0};
    IS(poll(&q, 1, 0), 0);
    IS(read(r, buf, 1), 0);
    int w = OK(open("fifo", O_WRONLY | O_NONBLOCK));
    IS(write(w, "f", 1), 1);
    IS(poll(&q, 1, 0), 1);
    IS(read(r, buf, 8), 1);
    close(w);
    IS(poll(&q, 1, 0), 1);
    TRUE(q.revents & POLLHUP);
    close(r);
    child = fork();
    if (child == 0) {
        int out = open("fifo", O_WRONLY);
        _exit(write(out, "hi", 2) != 2);
    }
    r = OK(open("fifo", O_RDONLY));
    IS(read(r, buf, 8), 2);
    close(r);
    waitpid(child, &status, 0);
    TRUE(status == 0);
    OK(unlink("fifo"));

    /* interrupted */
    struct sigaction act = {.sa_handler = ignore};
    sigaction(SIGALRM, &act, NULL);
    OK(pipe(p));
    struct itimerval often = {{0, 50000}, {0, 50000}}, never = {{0}};
    setitimer(ITIMER_REAL, &often, NULL);
    FAILS(read(p[0], buf, 1), EINTR);
    q = (struct pollfd){p[0], POLLIN, 0};
    FAILS(poll(&q, 1, -1), EINTR);
    setitimer(ITIMER_REAL, &never, NULL);
    close(p[0]);
    close(p[1]);
}

static void test_poll(void) {
    section = "poll";
    int p[2];
    OK(pipe(p));
    struct pollfd fds[4] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}, {-1, POLLIN, 0}, {77, POLLIN, 0}};
    IS(poll(fds, 3, 0), 1);
    TRUE(fds[0].revents == 0 && fds[1].revents == POLLOUT && fds[2].revents == 0);
    IS(poll(fds, 4, 0), 2);
    TRUE(fds[3].revents == POLLNVAL);
    IS(poll(fds, 1, 20), 0);
    write(p[1], "x", 1);
    IS(poll(fds, 1, -1), 1);
    TRUE(fds[0].revents == POLLIN);
    fd_set r, w;
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(p[0], &r);
    FD_SET(p[1], &w);
    struct timeval tv = {1, 0};
    IS(select(p[1] + 1, &r, &w, NULL, &tv), 2);
    TRUE(FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w));
    char c;
    read(p[0], &c, 1);
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    tv = (struct timeval){0, 20000};
    IS(syscall(SYS_select, p[0] + 1, &r, NULL, NULL, &tv), 0);
    TRUE(!FD_ISSET(p[0], &r) && tv.tv_usec == 0);
    FD_SET(200, &r);
    tv = (struct timeval){0, 0};
    FAILS(select(201, &r, NULL, NULL, &tv), EBADF);
    FAILS(select(-1, NULL, NULL, NULL, &tv), EINVAL);
    struct timespec ts = {0, 20000000};
    IS(ppoll(fds, 1, &ts, NULL), 0);
    /* a mask that lets the signal in only while waiting */
    sigset_t block, none;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    struct sigaction act = {.sa_handler = ignore};
    sigaction(SIGUSR1, &act, NULL);
    sigprocmask(SIG_BLOCK, &block, NULL);
    raise(SIGUSR1);
    FAILS(ppoll(fds, 1, NULL, &none), EINTR);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    TRUE(sigismember(&now, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    /* woken by another process */
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        until_asleep(parent);
        _exit(write(p[1], "y", 1) != 1);
    }
    IS(poll(fds, 1, -1), 1);
    waitpid(child, NULL, 0);
    /* regular files are always ready */
    int f = make("f", "x");
    struct pollfd pf = {f, POLLIN | POLLOUT, 0};
    IS(poll(&pf, 1, 0), 1);
    TRUE(pf.revents == (POLLIN | POLLOUT));
    /* eventfd */
    int e = OK(eventfd(2, EFD_NONBLOCK));
    uint64_t v = 0;
    IS(read(e, &v, 8), 8);
    TRUE(v == 2);
    FAILS(read(e, &v, 8), EAGAIN);
    FAILS(read(e, &v, 4), EINVAL);
    v = 5;
    IS(write(e, &v, 8), 8);
    v = UINT64_MAX;
    FAILS(write(e, &v, 8), EINVAL);
    /* epoll */
    int ep = OK(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 42}, got[4];
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev), EEXIST);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, f, &ev), EPERM);
    FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), ENOENT);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL);
    IS(epoll_wait(ep, got, 4, 0), 1);
    TRUE(got[0].data.u64 == 42 && got[0].events == EPOLLIN);
    IS(epoll_wait(ep, got, 4, 0), 1); /* level-triggered */
    read(e, &v, 8);
    IS(epoll_wait(ep, got, 4, 10), 0);
    ev.events = EPOLLIN | EPOLLET;
    OK(epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev));
    v = 1;
    write(e, &v, 8);
    IS(epoll_wait(ep, got, 4, 0), 1);
    IS(epoll_wait(ep, got, 4, 0), 0); /* edge-triggered */
    ev.events = EPOLLIN | EPOLLONESHOT;
    ev.data.u64 = 7;
    read(p[0], &c, 1);
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
    write(p[1], "zz", 2);
    IS(epoll_wait(ep, got, 4, 1000), 1);
    TRUE(got[0].data.u64 == 7);
    IS(epoll_wait(ep, got, 4, 0), 0);
    struct pollfd pe = {ep, POLLIN, 0};
    write(e, &v, 8);
    IS(poll(&pe, 1, 0), 1);
    int ep2 = OK(epoll_create(1));
    ev.events = EPOLLIN;
    OK(epoll_ctl(ep2, EPOLL_CTL_ADD, ep, &ev));
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, ep2, &ev), ELOOP);
    close(e); /* the last close takes the item away */
    IS(epoll_wait(ep, got, 4, 0), 0);
    FAILS(epoll_wait(p[0], got, 4, 0), EINVAL);
    FAILS(epoll_wait(ep, got, 0, 0), EINVAL);
    close(ep2);
    close(ep);
    close(f);
    close(p[0]);
    close(p[1]);
    unlink("f");
}

/* The child's answer to a lock request, in its own process. */
static int child_lock(const char *name, int command, struct flock *lock) {
    int p[2], answer[2] = {0, 0};
    pipe(p);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(name, O_RDWR);
        answer[0] = fcntl(fd, command, lock) < 0 ? errno : 0;
        answer[1] = lock->l_type;
        write(p[1], answer, sizeof answer);
        _exit(0);
    }
    read(p[0], answer, sizeof answer);
    waitpid(child, NULL, 0);
    close(p[0]);
    close(p[1]);
    lock->l_type = answer[1];
    return answer[0];
}

static void test_locks(void) {
    section = "locks";
    int fd = make("l", "0123456789");
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    OK(fcntl(fd, F_SETLK, &all));
    struct flock probe = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};
    IS(child_lock("l", F_SETLK, &probe), EAGAIN);
    IS(child_lock("l", F_GETLK, &probe), 0);
    TRUE(probe.l_type == F_WRLCK);
    struct flock hole = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 4, .l_len = 3};
    OK(fcntl(fd, F_SETLK, &hole));
    probe = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};
    IS(child_lock("l", F_SETLK, &probe), 0);
    probe = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 7, .l_len = 1};
    IS(child_lock("l", F_SETLK, &probe), EAGAIN);
    /* any close of the file gives the process's locks up */
    int other = open("l", O_RDONLY);
    close(other);
    probe = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    IS(child_lock("l", F_SETLK, &probe), 0);
    struct flock wrong = {.l_type = 9, .l_whence = SEEK_SET};
    FAILS(fcntl(fd, F_SETLK, &wrong), EINVAL);
    wrong = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = -1};
    FAILS(fcntl(fd, F_SETLK, &wrong), EINVAL);
    /* flock belongs to the open file */
    OK(flock(fd, LOCK_EX));
    int second = open("l", O_RDWR);
    FAILS(flock(second, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    int dupped = dup(fd);
    OK(flock(dupped, LOCK_EX | LOCK_NB));
    close(fd);
    FAILS(flock(second, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    close(dupped);
    OK(flock(second, LOCK_EX | LOCK_NB));
    FAILS(flock(second, 77), EINVAL);
    /* OFD locks conflict between two opens of one process */
    fd = open("l", O_RDWR);
    struct flock ofd = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    OK(fcntl(fd, F_OFD_SETLK, &ofd));
    FAILS(fcntl(second, F_OFD_SETLK, &ofd), EAGAIN);
    close(fd);
    OK(fcntl(second, F_OFD_SETLK, &ofd));
    /* waiting: the child gets the lock when the parent lets go */
    fd = open("l", O_RDWR);
    ofd.l_type = F_UNLCK;
    OK(fcntl(second, F_OFD_SETLK, &ofd));
    OK(fcntl(fd, F_SETLK, &all));
    pid_t child = fork();
    if (child == 0) {
        int mine = open("l", O_RDWR);
        struct flock want = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        _exit(fcntl(mine, F_SETLKW, &want) < 0);
    }
    until_asleep(child);
    hole = (struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET};
    OK(fcntl(fd, F_SETLK, &hole));
    int status;
    waitpid(child, &status, 0);
    TRUE(status == 0);
    close(fd);
    close(second);
    unlink("l");
}

static void test_mounts(void) {
    section = "mounts";
    struct stat st;
    struct statfs fs;
    OK(mkdir("m", 0755));
    make_closed("m/below", NULL);
    OK(mount("mytmp", "m", "tmpfs", 0, "size=64k,mode=700"));
    FAILS(stat("m/below", &st), ENOENT);
    OK(stat("m", &st));
    TRUE((st.st_mode & 07777) == 0700);
    OK(statfs("m", &fs));
    TRUE(fs.f_type == 0x01021994 && fs.f_blocks == 16);
    int fd = make("m/file", NULL);
    char *big = calloc(1, 100000);
    IS(write(fd, big, 100000), 65536);
    FAILS(write(fd, big, 1), ENOSPC);
    OK(ftruncate(fd, 0));
    IS(pwrite(fd, big, 10, 0), 10);
    FAILS(umount("m"), EBUSY);
    FAILS(mount("x", "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
    close(fd);
    OK(mount("x", "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    FAILS(open("m/file", O_WRONLY), EROFS);
    FAILS(open("m/new", O_CREAT | O_RDWR, 0600), EROFS);
    FAILS(mkdir("m/d", 0700), EROFS);
    FAILS(unlink("m/file"), EROFS);
    FAILS(chmod("m/file", 0600), EROFS);
    FAILS(access("m/file", W_OK), EROFS);
    FAILS(rename("m/file", "m/x"), EROFS);
    FAILS(truncate("m/file", 0), EROFS);
    OK(mount("x", "m", NULL, MS_REMOUNT, NULL));
    FAILS(rename("m/file", "outside"), EXDEV);
    FAILS(link("m/file", "outside"), EXDEV);
    FAILS(rmdir("m"), EBUSY);
    /* .. crosses the mount, cwd keeps it busy */
    OK(chdir("m"));
    FAILS(umount("../m"), EBUSY);
    OK(chdir(".."));
    OK(stat("m/../m/file", &st));
    /* bind */
    OK(mkdir("b", 0755));
    OK(mount("m", "b", NULL, MS_BIND, NULL));
    OK(stat("b/file", &st));
    make_closed("b/both", NULL);
    OK(stat("m/both", &st));
    OK(mount("none", "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    FAILS(open("b/x", O_CREAT | O_RDWR, 0600), EROFS);
    make_closed("m/still", NULL);
    OK(umount("b"));
    /* nodev, noexec */
    OK(mknod("m/null", S_IFCHR | 0666, 0x103));
    fd = OK(open("m/null", O_RDWR));
    IS(write(fd, "x", 1), 1);
    close(fd);
    OK(mount("x", "m", NULL, MS_REMOUNT | MS_NODEV | MS_NOEXEC, NULL));
    FAILS(open("m/null", O_RDWR), EACCES);
    make_closed("m/run", "#!/bin/sh\n");
    OK(chmod("m/run", 0755));
    FAILS(execl("m/run", "run", NULL), EACCES);
    FAILS(access("m/run", X_OK), EACCES);
    /* lazy */
    fd = OK(open("m/file", O_RDONLY));
    OK(umount2("m", MNT_DETACH));
    OK(stat("m/below", &st));
    IS(read(fd, big, 100), 10);
    close(fd);
    FAILS(umount("m"), EINVAL);
    FAILS(umount("missing"), ENOENT);
    FAILS(mount("x", "m", "nosuchfs", 0, NULL), ENODEV);
    FAILS(mount("x", "m/below", "tmpfs", 0, NULL), ENOTDIR);
    FAILS(mount("x", "missing", "tmpfs", 0, NULL), ENOENT);
    FAILS(mount("x", "m", "tmpfs", 0, "nonsense=1"), EINVAL);
    OK(unlink("m/below"));
    OK(rmdir("m"));
    OK(rmdir("b"));
    /* chroot keeps .. inside */
    OK(mkdir("jail", 0755));
    OK(mkdir("jail/in", 0755));
    pid_t child = fork();
    if (child == 0) {
        struct stat a, b;
        if (chroot("jail") || chdir("/"))
            _exit(1);
        if (stat("/", &a) || stat("/in/../../..", &b) || a.st_ino != b.st_ino)
            _exit(2);
        char cwd[64];
        if (!getcwd(cwd, sizeof cwd) || strcmp(cwd, "/"))
            _exit(3);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    TRUE(status == 0);
    OK(rmdir("jail/in"));
    OK(rmdir("jail"));
}

static void test_misc(void) {
    section = "misc";
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
    fd = open("/dev/null", O_RDWR);
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
    n = OK(readlink("/proc/self/exe", buf, sizeof buf));
    OK(stat("/proc/self/exe", &st));
    TRUE(S_ISREG(st.st_mode));
    close(p[0]);
    close(p[1]);
    struct statfs fs;
    OK(statfs("/proc", &fs));
    TRUE(fs.f_type == 0x9fa0);
    OK(access("/proc/self/status", R_OK));
    snprintf(buf, sizeof buf, "/proc/%d/stat", getpid());
    fd = OK(open(buf, O_RDONLY));
    n = OK(read(fd, buf, sizeof buf - 1));
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

int main(int argc, char **argv) {
    static void (*const tests[])(void) = {test_open, test_directories, test_links, test_rename,
        test_permissions, test_descriptors, test_vectors, test_times, test_pipes, test_poll,
        test_locks, test_mounts, test_misc};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && chdir(argv[1])) {
        perror(argv[1]);
        return 2;
    }
    umask(022);
    if (mkdir("files-test", 0755) || chdir("files-test")) {
        perror("files-test");
        return 2;
    }
    for (unsigned i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tests[i]();
    OK(chdir(".."));
    OK(rmdir("files-test"));
    return checks_end();
}
