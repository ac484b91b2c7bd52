/*
 * openat2 and where its RESOLVE flags let a walk go; unnamed files. Every expectation also holds on Linux. Runs as root
 * in the directory given.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"

static int make(const char *name, const void *data, size_t size) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    IS(write(fd, data, size), size);
    return fd;
}

struct open_how_ { uint64_t flags, mode, resolve; };
enum { NO_XDEV = 1, NO_MAGICLINKS = 2, NO_SYMLINKS = 4, BENEATH = 8, IN_ROOT = 16, CACHED = 32 };

static long open2(int dir, const char *name, uint64_t flags, uint64_t resolve) {
    struct open_how_ how = {.flags = flags, .resolve = resolve};
    return syscall(437, dir, name, &how, sizeof how);
}

static void test_opening(void) {
    section = "openat2";
    OK(mkdir("t", 0755));
    OK(mkdir("t/sub", 0755));
    close(make("t/file", "x", 1));
    close(make("outside", "x", 1));
    OK(symlink("file", "t/link"));
    OK(symlink("../outside", "t/up"));
    OK(symlink("/t/file", "t/absolute"));
    OK(symlink("/file", "t/rooted"));
    OK(symlink("sub", "t/dirlink"));
    int dir = (int)OK(open("t", O_RDONLY));
    OK(open2(dir, "file", O_RDONLY, BENEATH));
    OK(open2(dir, "link", O_RDONLY, BENEATH));
    OK(open2(dir, "sub/../file", O_RDONLY, BENEATH));
    FAILS(open2(dir, "up", O_RDONLY, BENEATH), EXDEV);
    FAILS(open2(dir, "../outside", O_RDONLY, BENEATH), EXDEV);
    FAILS(open2(dir, "/etc", O_RDONLY, BENEATH), EXDEV);
    FAILS(open2(dir, "rooted", O_RDONLY, BENEATH), EXDEV);
    OK(open2(dir, "rooted", O_RDONLY, IN_ROOT));
    OK(open2(dir, "/file", O_RDONLY, IN_ROOT));
    OK(open2(dir, "/../../file", O_RDONLY, IN_ROOT));
    FAILS(open2(dir, "up", O_RDONLY, IN_ROOT), ENOENT);
    FAILS(open2(dir, "link", O_RDONLY, NO_SYMLINKS), ELOOP);
    FAILS(open2(dir, "dirlink/../file", O_RDONLY, NO_SYMLINKS), ELOOP);
    OK(open2(dir, "link", O_PATH | O_NOFOLLOW, NO_SYMLINKS));
    OK(open2(dir, "file", O_RDONLY, NO_SYMLINKS));
    FAILS(open2(AT_FDCWD, "/proc/self/exe", O_RDONLY, NO_MAGICLINKS), ELOOP);
    OK(open2(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0));
    OK(open2(dir, "link", O_RDONLY, NO_MAGICLINKS));
    FAILS(open2(AT_FDCWD, "/proc/self", O_RDONLY, NO_XDEV), EXDEV);
    OK(open2(dir, "file", O_RDONLY, NO_XDEV));
    FAILS(open2(dir, "file", O_RDONLY, BENEATH | IN_ROOT), EINVAL);
    FAILS(open2(dir, "file", O_RDONLY, 64), EINVAL);
    FAILS(open2(dir, "file", O_RDONLY | (1ull << 40), 0), EINVAL);
    FAILS(open2(dir, "new", O_RDWR | O_CREAT, CACHED), EAGAIN);
    struct open_how_ how = {.flags = O_CREAT | O_WRONLY, .mode = 0600, .resolve = BENEATH};
    OK(syscall(437, dir, "made", &how, sizeof how));
    TRUE(access("t/made", F_OK) == 0);
    OK(symlink("sub/../sub/through", "t/dangling"));
    OK(symlink("../dangling", "t/sub/twice"));
    OK(symlink("../escaped", "t/out"));
    OK(symlink("/in-root", "t/from-root"));
    OK(syscall(437, dir, "sub/twice", &how, sizeof how));
    TRUE(access("t/sub/through", F_OK) == 0);
    FAILS(syscall(437, dir, "out", &how, sizeof how), EXDEV);
    FAILS(syscall(437, dir, "from-root", &how, sizeof how), EXDEV);
    how.resolve = IN_ROOT;
    OK(syscall(437, dir, "from-root", &how, sizeof how));
    TRUE(access("t/in-root", F_OK) == 0 && access("escaped", F_OK) != 0);
    how.mode = 0x10000;
    FAILS(syscall(437, dir, "made", &how, sizeof how), EINVAL);
    how = (struct open_how_){.flags = O_RDONLY, .mode = 0600};
    FAILS(syscall(437, dir, "made", &how, sizeof how), EINVAL);
    FAILS(syscall(437, dir, "made", &how, 8), EINVAL);
    /* unnamed files */
    int unnamed = (int)OK(open("t", O_TMPFILE | O_RDWR, 0600));
    char path[64];
    sprintf(path, "/proc/self/fd/%d", unnamed);
    OK(linkat(AT_FDCWD, path, dir, "linked", AT_SYMLINK_FOLLOW));
    OK(access("t/linked", F_OK));
    int again = (int)OK(open("t", O_TMPFILE | O_RDWR | O_EXCL, 0600));
    sprintf(path, "/proc/self/fd/%d", again);
    FAILS(linkat(AT_FDCWD, path, dir, "linked2", AT_SYMLINK_FOLLOW), ENOENT);
    unnamed = (int)OK(open("t", O_TMPFILE | O_RDWR, 0600));
    OK(linkat(unnamed, "", dir, "linked3", 0x1000));
    system("rm -rf t outside");
}


int main(int argc, char **argv) {
    if (argc < 2 || chdir(argv[1]) != 0)
        return 2;
    test_opening();
    return checks_end();
}
