/* Symbolic and hard links, renaming. */
#include "tests/vm/programs/files/files.h"

void test_links(void) {
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
    OK(unlink("s"));
    OK(unlink("t"));
}

void test_link_chains(void) {
    section = "link chains";
    struct stat st;
    /* 40 are followed, 41 are not */
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
}

void test_links_in_paths(void) {
    section = "links in paths";
    struct stat st;
    char buf[64];
    make_closed("t", "text");
    OK(mkdir("dir", 0755));
    OK(symlink("../t", "dir/up"));
    OK(symlink("dir", "dlink"));
    int fd = OK(open("dlink/up", O_RDONLY));
    IS(read(fd, buf, 64), 4);
    close(fd);
    OK(lstat("dlink/", &st));
    TRUE(S_ISDIR(st.st_mode));
    FAILS(rmdir("dlink"), ENOTDIR);
    FAILS(rmdir("dlink/"), ENOTDIR);
    OK(unlink("dlink"));
    OK(unlink("dir/up"));
    OK(rmdir("dir"));
    OK(unlink("t"));
}

void test_hard_links(void) {
    section = "hard links";
    struct stat st;
    make_closed("t", "text");
    OK(symlink("t", "s"));
    OK(mkdir("dir", 0755));
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
    OK(rmdir("dir"));
}

void test_rename(void) {
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
}

void test_renamed_files(void) {
    section = "renamed files";
    struct stat st;
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
