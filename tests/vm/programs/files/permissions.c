/* Who may do what with which file. */
#include "tests/vm/programs/files/files.h"

/* As an ordinary user. */
static void use_files_of_others(void) {
    struct stat st;
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
}

static void use_own_files(void) {
    struct stat st;
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
}

void test_permissions(void) {
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
        use_files_of_others();
        use_own_files();
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
