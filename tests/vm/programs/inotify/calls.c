/* The calls, flags of watches, names. */
#include "tests/vm/programs/inotify/inotify.h"

void test_calls(void) {
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

void test_flags(void) {
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

void test_names(void) {
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
