/* Kinds of descriptors that are made: files in the working directory, pipes, sockets, and files of the kernel's own. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

#define FILE_BYTES 100

/* ---- files ---- */

static int file_with(int flags) {
    char bytes[FILE_BYTES];
    memset(bytes, 'x', sizeof bytes);
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, bytes, sizeof bytes) != sizeof bytes)
        return -1;
    close(fd);
    return open("file", flags);
}

static int file(void) { return file_with(O_RDWR); }
static int file_rdonly(void) { return file_with(O_RDONLY); }
static int file_wronly(void) { return file_with(O_WRONLY); }
static int file_append(void) { return file_with(O_RDWR | O_APPEND); }
static int file_path(void) { return file_with(O_PATH); }
static int file_none(void) { return file_with(3); }

static int deleted(void) {
    int fd = file_with(O_RDWR);
    unlink("file");
    return fd;
}

static int temporary(void) { return open(".", O_TMPFILE | O_RDWR, 0644); }
static int directory(void) { return mkdir("dir", 0755), open("dir", O_RDONLY | O_DIRECTORY); }
static int directory_path(void) { return mkdir("dir", 0755), open("dir", O_PATH | O_DIRECTORY); }
static int link_path(void) { return (void)!symlink("file", "link"), open("link", O_PATH | O_NOFOLLOW); }

static int removed_directory(void) {
    mkdir("gone", 0755);
    int fd = open("gone", O_RDONLY | O_DIRECTORY);
    rmdir("gone");
    return fd;
}

/* ---- pipes ---- */

static int fifo(int flags) {
    unlink("fifo");
    mkfifo("fifo", 0644);
    int both = open("fifo", O_RDWR | O_NONBLOCK);
    if (flags != O_WRONLY)
        (void)!write(both, "data", 4);
    return open("fifo", flags | O_NONBLOCK);
}

static int fifo_read(void) { return fifo(O_RDONLY); }
static int fifo_write(void) { return fifo(O_WRONLY); }
static int fifo_both(void) { return fifo(O_RDWR); }

static int pipe_end(int end, const char *data) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0)
        return -1;
    (void)!write(ends[1], data, strlen(data));
    return ends[end];
}

static int pipe_read(void) { return pipe_end(0, "data"); }
static int pipe_write(void) { return pipe_end(1, ""); }

static int pipe_broken(void) {
    int ends[2];
    (void)!pipe2(ends, O_NONBLOCK);
    close(ends[0]);
    return ends[1];
}

static int pipe_ended(void) {
    int ends[2];
    (void)!pipe2(ends, O_NONBLOCK);
    close(ends[1]);
    return ends[0];
}

/* ---- sockets ---- */

static int pair(int type) {
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    (void)!write(ends[1], "data", 4);
    return ends[0];
}

static int stream(void) { return pair(SOCK_STREAM); }
static int datagram(void) { return pair(SOCK_DGRAM); }
static int packets(void) { return pair(SOCK_SEQPACKET); }
static int unconnected(void) { return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0); }

static int listener(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = unconnected();
    bind(fd, (struct sockaddr *)&name, sizeof name.sun_family);
    listen(fd, 4);
    return fd;
}

static int hung_up(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    close(ends[1]);
    return ends[0];
}

/* ---- files of the kernel's own ---- */

static int event(void) { return eventfd(1, EFD_NONBLOCK); }
static int event_semaphore(void) { return eventfd(3, EFD_NONBLOCK | EFD_SEMAPHORE); }
static int timer(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK); }
static int poller(void) { return epoll_create1(0); }
static int notifier(void) { return inotify_init1(IN_NONBLOCK); }
static int process(void) { return (int)syscall(SYS_pidfd_open, getpid(), 0); }

static int signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    return signalfd(-1, &set, SFD_NONBLOCK);
}

static int memory(int flags, int seals) {
    int fd = (int)syscall(SYS_memfd_create, "name", flags);
    (void)!write(fd, "memory", 6);
    if (seals)
        fcntl(fd, F_ADD_SEALS, seals);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static int memfd(void) { return memory(0, 0); }
static int memfd_sealing(void) { return memory(2 /* MFD_ALLOW_SEALING */, 0); }
static int memfd_sealed(void) { return memory(2, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE); }

static int queue(int flags) {
    struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 64};
    int fd = mq_open("/kinds", O_CREAT | O_NONBLOCK | flags, 0600, &attributes);
    mq_unlink("/kinds");
    mq_send(fd, "data", 4, 1);
    return fd;
}

static int queue_both(void) { return queue(O_RDWR); }
static int queue_read(void) { return queue(O_RDONLY); }

/* ---- terminals ---- */

static int terminal(int *slave) {
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK), none = 0, number;
    char name[32];
    if (master < 0 || ioctl(master, TIOCSPTLCK, &none) != 0 || ioctl(master, TIOCGPTN, &number) != 0)
        return -1;
    snprintf(name, sizeof name, "/dev/pts/%d", number);
    *slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    return master;
}

static int pty_master(void) {
    int slave;
    return terminal(&slave);
}

static int pty_slave(void) {
    int slave = -1;
    terminal(&slave);
    return slave;
}

static int pty_hung_up(void) {
    int slave = -1;
    close(terminal(&slave));
    return slave;
}

static int closed(void) { return 40; }

void prepare_child(void) {
    int slave;
    for (int signal = 1; signal < NSIG; signal++)
        if (signal != SIGSEGV && signal != SIGBUS && signal != SIGFPE && signal != SIGILL && signal != SIGCHLD)
            sigaction(signal, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    setsid();
    dup2(terminal(&slave), 3);
    dup2(slave, 4);
    ioctl(4, TIOCSCTTY, 0);
}

static const struct kind kinds[] = {
    {"closed", closed}, {"file", file}, {"rdonly", file_rdonly}, {"wronly", file_wronly}, {"append", file_append},
    {"mode3", file_none}, {"path", file_path}, {"deleted", deleted}, {"tmpfile", temporary}, {"dir", directory},
    {"dir-path", directory_path}, {"link-path", link_path}, {"dir-removed", removed_directory},
    {"fifo-read", fifo_read}, {"fifo-write", fifo_write}, {"fifo-both", fifo_both}, {"pipe-read", pipe_read},
    {"pipe-write", pipe_write}, {"pipe-broken", pipe_broken}, {"pipe-ended", pipe_ended}, {"stream", stream},
    {"datagram", datagram}, {"seqpacket", packets}, {"unconnected", unconnected}, {"listener", listener},
    {"hung-up", hung_up}, {"event", event}, {"semaphore", event_semaphore}, {"timer", timer}, {"signals", signals},
    {"epoll", poller}, {"inotify", notifier}, {"memfd", memfd}, {"memfd-sealing", memfd_sealing},
    {"memfd-sealed", memfd_sealed}, {"pidfd", process}, {"mqueue", queue_both}, {"mqueue-read", queue_read},
    {"pty-master", pty_master}, {"pty-slave", pty_slave}, {"pty-hung-up", pty_hung_up},
};

const struct kinds made_kinds = ALL_OF(kinds);
