/* Opening files, making and reading directories. */
#include "tests/vm/programs/files/files.h"

/* Runs `body` as another user in a child; its failed checks are counted here. */
void test_open(void) {
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
    OK(unlink("a"));
}

void test_long_names(void) {
    section = "long names";
    int fd;
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
}

void test_special_opens(void) {
    section = "special opens";
    struct stat st;
    char buf[64];
    make_closed("a", NULL);
    int fd = OK(open("a", O_PATH));
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

void test_directories(void) {
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
}

void test_changing_directory(void) {
    section = "changing directory";
    /* read while it changes */
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
