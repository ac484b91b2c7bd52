/* What happens to files and directories. */
#include "tests/vm/programs/inotify/inotify.h"

void test_files(void) {
    begin("files");
    char byte[16];
    OK(inotify_add_watch(in, ".", IN_ALL_EVENTS));
    int fd = make("f");
    NEWS("1:CREATE(f) 1:OPEN(f)");
    IS(inotify_add_watch(in, "f", IN_ALL_EVENTS), 2);
    IS(write(fd, "hello", 5), 5);
    NEWS("1:MODIFY(f) 2:MODIFY");
    IS(write(fd, "hello", 5), 5);
    IS(write(fd, "hello", 5), 5);
    NEWS("1:MODIFY(f) 2:MODIFY 1:MODIFY(f) 2:MODIFY");
    IS(pread(fd, byte, 5, 0), 5);
    NEWS("1:ACCESS(f) 2:ACCESS");
    IS(read(fd, byte, 5), 0);
    IS(write(fd, byte, 0), 0);
    NEWS("");
    OK(ftruncate(fd, 3));
    NEWS("1:MODIFY(f) 2:MODIFY");
    OK(fchmod(fd, 0644));
    NEWS("1:ATTRIB(f) 2:ATTRIB");
    OK(chown("f", 0, 0));
    NEWS("1:ATTRIB(f) 2:ATTRIB");
    OK(futimens(fd, NULL));
    NEWS("1:ATTRIB(f) 2:ATTRIB");
    struct timespec one[2] = {{1, UTIME_OMIT}, {1, 1}};
    OK(futimens(fd, one));
    NEWS("1:MODIFY(f) 2:MODIFY");
    one[0].tv_nsec = 1, one[1].tv_nsec = UTIME_OMIT;
    OK(futimens(fd, one));
    NEWS("1:ACCESS(f) 2:ACCESS");
    close(fd);
    NEWS("1:CLOSEW(f) 2:CLOSEW");
    fd = open("f", O_RDONLY);
    close(fd);
    NEWS("1:OPEN(f) 2:OPEN 1:CLOSE(f) 2:CLOSE");
    fd = open("f", O_WRONLY | O_TRUNC);
    const char *got = news(); /* Linux has changed the order once */
    TRUE(strcmp(got, "1:MODIFY(f) 2:MODIFY 1:OPEN(f) 2:OPEN") == 0 || strcmp(got, "1:OPEN(f) 2:OPEN 1:MODIFY(f) 2:MODIFY") == 0);
    close(fd);
    news();
    OK(truncate("f", 9));
    NEWS("1:MODIFY(f) 2:MODIFY");
    OK(link("f", "g"));
    NEWS("2:ATTRIB 1:CREATE(g)");
    OK(unlink("g"));
    NEWS("2:ATTRIB 1:DELETE(g)");
    OK(unlink("f"));
    close(in);
}

void test_ends_of_files(void) {
    begin("ends of files");
    OK(inotify_add_watch(in, ".", IN_ALL_EVENTS));
    close(make("f"));
    IS(inotify_add_watch(in, "f", IN_ALL_EVENTS), 2);
    news();
    int fd = open("f", O_RDONLY);
    NEWS("1:OPEN(f) 2:OPEN");
    OK(unlink("f"));
    NEWS("2:ATTRIB 1:DELETE(f)");
    close(fd);
    NEWS("1:CLOSE(f) 2:CLOSE 2:GONE 2:IGNORED");
    FAILS(inotify_rm_watch(in, 2), EINVAL);
    fd = make("h");
    OK(inotify_add_watch(in, "h", IN_ALL_EVENTS));
    close(fd);
    news();
    OK(unlink("h"));
    const char *got = news();
    TRUE(strcmp(got, "3:ATTRIB 3:GONE 3:IGNORED 1:DELETE(h)") == 0 || strcmp(got, "3:ATTRIB 1:DELETE(h) 3:GONE 3:IGNORED") == 0);
    close(in);
}

void test_directories(void) {
    begin("directories");
    char listing[4096];
    OK(inotify_add_watch(in, ".", IN_ALL_EVENTS));
    OK(mkdir("d", 0700));
    NEWS("1:CREATE+dir(d)");
    OK(inotify_add_watch(in, "d", IN_ALL_EVENTS));
    int fd = open("d", O_RDONLY | O_DIRECTORY);
    NEWS("1:OPEN+dir(d) 2:OPEN+dir");
    OK(syscall(SYS_getdents64, fd, listing, sizeof listing));
    NEWS("1:ACCESS+dir(d) 2:ACCESS+dir");
    close(fd);
    NEWS("1:CLOSE+dir(d) 2:CLOSE+dir");
    OK(chmod("d", 0755));
    NEWS("1:ATTRIB+dir(d) 2:ATTRIB+dir");
    OK(symlink("x", "d/s"));
    OK(mkfifo("d/p", 0600));
    NEWS("2:CREATE(s) 2:CREATE(p)");
    OK(unlink("d/s"));
    OK(unlink("d/p"));
    NEWS("2:DELETE(s) 2:DELETE(p)");
    OK(rmdir("d"));
    const char *got = news();
    TRUE(strcmp(got, "2:GONE 2:IGNORED 1:DELETE+dir(d)") == 0 || strcmp(got, "1:DELETE+dir(d) 2:GONE 2:IGNORED") == 0);
    close(in);
}

void test_moves(void) {
    begin("moves");
    OK(mkdir("a", 0700));
    OK(mkdir("b", 0700));
    OK(mkdir("a/sub", 0700));
    close(make("a/f"));
    close(make("b/old"));
    OK(inotify_add_watch(in, "a", IN_ALL_EVENTS));
    OK(inotify_add_watch(in, "b", IN_ALL_EVENTS));
    OK(inotify_add_watch(in, "a/f", IN_ALL_EVENTS));
    OK(rename("a/f", "a/g"));
    NEWS("1:FROM(f)a 1:TO(g)a 3:MOVED");
    OK(rename("a/g", "b/g"));
    NEWS("1:FROM(g)a 2:TO(g)a 3:MOVED");
    OK(inotify_add_watch(in, "b/old", IN_ALL_EVENTS));
    OK(rename("b/g", "b/old"));
    NEWS("2:FROM(g)a 2:TO(old)a 4:ATTRIB 3:MOVED 4:GONE 4:IGNORED");
    OK(rename("a/sub", "b/sub"));
    NEWS("1:FROM+dir(sub)a 2:TO+dir(sub)a");
    OK(inotify_add_watch(in, "b/sub", IN_MOVE_SELF));
    OK(syscall(SYS_renameat2, AT_FDCWD, "b/sub", AT_FDCWD, "b/old", RENAME_EXCHANGE));
    NEWS("2:FROM+dir(sub)a 2:TO+dir(old)a 5:MOVED 2:FROM(old)b 2:TO(sub)b 3:MOVED");
    OK(rename("b/sub", "b/sub"));
    NEWS("");
    OK(unlink("b/sub"));
    OK(rmdir("b/old"));
    OK(rmdir("a"));
    OK(rmdir("b"));
    close(in);
}

void test_unmount(void) {
    begin("unmount");
    OK(mkdir("m", 0700));
    OK(mount("none", "m", "tmpfs", 0, NULL));
    close(make("m/f"));
    OK(inotify_add_watch(in, "m/f", IN_ALL_EVENTS));
    OK(inotify_add_watch(in, "m", IN_OPEN));
    OK(umount("m"));
    const char *got = news();
    TRUE(strstr(got, "1:UNMOUNT 1:IGNORED") && strstr(got, "2:UNMOUNT+dir 2:IGNORED"));
    FAILS(inotify_rm_watch(in, 1), EINVAL);
    OK(rmdir("m"));
    close(in);
}
