/* Descriptors, pipes, names, mounts. */
#include "tests/vm/programs/strain/strain.h"

void descriptors(void) {
    int count = 0;
    while (open("/dev/null", O_RDONLY) >= 0)
        count++;
    REQUIRE(errno == EMFILE && count > 100);
    REQUIRE(dup(0) < 0 && errno == EMFILE);
    int ends[2];
    REQUIRE(pipe(ends) < 0 && errno == EMFILE);
    REQUIRE(eventfd(0, 0) < 0 && errno == EMFILE);
}

void many_descriptors(void) {
    limit(RLIMIT_NOFILE, 20000);
    int count = 0;
    while (open("/dev/null", O_RDONLY) >= 0)
        count++;
    REQUIRE((errno == EMFILE && count > 19900) || errno == ENFILE || errno == ENOMEM);
    REQUIRE(dup2(0, 19999) == 19999 || errno == EBADF || errno == EMFILE);
    REQUIRE(dup2(0, 20000) < 0 && errno == EBADF);
}

void pipes(void) {
    static char block[4096];
    int ends[2], count = 0;
    while (count < 200 && pipe2(ends, O_NONBLOCK) == 0) {
        while (write(ends[1], block, sizeof block) > 0) {
        }
        REQUIRE(errno == EAGAIN || errno == ENOMEM);
        count++;
    }
    REQUIRE(count > 100);
}

void polls(void) {
    for (int i = 0; i < 300; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        int poll = epoll_create1(0), source = eventfd(0, 0);
        REQUIRE(poll >= 0 && source >= 0);
        REQUIRE(epoll_ctl(poll, EPOLL_CTL_ADD, source, &event) == 0);
    }
    int outer = epoll_create1(0), inner = outer;
    for (int i = 0; i < 20; i++) { /* nesting ends somewhere */
        struct epoll_event event = {.events = EPOLLIN};
        inner = epoll_create1(0);
        if (epoll_ctl(inner, EPOLL_CTL_ADD, outer, &event) != 0) {
            REQUIRE(errno == ELOOP || errno == EINVAL);
            return;
        }
        outer = inner;
    }
    REQUIRE(!"epoll nesting must end");
}

void deep_directories(void) {
    char path[PATH_MAX];
    enum { DEPTH = 600 };
    REQUIRE(mkdir("deep", 0755) == 0 && chdir("deep") == 0);
    for (int i = 0; i < DEPTH; i++)
        REQUIRE(mkdir("directory-x", 0755) == 0 && chdir("directory-x") == 0);
    REQUIRE(syscall(SYS_getcwd, path, (long)sizeof path) < 0 && errno == ENAMETOOLONG);
    for (int i = 0; i < DEPTH; i++)
        REQUIRE(chdir("..") == 0 && rmdir("directory-x") == 0);
    REQUIRE(chdir("..") == 0 && rmdir("deep") == 0);
}

void wide_directory(void) {
    char name[64];
    enum { COUNT = 3000 };
    REQUIRE(mkdir("wide", 0755) == 0);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "wide/a-rather-long-name-for-a-file-%d", i);
        int file = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
        REQUIRE(file >= 0 && write(file, name, 10) == 10 && close(file) == 0);
    }
    DIR *directory = opendir("wide");
    int seen = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        seen++;
    closedir(directory);
    REQUIRE(seen == COUNT + 2);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "wide/a-rather-long-name-for-a-file-%d", i);
        REQUIRE(unlink(name) == 0);
    }
    REQUIRE(rmdir("wide") == 0);
}

void negative_names(void) {
    char name[64];
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "/tmp/there-is-no-such-file-%d", i);
        REQUIRE(access(name, F_OK) < 0 && errno == ENOENT);
    }
}

void symlink_loops(void) {
    char from[32], to[32];
    REQUIRE(symlink("b", "a") == 0 && symlink("a", "b") == 0 && symlink("self/x", "self") == 0);
    REQUIRE(open("a", O_RDONLY) < 0 && errno == ELOOP);
    REQUIRE(open("self", O_RDONLY) < 0 && errno == ELOOP);
    REQUIRE(execl("a", "a", NULL) < 0 && errno == ELOOP);
    REQUIRE(unlink("a") == 0 && unlink("b") == 0 && unlink("self") == 0);
    REQUIRE(symlink("/", "link0") == 0);
    for (int i = 1; i < 50; i++) {
        snprintf(from, sizeof from, "link%d", i - 1);
        snprintf(to, sizeof to, "link%d", i);
        REQUIRE(symlink(from, to) == 0);
    }
    REQUIRE(access("link39", F_OK) == 0);
    REQUIRE(access("link40", F_OK) < 0 && errno == ELOOP);
    for (int i = 0; i < 50; i++) {
        snprintf(from, sizeof from, "link%d", i);
        REQUIRE(unlink(from) == 0);
    }
}

void long_names(void) {
    char *name = malloc(PATH_MAX + 100);
    memset(name, 'x', PATH_MAX + 99);
    name[PATH_MAX + 99] = 0;
    REQUIRE(open(name, O_CREAT, 0600) < 0 && errno == ENAMETOOLONG);
    name[256] = 0;
    REQUIRE(open(name, O_CREAT, 0600) < 0 && errno == ENAMETOOLONG);
    name[255] = 0;
    REQUIRE(open(name, O_CREAT, 0600) >= 0 && unlink(name) == 0);
}

void mounts(void) {
    enum { COUNT = 200 };
    REQUIRE(mkdir("mount", 0755) == 0);
    for (int i = 0; i < COUNT; i++) {
        REQUIRE(mount("none", "mount", "ramfs", 0, NULL) == 0);
        int file = open("mount/file", O_CREAT | O_WRONLY, 0600);
        REQUIRE(file >= 0 && write(file, "data", 4) == 4);
        if (i % 2 == 0) { /* the other half is detached while in use */
            REQUIRE(umount("mount") < 0 && errno == EBUSY);
            close(file);
        }
    }
    for (int i = COUNT; i-- > 0;)
        REQUIRE(umount2("mount", i % 2 == 0 ? 0 : MNT_DETACH) == 0);
    REQUIRE(rmdir("mount") == 0);
}

/* A file grows until memory ends: an error for this process, or its end. */
void full_files(void) {
    static char block[1 << 16];
    memset(block, 1, sizeof block);
    int file = open("full", O_CREAT | O_WRONLY, 0600);
    REQUIRE(file >= 0 && unlink("full") == 0);
    while (write(file, block, sizeof block) > 0) {
    }
    REQUIRE(errno == ENOSPC || errno == ENOMEM);
}

/* Each would fit alone, but no two do: one gets the room, the others are told. */
void room_for_one(void) {
    enum { CLAIMANTS = 4 };
    struct statfs space;
    int answers[2], end[2], served = 0;
    REQUIRE(statfs(".", &space) == 0 && pipe(answers) == 0 && pipe(end) == 0);
    off_t size = (off_t)(space.f_bfree / 5 * 4) * space.f_bsize;
    for (int i = 0; i < CLAIMANTS; i++) {
        if (fork() != 0)
            continue;
        int file = open(".", O_TMPFILE | O_RDWR, 0600);
        int error = file < 0 || fallocate(file, 0, 0, size) != 0 ? errno : 0;
        REQUIRE(write(answers[1], &error, sizeof error) == sizeof error);
        close(end[1]);
        read(end[0], &error, 1); /* keeps what it has until all have asked */
        _exit(0);
    }
    close(answers[1]);
    for (int i = 0; i < CLAIMANTS; i++) {
        REQUIRE(read(answers[0], &errno, sizeof errno) == sizeof errno && (errno == 0 || errno == ENOSPC));
        served += errno == 0;
    }
    REQUIRE(served == 1);
    close(end[1]);
    wait_all();
}
