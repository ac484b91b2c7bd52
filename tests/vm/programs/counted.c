/*
 * What is counted for a user or for everybody and refused beyond a limit, and calls that fail half-way without losing
 * anything. Every expectation also holds on Linux. Runs as root in /tmp, with nobody else about.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"

#define PAGE 4096
#define NOBODY 65534
#define FAILS(call, error) CHECK((long)(call) == -1 && errno == (error))
#define AS_NOBODY(...) \
    do { \
        int status_; \
        pid_t nobody_ = fork(); \
        if (nobody_ == 0) { \
            failures = 0; \
            CHECK(setgid(NOBODY) == 0 && setuid(NOBODY) == 0); \
            __VA_ARGS__; \
            fflush(stdout); \
            _exit(failures); \
        } \
        CHECK(waitpid(nobody_, &status_, 0) == nobody_ && status_ == 0); \
    } while (0)

/* ---- events that could not be told ---- */

enum { SOURCES = 40 };

/* The events of `epoll`, written to where only the first `room` have a place: what epoll_wait gives. */
static int wait_with_room(int epoll, int room) {
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct epoll_event *events = (void *)(pages + PAGE - room * sizeof *events);
    mprotect(pages + PAGE, PAGE, PROT_NONE);
    int told = epoll_wait(epoll, events, SOURCES, 0);
    int error = errno;
    for (int i = 1; i < told; i++)
        CHECK(events[i].data.u32 == events[i - 1].data.u32 + 1);
    munmap(pages, 2 * PAGE);
    errno = error;
    return told;
}

static void untold_events_stay(void) {
    static const uint32_t modes[] = {EPOLLET, EPOLLONESHOT, 0};
    struct epoll_event events[SOURCES];

    for (int mode = 0; mode < 3; mode++) {
        int sources[SOURCES], epoll = epoll_create1(0);
        for (int i = 0; i < SOURCES; i++) {
            struct epoll_event event = {.events = EPOLLIN | modes[mode], .data.u32 = i};
            sources[i] = eventfd(1, 0);
            CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, sources[i], &event) == 0);
        }
        FAILS(wait_with_room(epoll, 0), EFAULT);
        CHECK(wait_with_room(epoll, 17) == 17);
        int left = epoll_wait(epoll, events, SOURCES, 0);
        CHECK(left == (modes[mode] ? SOURCES - 17 : SOURCES) && events[0].data.u32 == 17);
        CHECK(epoll_wait(epoll, events, SOURCES, 0) == (modes[mode] ? 0 : SOURCES));
        for (int i = 0; i < SOURCES; i++)
            close(sources[i]);
        close(epoll);
    }
}

/* ---- the last queue there may be ---- */

static void set(const char *name, const char *value) {
    int fd = open(name, O_WRONLY);
    CHECK(fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value));
    close(fd);
}

enum { MAKERS = 4, ROUNDS = 100 };
static pthread_barrier_t barrier;

/* Each round one of the makers gets the one queue. */
static void *make_queues(void *argument) {
    intptr_t made = 0;
    char name[16];

    snprintf(name, sizeof name, "/last-%d", (int)(intptr_t)argument);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&barrier);
        mqd_t queue = mq_open(name, O_CREAT | O_RDWR, 0600, NULL);
        int error = errno;
        pthread_barrier_wait(&barrier);
        if (queue != (mqd_t)-1) {
            made++;
            mq_close(queue);
            mq_unlink(name);
        } else if (error != ENOSPC) {
            made += ROUNDS;
        }
    }
    return (void *)made;
}

static void one_gets_the_last_queue(void) {
    struct mq_attr bad = {0};

    set("/proc/sys/fs/mqueue/queues_max", "1");
    AS_NOBODY({
        pthread_t makers[MAKERS];
        intptr_t made = 0;
        pthread_barrier_init(&barrier, NULL, MAKERS);
        for (intptr_t i = 0; i < MAKERS; i++)
            pthread_create(&makers[i], NULL, make_queues, (void *)i);
        for (int i = 0; i < MAKERS; i++) {
            void *result;
            pthread_join(makers[i], &result);
            made += (intptr_t)result;
        }
        CHECK(made == ROUNDS);
        for (int i = 0; i < 3; i++) /* what could not be made is not counted */
            FAILS(mq_open("/bad", O_CREAT | O_RDWR, 0600, &bad), EINVAL);
        mqd_t queue = mq_open("/good", O_CREAT | O_RDWR, 0600, NULL);
        CHECK(queue != (mqd_t)-1);
        FAILS(mq_open("/another", O_CREAT | O_RDWR, 0600, NULL), ENOSPC);
        FAILS(mq_open("/another", O_CREAT | O_RDWR, 0600, &bad), ENOSPC);
        mq_unlink("/good");
    });
    set("/proc/sys/fs/mqueue/queues_max", "256");
}

/* ---- locked segments count together ---- */

static void locked_segments_count_together(void) {
    AS_NOBODY({
        struct rlimit limit = {4 * PAGE, 4 * PAGE};
        int first = shmget(IPC_PRIVATE, 3 * PAGE - 1, 0600);
        int second = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
        CHECK(first >= 0 && second >= 0 && setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
        CHECK(shmctl(first, SHM_LOCK, NULL) == 0);
        CHECK(shmctl(first, SHM_LOCK, NULL) == 0); /* once only */
        FAILS(shmctl(second, SHM_LOCK, NULL), ENOMEM);
        CHECK(shmctl(first, SHM_UNLOCK, NULL) == 0 && shmctl(first, SHM_UNLOCK, NULL) == 0);
        CHECK(shmctl(second, SHM_LOCK, NULL) == 0);
        FAILS(shmctl(first, SHM_LOCK, NULL), ENOMEM);
        CHECK(shmctl(second, IPC_RMID, NULL) == 0); /* with the segment goes what it counts */
        CHECK(shmctl(first, SHM_LOCK, NULL) == 0 && shmctl(first, IPC_RMID, NULL) == 0);
    });
}

/* ---- shared zeros are promised memory ---- */

static long promised_kib(void) {
    FILE *file = fopen("/proc/meminfo", "r");
    char line[128];
    long kib = -1;
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "Committed_AS: %ld", &kib);
    if (file)
        fclose(file);
    return kib;
}

/* How much more is promised with such a mapping of 64 MiB, in MiB. */
static long promised_by(int flags, int fd) {
    const size_t size = 64 << 20;
    long before = promised_kib();
    void *zeros = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    CHECK(zeros != MAP_FAILED);
    long more = promised_kib() - before;
    munmap(zeros, size);
    long after = promised_kib() - before;
    CHECK(after < 8 << 10);
    return (more + 512) >> 10;
}

static void shared_zeros_are_promised(void) {
    int zero = open("/dev/zero", O_RDWR);
    long anonymous = promised_by(MAP_SHARED | MAP_ANONYMOUS, -1), mapped = promised_by(MAP_SHARED, zero);
    CHECK(anonymous >= 60 && anonymous <= 68);
    CHECK(mapped >= 60 && mapped <= 68);
    CHECK(promised_by(MAP_SHARED | MAP_NORESERVE, zero) < 8);
    close(zero);
}

/* ---- a user's pipes ---- */

static long settable(const char *name) {
    FILE *file = fopen(name, "r");
    long value = -1;
    if (file) {
        fscanf(file, "%ld", &value);
        fclose(file);
    }
    return value;
}

static int pipe_pages(int ends[2]) {
    return pipe(ends) == 0 ? fcntl(ends[0], F_GETPIPE_SZ) / PAGE : -errno;
}

#define SOFT "/proc/sys/fs/pipe-user-pages-soft"
#define HARD "/proc/sys/fs/pipe-user-pages-hard"

static void pipes_are_counted(void) {
    int ours[2];

    CHECK(settable(SOFT) == 16384 && settable(HARD) == 0);
    set(SOFT, "40"), set(HARD, "44");
    AS_NOBODY({
        int ends[5][2];
        int one[2];
        CHECK(pipe_pages(ends[0]) == 16 && pipe_pages(ends[1]) == 16);
        CHECK(pipe_pages(ends[2]) == 2 && pipe_pages(ends[3]) == 2); /* 36 */
        FAILS(fcntl(ends[2][0], F_SETPIPE_SZ, 8 * PAGE), EPERM);
        CHECK(fcntl(ends[2][0], F_SETPIPE_SZ, 4 * PAGE) == 4 * PAGE); /* 38 */
        CHECK(fcntl(ends[2][0], F_SETPIPE_SZ, 2 * PAGE) == 2 * PAGE);
        for (int pages = 38; pages <= 44; pages += 2)
            CHECK(pipe_pages(one) == 2);
        CHECK(pipe_pages(one) == -ENFILE);
        CHECK(fcntl(ends[0][0], F_SETPIPE_SZ, PAGE) == PAGE); /* less is always granted */
        CHECK(pipe_pages(one) == 2);
        close(ends[1][0]), close(ends[1][1]); /* 15 */
        CHECK(pipe_pages(one) == 16);
    });
    AS_NOBODY({
        int ends[2];
        CHECK(pipe_pages(ends) == 16); /* nothing is left over */
    });
    set(SOFT, "1"), set(HARD, "1");
    CHECK(pipe_pages(ours) == 16 && fcntl(ours[0], F_SETPIPE_SZ, 32 * PAGE) == 32 * PAGE); /* root */
    close(ours[0]), close(ours[1]);
    set(SOFT, "16384"), set(HARD, "0");
}

static const struct part parts[] = {
    PART(untold_events_stay), PART(one_gets_the_last_queue), PART(locked_segments_count_together),
    PART(shared_zeros_are_promised), PART(pipes_are_counted),
};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (chdir("/tmp") != 0)
        return 2;
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
