/* Descriptors that change their meaning while they are used, and names that come and go. */
#include "races.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

/* ---- descriptors ---- */

#define FIRST_FD 100
#define FD_COUNT 24u
#define DATA_BYTES_MAX 4096u

static int any_fd(struct job *job) {
    return FIRST_FD + (int)pick(job, FD_COUNT);
}

/* dup3 to numbers that are nobody's but this part's: any of them may be anything. */
static void place(struct job *job, int file) {
    int at = any_fd(job);
    CHECK(dup2(file, at) == at || errno == EBADF || errno == EBUSY);
    close(file);
}

/* The other end's name tells its number; whoever closes this end meanwhile makes it go. */
static void make_terminal(struct job *job) {
    char name[32];
    int number, locked = 0, master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(master >= 0 && ioctl(master, TIOCSPTLCK, &locked) == 0 && ioctl(master, TIOCGPTN, &number) == 0);
    place(job, master);
    sprintf(name, "/dev/pts/%d", number);
    int slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(slave >= 0 || errno == ENOENT || errno == EIO || errno == ENXIO);
    if (slave >= 0)
        place(job, slave);
}

static void make_timer(struct job *job) {
    struct itimerspec soon = {{0, 1000000}, {0, 1 + (long)pick(job, 500000)}};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CHECK(timer >= 0 && timerfd_settime(timer, 0, &soon, NULL) == 0);
    place(job, timer);
}

static void make_descriptors(struct job *job) {
    int file, ends[2];
    switch (pick(job, 7)) {
    case 0:
        CHECK(pipe2(ends, O_NONBLOCK) == 0);
        place(job, ends[0]);
        place(job, ends[1]);
        break;
    case 1:
        CHECK(socketpair(AF_UNIX, (pick(job, 2) ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0, ends) == 0);
        place(job, ends[0]);
        place(job, ends[1]);
        break;
    case 2:
        file = eventfd(pick(job, 3), EFD_NONBLOCK);
        CHECK(file >= 0);
        place(job, file);
        break;
    case 3:
        file = epoll_create1(0);
        CHECK(file >= 0);
        place(job, file);
        break;
    case 4:
        file = open("shared-file", O_RDWR | O_CREAT | O_NONBLOCK | (pick(job, 2) ? O_APPEND : 0), 0600);
        CHECK(file >= 0);
        place(job, file);
        break;
    case 5:
        make_terminal(job);
        break;
    default:
        make_timer(job);
    }
}

static void use_descriptors(struct job *job) {
    char bytes[256] = {0};
    int file = any_fd(job);
    struct pollfd polls[4];
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | (pick(job, 2) ? (uint32_t)EPOLLET : 0)};
    switch (pick(job, 17)) {
    case 0:
    case 1:
    case 2:
    case 3:
        make_descriptors(job);
        break;
    case 4:
    case 5:
        CHECK(close(file) == 0 || errno == EBADF);
        break;
    case 6:
        (void)dup2(file, any_fd(job));
        break;
    case 14: /* who is signalled, and whether */
        (void)fcntl(file, F_SETOWN, getpid());
        (void)fcntl(file, F_SETFL, O_NONBLOCK | (pick(job, 2) ? O_ASYNC : 0));
        break;
    case 15:
        (void)splice(file, NULL, any_fd(job), NULL, 1 + pick(job, 300), SPLICE_F_NONBLOCK);
        break;
    case 16:
        (void)sendfile(file, any_fd(job), NULL, 1 + pick(job, 300));
        break;
    case 7:
        (void)!read(file, bytes, sizeof bytes);
        break;
    case 8:
        (void)!write(file, bytes, sizeof bytes);
        break;
    case 9:
        for (unsigned i = 0; i < 4; i++)
            polls[i] = (struct pollfd){any_fd(job), POLLIN | POLLOUT, 0};
        CHECK(poll(polls, 4, (int)pick(job, 2)) >= 0 || errno == EINTR);
        break;
    case 10:
    case 11:
        (void)epoll_ctl(file, (int)(1 + pick(job, 3)), any_fd(job), &event);
        break;
    case 12:
        (void)epoll_wait(file, &event, 1, (int)pick(job, 2));
        break;
    default:
        (void)fcntl(file, pick(job, 2) ? F_DUPFD : F_GETFL, 200);
        for (int i = 200; i < 206; i++)
            close(i);
    }
}

/* A pipe that only its two threads read and write, but others copy and close copies of. */
static int private_pipe[2];
static atomic_uint pipe_left;

static void write_numbers(void) {
    for (uint32_t number = 0; time_left(); number++)
        CHECK(write(private_pipe[1], &number, sizeof number) == sizeof number);
    close(private_pipe[1]);
}

static void read_numbers(void) {
    uint32_t number, expected = 0;
    ssize_t got;
    while ((got = read(private_pipe[0], &number, sizeof number)) == sizeof number)
        CHECK(number == expected++);
    CHECK(got == 0); /* the end is seen when the last copy is closed */
    close(private_pipe[0]);
}

static void copy_pipe(struct job *job) {
    while (time_left()) {
        use_descriptors(job);
        int copy = dup(private_pipe[pick(job, 2)]);
        use_descriptors(job);
        if (copy >= 0)
            close(copy);
    }
}

static void descriptor_job(struct job *job) {
    if (job->index == 0)
        write_numbers();
    else if (job->index == 1)
        read_numbers();
    else
        copy_pipe(job);
}

static void take_note(int number) {
    (void)number;
}

void race_descriptors(void) {
    struct sigaction action = {.sa_handler = take_note, .sa_flags = SA_RESTART};
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGIO, &action, NULL);
    CHECK(pipe(private_pipe) == 0);
    run_threads(6, descriptor_job);
    for (unsigned i = 0; i < FD_COUNT; i++)
        close(FIRST_FD + (int)i);
    unlink("shared-file");
}

/* ---- polls ---- */

#define SOURCES 8u
#define CONSUMERS 3u

static int sources[SOURCES], epolls[2], over_event;
static _Atomic uint64_t sent, received;
static atomic_uint senders_left;

/* A semaphore's worth for each byte: what is announced must be found. */
static void send_events(struct job *job) {
    const uint64_t one = 1;
    while (time_left()) {
        CHECK(write(sources[pick(job, SOURCES)], &one, sizeof one) == sizeof one);
        atomic_fetch_add(&sent, 1);
        if (pick(job, 8) == 0)
            sched_yield();
    }
    if (atomic_fetch_sub(&senders_left, 1) == 1) {
        /* All is sent. What has been announced is taken by whoever looks; then they may go. */
        while (atomic_load(&received) != atomic_load(&sent))
            sched_yield();
        CHECK(write(over_event, &one, sizeof one) == sizeof one);
    }
}

static bool drain(unsigned source) {
    uint64_t count;
    ssize_t got = read(sources[source], &count, sizeof count);
    CHECK(got == sizeof count || errno == EAGAIN);
    if (got > 0)
        atomic_fetch_add(&received, count);
    return got > 0;
}

/* One-shot or by edges: after each announcement the source is read until it is empty, and armed again. */
static void consume_epoll(struct job *job) {
    int epoll = epolls[job->index % 2];
    for (;;) {
        struct epoll_event events[3];
        int count = epoll_wait(epoll, events, 1 + (int)pick(job, 3), -1);
        CHECK(count > 0 || errno == EINTR);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u32 == SOURCES)
                return; /* the end stays announced: by level */
            while (drain(events[i].data.u32))
                continue;
            if (epoll == epolls[1]) {
                struct epoll_event again = {EPOLLIN | EPOLLONESHOT, {.u32 = events[i].data.u32}};
                CHECK(epoll_ctl(epoll, EPOLL_CTL_MOD, sources[events[i].data.u32], &again) == 0);
            }
        }
    }
}

static void consume_poll(struct job *job) {
    struct pollfd polls[SOURCES + 1];
    for (unsigned i = 0; i <= SOURCES; i++)
        polls[i] = (struct pollfd){i < SOURCES ? sources[i] : over_event, POLLIN, 0};
    for (;;) {
        CHECK(poll(polls, SOURCES + 1, pick(job, 2) ? -1 : 1) >= 0);
        if (polls[SOURCES].revents)
            return;
        for (unsigned i = 0; i < SOURCES; i++)
            if (polls[i].revents)
                (void)drain(i);
    }
}

static void poll_job(struct job *job) {
    if (job->index < CONSUMERS)
        send_events(job);
    else if (job->index < 2 * CONSUMERS)
        consume_epoll(job);
    else
        consume_poll(job);
}

void race_polls(void) {
    over_event = eventfd(0, EFD_NONBLOCK);
    for (unsigned kind = 0; kind < 2; kind++) {
        epolls[kind] = epoll_create1(0);
        struct epoll_event over = {EPOLLIN, {.u32 = SOURCES}};
        CHECK(epoll_ctl(epolls[kind], EPOLL_CTL_ADD, over_event, &over) == 0);
    }
    for (unsigned i = 0; i < SOURCES; i++) {
        sources[i] = eventfd(0, EFD_NONBLOCK);
        struct epoll_event edge = {EPOLLIN | EPOLLET, {.u32 = i}}, once = {EPOLLIN | EPOLLONESHOT, {.u32 = i}};
        CHECK(epoll_ctl(epolls[0], EPOLL_CTL_ADD, sources[i], &edge) == 0);
        CHECK(epoll_ctl(epolls[1], EPOLL_CTL_ADD, sources[i], &once) == 0);
    }
    atomic_store(&senders_left, CONSUMERS);
    run_threads(2 * CONSUMERS + 1, poll_job);
    CHECK(atomic_load(&sent) == atomic_load(&received));
}

/* ---- names ---- */

#define NAMES 6u

static void any_name(struct job *job, char *path) {
    static const char *const tops[] = {"a", "b", "a/c", "b/c"};
    if (pick(job, 12) == 0)
        strcpy(path, tops[2 + pick(job, 2)]); /* the directory itself moves too */
    else
        sprintf(path, "%s/%c%s", tops[pick(job, 4)], 'm' + (int)pick(job, NAMES), pick(job, 4) ? "" : "-with-a-rather-long-name-that-is-kept-outside");
}

static void list(const char *path) {
    DIR *directory = opendir(path);
    struct stat status;
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        CHECK(entry->d_name[0] != 0 && entry->d_ino != 0);
        (void)fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW);
    }
    closedir(directory);
}

static int watcher; /* inotify */

static void watch_names(struct job *job, const char *path) {
    char events[512];
    switch (pick(job, 3)) {
    case 0:
        (void)inotify_add_watch(watcher, path, IN_ALL_EVENTS);
        break;
    case 1:
        (void)inotify_rm_watch(watcher, 1 + (int)pick(job, 20));
        break;
    default:
        while (read(watcher, events, sizeof events) > 0)
            continue;
    }
}

static void change_names(struct job *job) {
    char path[128], other[128], text[16];
    struct stat status;
    while (time_left()) {
        any_name(job, path);
        any_name(job, other);
        int file;
        switch (pick(job, 14)) {
        case 12:
            watch_names(job, path);
            break;
        case 0:
            file = open(path, O_RDWR | O_CREAT | (pick(job, 2) ? O_EXCL : 0), 0600);
            if (file >= 0) {
                CHECK(write(file, "text", 4) == 4);
                CHECK(pread(file, text, 4, 0) == 4 && memcmp(text, "text", 4) == 0);
                close(file);
            }
            break;
        case 1:
        case 2:
            (void)mkdir(path, 0700);
            break;
        case 3:
            (void)rmdir(path);
            break;
        case 4:
            (void)unlink(path);
            break;
        case 5:
        case 6:
            (void)rename(path, other);
            break;
        case 7:
            (void)syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, 1 + pick(job, 2)); /* NOREPLACE, EXCHANGE */
            break;
        case 8:
            (void)!link(path, other);
            break;
        case 9:
            (void)!symlink("../a/c", path);
            break;
        case 10:
            list(pick(job, 2) ? path : "a");
            break;
        default:
            (void)stat(path, &status);
        }
    }
}

/* Nothing changes any more: what is listed is there, links are counted right, and all can be removed. */
static void remove_tree(int above, const char *name) {
    int at = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *directory = fdopendir(at);
    struct stat status, own;
    unsigned directories = 0;
    CHECK(directory && fstat(at, &own) == 0);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        CHECK(fstatat(at, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_ino == entry->d_ino);
        directories += S_ISDIR(status.st_mode);
    }
    CHECK(own.st_nlink == 2 + directories);
    rewinddir(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        CHECK(fstatat(at, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0);
        if (S_ISDIR(status.st_mode))
            remove_tree(at, entry->d_name);
        else
            CHECK(unlinkat(at, entry->d_name, 0) == 0);
        CHECK(fstatat(at, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT);
    }
    closedir(directory);
    CHECK(unlinkat(above, name, AT_REMOVEDIR) == 0);
}

void race_names(void) {
    CHECK(mkdir("a", 0700) == 0 && mkdir("b", 0700) == 0 && mkdir("a/c", 0700) == 0 && mkdir("b/c", 0700) == 0);
    watcher = inotify_init1(IN_NONBLOCK);
    run_threads(6, change_names);
    remove_tree(AT_FDCWD, "a");
    remove_tree(AT_FDCWD, "b");
    close(watcher);
}
