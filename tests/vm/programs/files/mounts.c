/* Mounting, where mounts are seen, chroot. */
#include "tests/vm/programs/files/files.h"

void test_mounts(void) {
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
    OK(umount("m"));
    OK(unlink("m/below"));
    OK(rmdir("m"));
    free(big);
}

void test_mount_places(void) {
    section = "mount places";
    struct stat st;
    char buf[100];
    OK(mkdir("m", 0755));
    make_closed("m/below", NULL);
    OK(mount("mytmp", "m", "tmpfs", 0, NULL));
    make_closed("m/file", "0123456789");
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
    int fd = OK(open("m/null", O_RDWR));
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
    IS(read(fd, buf, 100), 10);
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
}

void test_chroot(void) {
    section = "chroot";
    /* .. stays inside */
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
