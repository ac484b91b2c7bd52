/* Mappings that change while they are used, copies while they are written, files that shrink while they are seen. */
#include "races.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096u
#define THREADS 6u

/* ---- mappings ---- */

#define OWN_PAGES 40u
#define SHARED_PAGES 64u

static uint8_t *shared_area;

static uint8_t mark(const struct job *job, unsigned page) {
    return (uint8_t)(job->index * 41 + page * 7 + 1);
}

/* Somebody else may do the same to the same pages: any result is right, none may be strange. */
static void disturb(struct job *job) {
    unsigned first = pick(job, SHARED_PAGES), count = 1 + pick(job, SHARED_PAGES - first);
    uint8_t *at = shared_area + first * PAGE, value;
    size_t length = count * PAGE;
    switch (pick(job, 8)) {
    case 0:
        CHECK(mmap(at, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
        break;
    case 1:
        CHECK(mmap(at, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == at);
        break;
    case 2:
        CHECK(mprotect(at, length, pick(job, 2) ? PROT_READ : PROT_READ | PROT_WRITE) == 0 || errno == ENOMEM);
        break;
    case 3:
        CHECK(madvise(at, length, MADV_DONTNEED) == 0 || errno == ENOMEM);
        break;
    case 4: { /* in place: the area stays where it is */
        unsigned to = pick(job, SHARED_PAGES - count + 1);
        uint8_t *target = shared_area + to * PAGE;
        void *moved = mremap(at, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, target);
        CHECK(moved == target || (moved == MAP_FAILED && (errno == EFAULT || errno == EINVAL || errno == ENOMEM)));
        break;
    }
    case 5:
        CHECK(mmap(at, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
        break;
    default:
        for (unsigned i = 0; i < count; i++)
            (void)(pick(job, 2) ? try_write(at + i * PAGE, (uint8_t)i) : try_read(at + i * PAGE, &value));
    }
}

static void fill(struct job *job, uint8_t *own) {
    for (unsigned page = 0; page < OWN_PAGES; page++)
        own[page * PAGE + page] = mark(job, page);
}

static void compare(struct job *job, const uint8_t *own) {
    for (unsigned page = 0; page < OWN_PAGES; page++)
        CHECK(own[page * PAGE + page] == mark(job, page));
}

/* Memory that no other thread knows keeps what was written, whatever happens beside it. */
static void map_and_move(struct job *job) {
    const size_t length = OWN_PAGES * PAGE;
    while (time_left()) {
        uint8_t *own = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(own != MAP_FAILED);
        for (unsigned page = 0; page < OWN_PAGES; page++)
            CHECK(own[page * PAGE + page] == 0);
        fill(job, own);
        disturb(job);
        unsigned at = pick(job, OWN_PAGES);
        CHECK(mprotect(own + at * PAGE, PAGE, PROT_READ) == 0);
        CHECK(!try_write(own + at * PAGE, 1));
        CHECK(mprotect(own, length, PROT_READ | PROT_WRITE) == 0);
        disturb(job);
        own = mremap(own, length, 2 * length, MREMAP_MAYMOVE);
        CHECK(own != MAP_FAILED);
        compare(job, own);
        CHECK(own[length] == 0 && own[2 * length - 1] == 0);
        CHECK(madvise(own + at * PAGE, PAGE, MADV_DONTNEED) == 0);
        CHECK(own[at * PAGE + at] == 0);
        own[at * PAGE + at] = mark(job, at);
        compare(job, own);
        CHECK(munmap(own, 2 * length) == 0);
    }
}

void race_mappings(void) {
    catch_faults();
    shared_area = mmap(NULL, SHARED_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(shared_area != MAP_FAILED);
    run_threads(THREADS, map_and_move);
}

/* ---- copies ---- */

#define COUNTERS 32u

struct counters {
    volatile uint64_t of[THREADS];
    uint8_t rest[PAGE - THREADS * 8];
};
static struct counters *counters;

/* A write that goes to the page the child got is lost to us. */
static void count(struct job *job) {
    uint64_t expected[COUNTERS] = {0};
    while (time_left())
        for (unsigned round = 0; round < 1000; round++) {
            unsigned page = pick(job, COUNTERS);
            CHECK(counters[page].of[job->index] == expected[page]);
            counters[page].of[job->index] = ++expected[page];
        }
}

/* What the child sees may not change any more. */
static void check_copy(void) {
    static uint64_t first[COUNTERS][THREADS];
    for (unsigned page = 0; page < COUNTERS; page++)
        for (unsigned thread = 0; thread < THREADS; thread++)
            first[page][thread] = counters[page].of[thread];
    for (unsigned page = 0; page < COUNTERS; page += 2)
        counters[page].of[0] = first[page][0] += 5;
    sched_yield();
    for (unsigned page = 0; page < COUNTERS; page++)
        for (unsigned thread = 0; thread < THREADS; thread++)
            if (counters[page].of[thread] != first[page][thread])
                _exit(3);
    _exit(0);
}

static void count_or_fork(struct job *job) {
    if (job->index >= 2) {
        count(job);
        return;
    }
    while (time_left()) {
        pid_t pid = fork();
        int status;
        CHECK(pid >= 0);
        if (pid == 0)
            check_copy();
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
}

void race_copies(void) {
    counters = mmap(NULL, sizeof *counters * COUNTERS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(counters != MAP_FAILED);
    run_threads(THREADS, count_or_fork);
}

/* ---- truncation ---- */

#define FILE_PAGES 32u

static uint8_t *views[2]; /* of one file: whole, and cut up by mprotect */
static int file;
static pthread_barrier_t barrier;

static void touch_file(struct job *job) {
    uint8_t *view = views[pick(job, 2)], value;
    for (unsigned i = 0; i < 40; i++) {
        unsigned page = pick(job, FILE_PAGES);
        (void)(pick(job, 2) ? try_write(view + page * PAGE, 0xaa) : try_read(view + page * PAGE, &value));
    }
}

static void cut_up(struct job *job) {
    for (unsigned i = 0; i < 20; i++) {
        unsigned page = pick(job, FILE_PAGES), pages = 1 + pick(job, FILE_PAGES - page);
        CHECK(mprotect(views[1] + page * PAGE, pages * PAGE, pick(job, 2) ? PROT_READ : PROT_READ | PROT_WRITE) == 0);
    }
}

static void resize(struct job *job) {
    for (unsigned i = 0; i < 5; i++)
        CHECK(ftruncate(file, (off_t)(pick(job, FILE_PAGES + 1) * PAGE)) == 0);
    CHECK(ftruncate(file, 0) == 0);
    CHECK(ftruncate(file, FILE_PAGES * PAGE) == 0);
}

/* When all stand still, both views show the file, and not pages that it had before. */
static void compare_views(struct job *job) {
    uint8_t text[FILE_PAGES];
    for (unsigned page = 0; page < FILE_PAGES; page++) {
        text[page] = (uint8_t)(1 + pick(job, 255));
        CHECK(pwrite(file, &text[page], 1, (off_t)(page * PAGE)) == 1);
    }
    for (unsigned page = 0; page < FILE_PAGES; page++)
        CHECK(views[0][page * PAGE] == text[page] && views[1][page * PAGE] == text[page]);
}

static atomic_bool truncation_over;

static void truncate_round(struct job *job) {
    for (;;) {
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD && !time_left())
            atomic_store(&truncation_over, true);
        pthread_barrier_wait(&barrier);
        if (atomic_load(&truncation_over))
            return;
        if (job->index == 0)
            resize(job);
        else if (job->index == 1)
            cut_up(job);
        else
            touch_file(job);
        pthread_barrier_wait(&barrier);
        if (job->index == 0)
            compare_views(job);
    }
}

void race_truncation(void) {
    catch_faults();
    file = open("truncated", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0 && unlink("truncated") == 0);
    for (int i = 0; i < 2; i++) {
        views[i] = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        CHECK(views[i] != MAP_FAILED);
    }
    pthread_barrier_init(&barrier, NULL, 4);
    run_threads(4, truncate_round);
}
