/*
 * What the calls find: memory at fixed addresses, a few files, one descriptor of each kind.
 */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/vm/programs/arguments/arguments.h"

static void map(long address, size_t pages, int protection) {
    void *at = mmap((void *)address, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (at != (void *)address) {
        perror("memory");
        exit(2);
    }
    if (protection != (PROT_READ | PROT_WRITE))
        mprotect(at, pages * PAGE, protection);
}

void fixture_memory(void) {
    for (int i = 0; i < 8; i++) {
        map(AREA(i), 1, PROT_READ | PROT_WRITE);
        memset((char *)AREA(i) + PAGE - 64, 'x', 64); /* strings without an end */
    }
    map(READ_ONLY, 1, PROT_READ);
    map(NO_ACCESS, 1, PROT_NONE);
    map(LONG_NAME, 1, PROT_READ | PROT_WRITE);
    memset((void *)LONG_NAME, 'n', 256);
    map(LONG_PATH, 2, PROT_READ | PROT_WRITE);
    for (long i = 0; i < PAGE; i++)
        ((char *)LONG_PATH)[i] = i % 2 ? '/' : '.';
    map(RANGE, RANGE_PAGES, PROT_READ | PROT_WRITE);
    memset((void *)RANGE, 'r', RANGE_PAGES * PAGE);
}

static void make_file(const char *name, size_t size, mode_t mode) {
    static char contents[PAGE];
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC | O_NOFOLLOW, mode);
    memset(contents, 'x', sizeof contents);
    if (fd < 0 || write(fd, contents, size) != (ssize_t)size || fchmod(fd, mode) != 0)
        perror(name);
    close(fd);
}

static int work, parent; /* the folder and the one above, whatever happens to their names and modes */

static int remove_entry(const char *name, const struct stat *status, int type, struct FTW *where) {
    if (where->level > 0)
        remove(name);
    return 0;
}

void fixture_repair(void) {
    static const char *const directories[] = {"dir", "empty", "full", "closed", "new", "missing", "dangling"};
    chmod("/", 0755); /* these as root */
    (void)!chown("/", 0, 0);
    chmod("/dev/null", 0666);
    (void)!chown("/dev/null", 0, 0);
    fchmod(work, 0755);
    fchmod(parent, 0755);
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        chmod(directories[i], 0700);
    nftw(".", remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    make_file("file", PAGE, 0644);
    make_file("old", 16, 0644);
    make_file("program", 0, 0755);
    mkdir("dir", 0755);
    mkdir("empty", 0755);
    mkdir("full", 0755);
    make_file("full/file", 1, 0644);
    mkdir("closed", 0755);
    make_file("closed/file", 1, 0644);
    chmod("closed", 0);
    (void)!symlink("file", "link");
    (void)!symlink("loop", "loop");
    (void)!symlink("missing", "dangling");
    mkfifo("fifo", 0644);
}

void fixture_tree(const char *folder) {
    if (mkdir(folder, 0755) != 0 || chdir(folder) != 0 || mkdir("work", 0755) != 0 || chdir("work") != 0) {
        perror(folder);
        exit(2);
    }
    work = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    parent = open("..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fixture_repair();
}

static void place(int from, int to) {
    if (from < 0 || dup2(from, to) != to) {
        fprintf(stderr, "descriptor %d: ", to);
        perror(NULL);
        exit(2);
    }
    close(from);
}

static void open_pair(int type, int first, int second) {
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) == 0)
        (void)!write(ends[1], "data", 4);
    place(ends[0], first);
    if (second)
        place(ends[1], second);
}

static void open_listener(void) {
    place(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), LISTENER);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    bind(LISTENER, (struct sockaddr *)&name, sizeof name.sun_family); /* autobind */
    listen(LISTENER, 4);
}

void fixture_open(void) {
    int ends[2];
    struct epoll_event event = {.events = EPOLLOUT};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR2);
    dup2(open("/dev/null", O_RDWR), 0);
    place(open("file", O_RDWR), FILE_FD);
    place(open("file", O_RDONLY), READ_FD);
    place(open("file", O_WRONLY), WRITE_FD);
    place(open(".", O_RDONLY | O_DIRECTORY), DIR_FD);
    place(open("file", O_PATH), PATH_FD);
    (void)!pipe2(ends, O_NONBLOCK);
    (void)!write(ends[1], "data", 4);
    place(ends[0], PIPE_READ);
    place(ends[1], PIPE_WRITE);
    (void)!pipe2(ends, O_NONBLOCK);
    place(ends[0], EMPTY_PIPE);
    place(eventfd(1, EFD_NONBLOCK), EVENT_FD);
    place(epoll_create1(0), EPOLL_FD);
    epoll_ctl(EPOLL_FD, EPOLL_CTL_ADD, PIPE_WRITE, &event);
    place(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), SOCKET_FD);
    open_pair(SOCK_STREAM, PAIR_FD, PEER_FD);
    open_pair(SOCK_DGRAM, DATAGRAM_FD, 0);
    open_listener();
    place(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), TIMER_FD);
    place(signalfd(-1, &signals, SFD_NONBLOCK), SIGNAL_FD);
    place((int)syscall(CALL_pidfd_open, getpid(), 0), PID_FD);
    place(open("/dev/null", O_RDWR), NULL_FD);
    dup2(inotify_init1(IN_NONBLOCK), INOTIFY_FD);
    place(open("fifo", O_RDWR | O_NONBLOCK), FIFO_FD); /* so that opening it does not wait */
}

/* The argument as the row has it. */
static long valid(const struct argument *argument, int position) {
    switch (argument->kind) {
    case PID:
        return argument->base == SELF ? getpid() : argument->base;
    case IN: case OUT: case IN_OUT: case TIME: case DATA_IN: case DATA_OUT: case PATH: case STRING:
        if (argument->data)
            memcpy((void *)AREA(position), argument->data, argument->size);
        else
            memset((void *)AREA(position), 0, argument->size < PAGE ? argument->size : PAGE);
        return argument->base ? AREA(position) : 0;
    default:
        return argument->base;
    }
}

static long bad(const struct argument *argument, int position, const struct value *value) {
    if (value->word >= 0) {
        uint64_t *word = (uint64_t *)AREA(position) + value->word;
        *word = (*word & value->mask) | (uint64_t)value->value;
        return AREA(position);
    }
    if (value->text)
        strcpy((char *)AREA(position), value->text);
    if (value->copy)
        memmove((void *)value->value, argument->data, value->copy);
    return value->value;
}

void fixture_arguments(const struct row *row, int position, const struct value *value, long *arguments) {
    for (int i = 0; i < ARGUMENTS; i++)
        arguments[i] = valid(&row->arguments[i], i);
    if (value)
        arguments[position] = bad(&row->arguments[position], position, value);
}
