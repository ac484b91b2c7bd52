/*
 * What happens at the edges of splicing, signal-driven files, watches, queues, holes and policies: two at the same
 * thing, one that gives up half-way, limits. Every expectation also holds on Linux. Runs as root in /tmp.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"

#define PAGE 4096
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif
#define FAILS(call, error) CHECK((long)(call) == -1 && errno == (error))

static void nothing(int signal) {
    (void)signal;
}

/* No SA_RESTART: what sleeps is to give up. */
static void interrupting(int signal) {
    struct sigaction action = {.sa_handler = nothing};
    sigaction(signal, &action, NULL);
}

static void pause_ms(long ms) {
    struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

/* ---- a splice that gives up has bytes out of the pipe, while others read it ---- */

struct mover {
    pthread_t thread;
    int from, to;
    size_t size;
    ssize_t result;
    atomic_int done, tid;
};

static void *splice_some(void *argument) {
    struct mover *mover = argument;
    mover->tid = (int)syscall(SYS_gettid);
    mover->result = splice(mover->from, NULL, mover->to, NULL, mover->size, 0);
    mover->done = 1;
    return NULL;
}

static void *read_some(void *argument) {
    struct mover *mover = argument;
    char bytes[PAGE];
    mover->tid = (int)syscall(SYS_gettid);
    mover->result = read(mover->from, bytes, mover->size);
    mover->done = 1;
    return NULL;
}

/* Until the thread sleeps, or has come to its end. */
static void wait_settled(struct mover *mover) {
    char path[64], line[256], state = 0;
    while (!mover->done && state != 'S' && state != 'D') {
        pause_ms(1);
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", mover->tid);
        FILE *file = mover->tid ? fopen(path, "r") : NULL;
        if (file && fgets(line, sizeof line, file))
            state = strrchr(line, ')')[2];
        if (file)
            fclose(file);
    }
}

static void interrupt(struct mover *mover) {
    while (!mover->done) {
        pthread_kill(mover->thread, SIGUSR1);
        pause_ms(1);
    }
    pthread_join(mover->thread, NULL);
}

static void fill_socket(int socket) {
    static char bytes[65536];
    while (send(socket, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
    while (send(socket, bytes, 1, MSG_DONTWAIT) > 0)
        ;
}

static void begin_moving(struct mover *mover, struct mover *reader, int pipe_end, int socket, size_t take) {
    *mover = (struct mover){.from = pipe_end, .to = socket, .size = 100};
    *reader = (struct mover){.from = pipe_end, .size = take};
    interrupting(SIGUSR1);
    fill_socket(socket);
    pthread_create(&mover->thread, NULL, splice_some, mover);
    wait_settled(mover);
    pthread_create(&reader->thread, NULL, read_some, reader);
    wait_settled(reader);
}

static void full_pipe_gets_bytes_back(void) {
    struct mover mover, reader;
    char page[PAGE] = {0};
    int ends[2], sockets[2];
    ssize_t left = 0, n;

    CHECK(pipe2(ends, O_NONBLOCK) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    while (write(ends[1], page, sizeof page) > 0)
        left += sizeof page;
    CHECK(left == 65536);
    begin_moving(&mover, &reader, ends[0], sockets[0], 10);
    interrupt(&mover);
    pthread_join(reader.thread, NULL);
    CHECK(mover.result == -1 && reader.result == 10);
    left -= 10;
    while ((n = read(ends[0], page, sizeof page)) > 0)
        left -= n;
    CHECK(left == 0);
    close(ends[0]), close(ends[1]), close(sockets[0]), close(sockets[1]);
}

static void pipe_ends_after_its_last_bytes(void) {
    struct mover mover, reader;
    char bytes[100] = {0};
    int ends[2], sockets[2];

    CHECK(pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    CHECK(write(ends[1], bytes, sizeof bytes) == sizeof bytes);
    close(ends[1]);
    begin_moving(&mover, &reader, ends[0], sockets[0], sizeof bytes);
    interrupt(&mover);
    pthread_join(reader.thread, NULL);
    CHECK(reader.result == sizeof bytes); /* whoever was first, they did not go to the socket */
    CHECK(read(ends[0], bytes, sizeof bytes) == 0);
    close(ends[0]), close(sockets[0]), close(sockets[1]);
}

/* ---- flags of a file, changed by two ---- */

static atomic_int over;

static void *toggle_nonblocking(void *argument) {
    int fd = (int)(intptr_t)argument;
    for (int on = 0; !over; on = !on)
        ioctl(fd, FIONBIO, &on);
    return NULL;
}

static void flags_are_not_lost(void) {
    pthread_t thread;
    int ends[2], bad = 0;

    CHECK(pipe(ends) == 0);
    over = 0;
    pthread_create(&thread, NULL, toggle_nonblocking, (void *)(intptr_t)ends[0]);
    for (int i = 0; i < 8000; i++) {
        int on = i & 1;
        ioctl(ends[0], FIOASYNC, &on);
        bad += ((fcntl(ends[0], F_GETFL) & O_ASYNC) != 0) != on;
    }
    over = 1;
    pthread_join(thread, NULL);
    CHECK(bad == 0);
    close(ends[0]), close(ends[1]);
}

/* ---- urgent bytes take room as others do ---- */

static void urgent_bytes_take_room(void) {
    int sockets[2], sent = 0;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    while (sent < 100000 && send(sockets[0], "u", 1, MSG_OOB | MSG_DONTWAIT) == 1)
        sent++;
    CHECK(sent > 10 && sent < 100000 && errno == EAGAIN);
    close(sockets[0]), close(sockets[1]);
}

/* ---- two wait for the same, which stays ready ---- */

struct watcher {
    int epoll, result;
};

static void *watch_once(void *argument) {
    struct watcher *watcher = argument;
    struct epoll_event event;
    watcher->result = epoll_wait(watcher->epoll, &event, 1, 20000);
    return NULL;
}

static void both_are_told(void) {
    int ends[2], epoll = epoll_create1(0), missed = 0;
    struct epoll_event event = {.events = EPOLLIN};
    char byte;

    CHECK(pipe(ends) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) == 0);
    for (int i = 0; i < 400 && !missed; i++) {
        struct watcher watchers[2] = {{epoll}, {epoll}};
        pthread_t threads[2];
        for (int j = 0; j < 2; j++)
            pthread_create(&threads[j], NULL, watch_once, &watchers[j]);
        if (i % 2)
            sched_yield();
        CHECK(write(ends[1], "x", 1) == 1);
        for (int j = 0; j < 2; j++) {
            pthread_join(threads[j], NULL);
            missed += watchers[j].result != 1;
        }
        CHECK(read(ends[0], &byte, 1) == 1);
    }
    CHECK(missed == 0);
    close(ends[0]), close(ends[1]), close(epoll);
}

/* ---- a message comes when a receiver gives up: one of the two hears of it ---- */

static mqd_t queue;
static uint64_t give_up_ns;
static atomic_int notes, go;

static void note(int signal) {
    (void)signal;
    notes++;
}

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *receive_until(void *argument) {
    char bytes[8];
    struct timespec deadline = {(time_t)(give_up_ns / 1000000000u), (long)(give_up_ns % 1000000000u)};
    go = 1;
    *(int *)argument = (int)mq_timedreceive(queue, bytes, sizeof bytes, NULL, &deadline);
    return NULL;
}

static void messages_are_noticed(void) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 8};
    int unnoticed = 0;
    char bytes[8];

    signal(SIGUSR2, note);
    queue = mq_open("/edges", O_CREAT | O_RDWR, 0600, &attributes);
    CHECK(queue != (mqd_t)-1);
    for (int i = 0; i < 300 && !unnoticed; i++) {
        pthread_t thread;
        int got = 0;
        notes = go = 0;
        CHECK(mq_notify(queue, &event) == 0);
        give_up_ns = now_ns() + 1000000;
        pthread_create(&thread, NULL, receive_until, &got);
        while (!go || now_ns() < give_up_ns + (uint64_t)(i % 50) * 1000)
            ;
        CHECK(mq_send(queue, "m", 1, 0) == 0);
        pthread_join(thread, NULL);
        if (got < 0) {
            unnoticed += notes != 1;
            CHECK(mq_receive(queue, bytes, sizeof bytes, NULL) == 1);
        } else {
            mq_notify(queue, NULL);
        }
    }
    CHECK(unnoticed == 0);
    mq_unlink("/edges");
    mq_close(queue);
}

/* ---- memory ---- */

static void holes_leave_private_copies(void) {
    int fd = memfd_create("holes", 0);
    CHECK(ftruncate(fd, 2 * PAGE) == 0 && pwrite(fd, "ff", 2, PAGE - 1) == 2);
    char *copy = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char *shown = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    copy[0] = 'p';
    CHECK(copy[PAGE - 1] == 'f' && shown[PAGE - 1] == 'f' && shown[PAGE] == 'f');
    CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * PAGE) == 0);
    CHECK(copy[0] == 'p' && copy[PAGE - 1] == 'f' && shown[PAGE - 1] == 0 && shown[PAGE] == 0);
    CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, PAGE) == 0);
    CHECK(copy[0] == 0); /* an end takes them away */
    munmap(copy, 2 * PAGE), munmap(shown, 2 * PAGE), close(fd);
}

static void removed_pages_are_zeros(void) {
    int segment = shmget(IPC_PRIVATE, 2 * PAGE, 0600), fd = memfd_create("removed", 0);
    char *pages = shmat(segment, NULL, 0);
    pages[0] = pages[PAGE] = 's';
    CHECK(madvise(pages, PAGE, MADV_REMOVE) == 0 && pages[0] == 0 && pages[PAGE] == 's');
    shmctl(segment, IPC_RMID, NULL), shmdt(pages);
    CHECK(ftruncate(fd, 2 * PAGE) == 0 && pwrite(fd, "f", 1, 0) == 1);
    pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    FAILS(syscall(SYS_remap_file_pages, pages, PAGE, 0, 1ul << 52, 0), EOVERFLOW); /* as bytes that would be 0 */
    FAILS(syscall(SYS_remap_file_pages, pages, PAGE, 0, (1ul << 51) - 1, 0), EOVERFLOW);
    CHECK(pages[0] == 'f');
    munmap(pages, 2 * PAGE), close(fd);
}

/* The figure of a line of the mapping that begins at `start`; -1: there is none. */
static long smaps_kib(const void *start, const char *name) {
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512], range[32];
    long found = -1;
    int here = 0;
    snprintf(range, sizeof range, "%08lx-", (unsigned long)start);
    while (file && fgets(line, sizeof line, file)) {
        if (strchr(line, '-') && line[0] >= '0' && (line[0] <= '9' || (line[0] >= 'a' && line[0] <= 'f')))
            here = strncmp(line, range, strlen(range)) == 0;
        if (here && strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            found = atol(line + strlen(name) + 1);
    }
    if (file)
        fclose(file);
    return found;
}

static void locked_pages_are_shown(void) {
    char *pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(pages, 1, 4 * PAGE);
    mprotect(pages + 3 * PAGE, PAGE, PROT_NONE);
    mprotect(pages - 0, PAGE, PROT_READ); /* mappings of its own on both sides */
    CHECK(smaps_kib(pages + PAGE, "Rss") == 8 && smaps_kib(pages + PAGE, "Locked") == 0);
    CHECK(mlock(pages + PAGE, 2 * PAGE) == 0);
    CHECK(smaps_kib(pages + PAGE, "Locked") == 8);
    munmap(pages, 4 * PAGE);
}

enum { DEFAULT, PREFERRED, BIND, BY_ADDRESS = 2 };

static int policy_of(const void *address, unsigned long *nodes) {
    int mode = -1;
    *nodes = 0;
    return syscall(SYS_get_mempolicy, &mode, nodes, 64ul, address, BY_ADDRESS) == 0 ? mode : -errno;
}

static void policies_belong_to_mappings(void) {
    unsigned long one = 1, nodes;
    int status;
    char *pages = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(syscall(SYS_set_mempolicy, PREFERRED, &one, 64ul) == 0);
    CHECK(policy_of(pages, &nodes) == DEFAULT && nodes == 0); /* the thread's is another thing */
    CHECK(syscall(SYS_mbind, pages + PAGE, 2 * PAGE, BIND, &one, 64ul, 0) == 0);
    CHECK(policy_of(pages, &nodes) == DEFAULT && policy_of(pages + 3 * PAGE, &nodes) == DEFAULT);
    CHECK(policy_of(pages + PAGE, &nodes) == BIND && nodes == 1);
    CHECK(policy_of(pages + 3 * PAGE - 1, &nodes) == BIND);
    CHECK(mprotect(pages + 2 * PAGE, 2 * PAGE, PROT_READ) == 0);
    CHECK(policy_of(pages + 2 * PAGE, &nodes) == BIND && policy_of(pages + 3 * PAGE, &nodes) == DEFAULT);
    if (fork() == 0)
        _exit(policy_of(pages + PAGE, &nodes) != BIND);
    CHECK(wait(&status) > 0 && status == 0);
    CHECK(syscall(SYS_mbind, pages, 6 * PAGE, DEFAULT, NULL, 0ul, 0) == 0);
    CHECK(policy_of(pages + PAGE, &nodes) == DEFAULT);
    munmap(pages + 4 * PAGE, PAGE);
    FAILS(syscall(SYS_mbind, pages, 6 * PAGE, BIND, &one, 64ul, 0), EFAULT);
    CHECK(policy_of(pages, &nodes) == DEFAULT); /* nothing of it was done */
    CHECK(syscall(SYS_set_mempolicy, DEFAULT, NULL, 0ul) == 0);
    munmap(pages, 6 * PAGE);
}

/* A killed process whose memory is somebody else's too does not take it along. */
static int share_and_wait(void *unused) {
    (void)unused;
    for (;;)
        pause();
}

static void shared_memory_is_not_reaped(void) {
    static char stack[16 * PAGE];
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int lost = 0;

    for (int i = 0; i < 30; i++) {
        *(volatile char *)page = 'k';
        pid_t child = clone(share_and_wait, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
        int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
        CHECK(child > 0 && pidfd >= 0);
        kill(child, SIGKILL);
        CHECK(syscall(SYS_process_mrelease, pidfd, 0) == -1 && (errno == EINVAL || errno == ESRCH));
        lost += *(volatile char *)page != 'k';
        CHECK(waitpid(child, NULL, 0) == child);
        close(pidfd);
    }
    CHECK(lost == 0);
    munmap(page, PAGE);
}

/* ---- a walk that may not leave a directory, while that moves ---- */

static void *move_away_and_back(void *unused) {
    (void)unused;
    while (!over) {
        rename("scope/root/a/b", "scope/b");
        rename("scope/b", "scope/root/a/b");
    }
    return NULL;
}

static void nothing_leads_out(void) {
    struct { uint64_t flags, mode, resolve; } how[2] = {{O_RDONLY, 0, 8}, {O_RDONLY, 0, 16}}; /* BENEATH, IN_ROOT */
    pthread_t thread;
    int out = 0;

    mkdir("scope", 0700), mkdir("scope/root", 0700), mkdir("scope/root/a", 0700), mkdir("scope/root/a/b", 0700);
    close(open("secret", O_CREAT | O_RDWR, 0600));
    int root = open("scope/root", O_PATH | O_DIRECTORY);
    CHECK(root >= 0);
    over = 0;
    pthread_create(&thread, NULL, move_away_and_back, NULL);
    for (int i = 0; i < 6000 && !out; i++) {
        int fd = (int)syscall(SYS_openat2, root, "a/b/../../secret", &how[i & 1], sizeof how[0]);
        out += fd >= 0;
        if (fd >= 0)
            close(fd);
    }
    over = 1;
    pthread_join(thread, NULL);
    CHECK(out == 0);
    close(root);
    unlink("secret"), rmdir("scope/root/a/b"), rmdir("scope/root/a"), rmdir("scope/root"), rmdir("scope");
}

/* ---- whose list of semaphores to undo ---- */

static void undo_lists_are_compared(void) {
    enum { SYSVSEM = 6 };
    struct sembuf up = {.sem_op = 1, .sem_flg = SEM_UNDO};
    int set = semget(IPC_PRIVATE, 1, 0600), status;
    pid_t self = getpid();

    CHECK(set >= 0 && semop(set, &up, 1) == 0);
    if (fork() == 0)
        _exit(syscall(SYS_kcmp, self, getpid(), SYSVSEM, 0, 0) <= 0);
    CHECK(wait(&status) > 0 && status == 0);
    CHECK(syscall(SYS_kcmp, self, self, SYSVSEM, 0, 0) == 0);
    semctl(set, 0, IPC_RMID);
}

static const struct part parts[] = {
    PART(full_pipe_gets_bytes_back), PART(pipe_ends_after_its_last_bytes), PART(flags_are_not_lost),
    PART(urgent_bytes_take_room), PART(both_are_told), PART(messages_are_noticed), PART(holes_leave_private_copies),
    PART(removed_pages_are_zeros), PART(locked_pages_are_shown), PART(policies_belong_to_mappings), PART(shared_memory_is_not_reaped),
    PART(nothing_leads_out), PART(undo_lists_are_compared),
};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (chdir("/tmp") != 0)
        return 2;
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
