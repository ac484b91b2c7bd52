/*
 * inotify: which events come, in which order, with what in them; every expectation also holds on Linux. Runs as root
 * in the directory given. "stress SECONDS" instead: threads make, move and watch files while others read events.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"
#include "tests/vm/programs/states.h"

#ifndef IN_MASK_CREATE
#define IN_MASK_CREATE 0x10000000
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static int in; /* the instance under test */
static char events[65536];
static char text[8192];

static const struct { uint32_t bit; const char *name; } names[] = {
    {IN_ACCESS, "ACCESS"}, {IN_MODIFY, "MODIFY"}, {IN_ATTRIB, "ATTRIB"}, {IN_CLOSE_WRITE, "CLOSEW"},
    {IN_CLOSE_NOWRITE, "CLOSE"}, {IN_OPEN, "OPEN"}, {IN_MOVED_FROM, "FROM"}, {IN_MOVED_TO, "TO"},
    {IN_CREATE, "CREATE"}, {IN_DELETE, "DELETE"}, {IN_DELETE_SELF, "GONE"}, {IN_MOVE_SELF, "MOVED"},
    {IN_UNMOUNT, "UNMOUNT"}, {IN_Q_OVERFLOW, "OVERFLOW"}, {IN_IGNORED, "IGNORED"}, {IN_ISDIR, "dir"},
};

/* All that there is, as "1:OPEN 1:CREATE+dir(name)". Moves get letters for their cookies. */
static const char *news(void) {
    uint32_t cookies[26];
    int cookie_count = 0;
    char *at = text;
    *at = '\0';
    ssize_t got;
    while ((got = read(in, events, sizeof events)) > 0) {
        for (char *p = events; p < events + got;) {
            struct inotify_event *event = (void *)p;
            p += sizeof *event + event->len;
            if (at > text + sizeof text - 400)
                continue;
            at += sprintf(at, "%s%d:", at > text ? " " : "", event->wd);
            int first = 1;
            for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                if (event->mask & names[i].bit) {
                    at += sprintf(at, "%s%s", first ? "" : "+", names[i].name);
                    first = 0;
                }
            if (event->len)
                at += sprintf(at, "(%s)", event->name);
            if (event->cookie) {
                int i = 0;
                while (i < cookie_count && cookies[i] != event->cookie)
                    i++;
                if (i == cookie_count)
                    cookies[cookie_count++] = event->cookie;
                at += sprintf(at, "%c", 'a' + i);
            }
        }
    }
    return text;
}

#define NEWS(want) ({ checks++; const char *n_ = news(); if (strcmp(n_, want) != 0) { failures++; printf("FAIL %s:%d wanted '%s' got '%s'\n", section, __LINE__, want, n_); } })

static int make(const char *name) {
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    OK(fd);
    return fd;
}

static void begin(const char *name) {
    section = name;
    in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    OK(in);
}

static void test_calls(void) {
    begin("calls");
    int p[2];
    FAILS(inotify_init1(1), EINVAL);
    int fd = OK(inotify_init());
    IS(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
    IS(fcntl(in, F_GETFD), FD_CLOEXEC);
    close(fd);
    OK(pipe(p));
    FAILS(inotify_add_watch(-1, ".", IN_OPEN), EBADF);
    FAILS(inotify_add_watch(p[0], ".", IN_OPEN), EINVAL);
    FAILS(inotify_add_watch(in, ".", 0), EINVAL);
    FAILS(inotify_add_watch(in, ".", 0x00800000), EINVAL);
    FAILS(inotify_add_watch(in, ".", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), EINVAL);
    FAILS(inotify_add_watch(in, "none", IN_OPEN), ENOENT);
    FAILS(inotify_add_watch(in, (char *)8, IN_OPEN), EFAULT);
    FAILS(inotify_add_watch(in, "", IN_OPEN), ENOENT);
    close(make("plain"));
    FAILS(inotify_add_watch(in, "plain", IN_OPEN | IN_ONLYDIR), ENOTDIR);
    FAILS(inotify_rm_watch(-1, 1), EBADF);
    FAILS(inotify_rm_watch(p[0], 1), EINVAL);
    FAILS(inotify_rm_watch(in, 1), EINVAL);
    FAILS(read(in, events, 100), EAGAIN);
    FAILS(read(in, events, 1), EAGAIN);
    FAILS(write(in, "x", 1), EBADF);
    int first = OK(inotify_add_watch(in, ".", IN_CREATE)), second = OK(inotify_add_watch(in, "plain", IN_OPEN));
    TRUE(first == 1 && second == 2);
    IS(inotify_add_watch(in, ".", IN_CREATE), first);
    FAILS(inotify_add_watch(in, ".", IN_CREATE | IN_MASK_CREATE), EEXIST);
    OK(inotify_rm_watch(in, first));
    FAILS(inotify_rm_watch(in, first), EINVAL);
    NEWS("1:IGNORED");
    IS(inotify_add_watch(in, ".", IN_CREATE | IN_MASK_CREATE), 3);
    close(make("named"));
    struct pollfd entry = {in, POLLIN, 0};
    IS(poll(&entry, 1, 0), 1);
    int bytes = 0;
    OK(ioctl(in, FIONREAD, &bytes));
    IS(bytes, sizeof(struct inotify_event) + 16);
    FAILS(read(in, events, 31), EINVAL);
    IS(read(in, events, 32), 32);
    IS(poll(&entry, 1, 0), 0);
    OK(symlink("plain", "link"));
    NEWS("3:CREATE(link)");
    IS(inotify_add_watch(in, "link", IN_OPEN), second);
    int third = OK(inotify_add_watch(in, "link", IN_OPEN | IN_DONT_FOLLOW));
    TRUE(third == 4);
    pid_t child = fork();
    if (child == 0) {
        chmod("plain", 0);
        setuid(1000);
        _exit(inotify_add_watch(in, "plain", IN_OPEN) < 0 && errno == EACCES ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    TRUE(status == 0);
    unlink("link"), unlink("plain"), unlink("named");
    close(in), close(p[0]), close(p[1]);
}

static void test_files(void) {
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
    fd = open("f", O_RDONLY);
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
    got = news();
    TRUE(strcmp(got, "3:ATTRIB 3:GONE 3:IGNORED 1:DELETE(h)") == 0 || strcmp(got, "3:ATTRIB 1:DELETE(h) 3:GONE 3:IGNORED") == 0);
    close(in);
}

static void test_directories(void) {
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

static void test_moves(void) {
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

static void test_flags(void) {
    begin("flags");
    close(make("f"));
    OK(inotify_add_watch(in, "f", IN_OPEN | IN_ONESHOT));
    close(open("f", O_RDONLY));
    NEWS("1:OPEN 1:IGNORED");
    close(open("f", O_RDONLY));
    NEWS("");
    IS(inotify_add_watch(in, "f", IN_OPEN), 2);
    IS(inotify_add_watch(in, "f", IN_CLOSE | IN_MASK_ADD), 2);
    close(open("f", O_RDONLY));
    NEWS("2:OPEN 2:CLOSE");
    IS(inotify_add_watch(in, "f", IN_CLOSE), 2);
    close(open("f", O_RDONLY));
    NEWS("2:CLOSE");
    OK(inotify_rm_watch(in, 2));
    NEWS("2:IGNORED");
    /* by a name that is gone */
    char byte[1];
    int fd = open("f", O_RDWR);
    OK(inotify_add_watch(in, ".", IN_MODIFY | IN_CLOSE | IN_EXCL_UNLINK));
    IS(write(fd, "x", 1), 1);
    NEWS("3:MODIFY(f)");
    OK(unlink("f"));
    IS(write(fd, "x", 1), 1);
    NEWS("");
    IS(inotify_add_watch(in, ".", IN_MODIFY | IN_CLOSE), 3);
    IS(write(fd, "x", 1), 1);
    NEWS("3:MODIFY(f)");
    close(fd);
    NEWS("3:CLOSEW(f)");
    (void)byte;
    /* equal events in a row are one */
    IS(inotify_add_watch(in, ".", IN_MODIFY), 3);
    fd = make("g");
    for (int i = 0; i < 10; i++)
        IS(write(fd, "x", 1), 1);
    NEWS("3:MODIFY(g)");
    /* two instances hear of it */
    int other = inotify_init1(IN_NONBLOCK);
    IS(inotify_add_watch(other, ".", IN_MODIFY), 1);
    IS(write(fd, "x", 1), 1);
    NEWS("3:MODIFY(g)");
    IS(read(other, events, sizeof events), 32);
    close(other);
    /* an O_PATH file says nothing */
    IS(inotify_add_watch(in, ".", IN_OPEN | IN_CLOSE | IN_ATTRIB), 3);
    close(fd);
    news();
    fd = open("g", O_PATH);
    news();
    close(fd);
    unlink("g");
    NEWS("");
    close(in);
}

static void test_names(void) {
    begin("names");
    char name[256];
    OK(inotify_add_watch(in, ".", IN_CREATE));
    static const int lengths[] = {1, 14, 15, 16, 31, 32, 255};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memset(name, 'n', sizeof name);
        name[lengths[i]] = '\0';
        close(make(name));
        long padded = (lengths[i] + 1 + 15) / 16 * 16;
        IS(read(in, events, sizeof events), 16 + padded);
        struct inotify_event *event = (void *)events;
        TRUE(event->len == padded && strcmp(event->name, name) == 0 && event->name[padded - 1] == 0);
        unlink(name);
    }
    close(in);
}

static void test_overflow(void) {
    begin("overflow");
    int file = open("/proc/sys/fs/inotify/max_queued_events", O_RDWR);
    OK(file);
    char old[32] = {0};
    read(file, old, sizeof old - 1);
    pwrite(file, "10", 2, 0);
    close(in);
    in = inotify_init1(IN_NONBLOCK);
    OK(inotify_add_watch(in, ".", IN_CREATE | IN_DELETE));
    for (int i = 0; i < 20; i++) {
        close(make("f"));
        unlink("f");
    }
    char want[400] = "";
    for (int i = 0; i < 10; i++)
        strcat(want, i % 2 ? "1:DELETE(f) " : "1:CREATE(f) ");
    strcat(want, "-1:OVERFLOW");
    NEWS(want);
    close(make("f"));
    unlink("f");
    NEWS("1:CREATE(f) 1:DELETE(f)");
    pwrite(file, old, strlen(old), 0);
    close(file);
    close(in);
}

static void test_unmount(void) {
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

static volatile int signals;
static void count(int signal) { (void)signal; signals++; }

static void *late(void *argument) {
    (void)argument;
    until_asleep(getpid()); /* the first thread */
    close(make("late"));
    return NULL;
}

static void test_waiting(void) {
    begin("waiting");
    pthread_t thread;
    OK(inotify_add_watch(in, ".", IN_CREATE));
    struct pollfd entry = {in, POLLIN, 0};
    pthread_create(&thread, NULL, late, NULL);
    IS(poll(&entry, 1, -1), 1);
    pthread_join(thread, NULL);
    unlink("late");
    news();
    fcntl(in, F_SETFL, 0);
    pthread_create(&thread, NULL, late, NULL);
    IS(read(in, events, sizeof events), 32);
    pthread_join(thread, NULL);
    unlink("late");
    signal(SIGIO, count);
    OK(fcntl(in, F_SETOWN, getpid()));
    OK(fcntl(in, F_SETFL, O_ASYNC | O_NONBLOCK));
    close(make("late"));
    IS(signals, 1);
    unlink("late");
    close(in);
}

/* ---- stress ---- */

static volatile int stopping;

static void *churn(void *argument) {
    unsigned seed = (unsigned)(uintptr_t)argument;
    char a[32], b[32];
    while (!stopping) {
        sprintf(a, "d%u/f%u", (unsigned)rand_r(&seed) % 3, (unsigned)rand_r(&seed) % 5);
        sprintf(b, "d%u/f%u", (unsigned)rand_r(&seed) % 3, (unsigned)rand_r(&seed) % 5);
        int fd = open(a, O_RDWR | O_CREAT, 0600);
        write(fd, "x", 1);
        close(fd);
        switch (rand_r(&seed) % 4) {
        case 0: rename(a, b); break;
        case 1: syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE); break;
        case 2: link(a, b); break;
        default: unlink(a); break;
        }
    }
    return NULL;
}

static void *watch(void *argument) {
    unsigned seed = (unsigned)(uintptr_t)argument;
    static const uint32_t masks[] = {IN_ALL_EVENTS, IN_MODIFY | IN_ONESHOT, IN_DELETE_SELF, IN_OPEN | IN_MASK_ADD};
    char name[32], buffer[4096];
    while (!stopping) {
        int fd = inotify_init1(IN_NONBLOCK);
        for (int i = 0; i < 200 && !stopping; i++) {
            sprintf(name, rand_r(&seed) % 2 ? "d%u" : "d%u/f%u", (unsigned)rand_r(&seed) % 3, (unsigned)rand_r(&seed) % 5);
            int wd = inotify_add_watch(fd, name, masks[rand_r(&seed) % 4]);
            ssize_t got;
            while ((got = read(fd, buffer, sizeof buffer)) > 0)
                for (char *p = buffer; p < buffer + got;) {
                    struct inotify_event *event = (void *)p;
                    if (event->len > 256 || (event->len && !memchr(event->name, 0, event->len)))
                        printf("bad event\n");
                    p += sizeof *event + event->len;
                }
            if (rand_r(&seed) % 4 == 0)
                inotify_rm_watch(fd, wd);
        }
        close(fd);
    }
    return NULL;
}

static int stress(int seconds) {
    pthread_t threads[5];
    for (int i = 0; i < 3; i++) {
        char name[8];
        sprintf(name, "d%d", i);
        mkdir(name, 0700);
    }
    for (uintptr_t i = 0; i < 5; i++)
        pthread_create(&threads[i], NULL, i < 3 ? churn : watch, (void *)(i + 1));
    sleep((unsigned)seconds);
    stopping = 1;
    for (int i = 0; i < 5; i++)
        pthread_join(threads[i], NULL);
    printf("whole\n");
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2 || chdir(argv[1]) != 0)
        return 2;
    if (argc > 2)
        return stress(atoi(argv[2]));
    test_calls();
    test_files();
    test_directories();
    test_moves();
    test_flags();
    test_names();
    test_overflow();
    test_unmount();
    test_waiting();
    return checks_end();
}
