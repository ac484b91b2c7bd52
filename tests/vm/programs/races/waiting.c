/* Futexes: a wake-up that gets lost leaves somebody waiting, and the part hangs. */
#include "races.h"

#include <sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/* futex(2) */
enum {
    FUTEX_WAIT_PRIVATE = 128,
    FUTEX_WAKE_PRIVATE = 129,
    FUTEX_CMP_REQUEUE_PRIVATE = 132,
    FUTEX_WAKE_OP_PRIVATE = 133,
    FUTEX_LOCK_PI_PRIVATE = 134,
    FUTEX_UNLOCK_PI_PRIVATE = 135,
    FUTEX_TRYLOCK_PI_PRIVATE = 136,
    FUTEX_WAIT_BITSET_PRIVATE = 137,
    FUTEX_WAKE_BITSET_PRIVATE = 138,
};
#define ADD_1_WAKE_IF_GE_0 (1u << 28 | 5u << 24 | 1u << 12) /* operation, comparison, operand, what is compared with */

static long futex(atomic_uint *word, int operation, unsigned value, const struct timespec *timeout, atomic_uint *word2,
                  unsigned value3) {
    return syscall(SYS_futex, word, operation, value, timeout, word2, value3);
}

/* ---- tokens go round ---- */

#define RING 6u

static atomic_uint tokens[RING];  /* waiting at each */
static atomic_uint crowd, parked; /* threads that wait at `crowd` may be moved to `parked` */
static atomic_uint made, taken;

static void put_token(unsigned place) {
    atomic_fetch_add(&tokens[place], 1);
    CHECK(futex(&tokens[place], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) >= 0);
}

/* Without a timeout: a lost wake-up would last for ever. */
static void take_token(struct job *job, unsigned place) {
    for (;;) {
        unsigned there = atomic_load(&tokens[place]);
        if (there > 0 && atomic_compare_exchange_strong(&tokens[place], &there, there - 1))
            return;
        if (there > 0)
            continue;
        struct timespec soon = {0, (long)(1 + pick(job, 300)) * 1000};
        bool limited = pick(job, 3) == 0;
        long result = futex(&tokens[place], FUTEX_WAIT_PRIVATE, 0, limited ? &soon : NULL, NULL, 0);
        CHECK(result == 0 || errno == EAGAIN || errno == EINTR || (limited && errno == ETIMEDOUT));
    }
}

static atomic_bool ring_over;

/* Each passes what it gets; the first one ends the round, with a token for each that still waits. */
static void pass_on(struct job *job) {
    unsigned place = job->index;
    if (place < 3)
        put_token(place);
    for (;;) {
        take_token(job, place);
        if (place == 0 && !time_left())
            atomic_store(&ring_over, true);
        bool over = atomic_load(&ring_over); /* before the token goes: who gets it sees the same */
        put_token((place + 1) % RING);
        if (over)
            return;
    }
}

/* ---- a crowd is woken, moved, and woken ---- */

static atomic_uint crowd_left;
#define CROWD 6u

static void wait_in_crowd(struct job *job) {
    while (time_left()) {
        unsigned now = atomic_load(&crowd);
        bool bits = pick(job, 2);
        long result = bits ? futex(&crowd, FUTEX_WAIT_BITSET_PRIVATE, now, NULL, NULL, 1u << job->index)
                           : futex(&crowd, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
        CHECK(result == 0 || errno == EAGAIN || errno == EINTR);
    }
    atomic_fetch_sub(&crowd_left, 1);
}

static void move_crowd(struct job *job) {
    while (atomic_load(&crowd_left) > 0) {
        unsigned now = atomic_load(&crowd);
        switch (pick(job, 3)) {
        case 0:
            (void)syscall(SYS_futex, &crowd, FUTEX_CMP_REQUEUE_PRIVATE, 1, 100L, &parked, now);
            break;
        case 1: /* adds 1 to `parked`, and wakes at both */
            CHECK(syscall(SYS_futex, &crowd, FUTEX_WAKE_OP_PRIVATE, 2, 2L, &parked,
                          ADD_1_WAKE_IF_GE_0) >= 0);
            break;
        default:
            (void)futex(&crowd, FUTEX_WAKE_BITSET_PRIVATE, 2, NULL, NULL, pick(job, 64) + 1);
        }
        if (pick(job, 4) == 0) {
            atomic_fetch_add(&crowd, 1);
            CHECK(futex(&crowd, FUTEX_WAKE_PRIVATE, 1000, NULL, NULL, 0) >= 0);
            CHECK(futex(&parked, FUTEX_WAKE_PRIVATE, 1000, NULL, NULL, 0) >= 0);
        }
        sched_yield();
    }
}

static void ring_or_crowd(struct job *job) {
    if (job->index < RING)
        pass_on(job);
    else if (job->index < RING + CROWD)
        wait_in_crowd(job);
    else
        move_crowd(job);
}

void race_futexes(void) {
    atomic_store(&crowd_left, CROWD);
    run_threads(RING + CROWD + 1, ring_or_crowd);
    unsigned left = 0;
    for (unsigned i = 0; i < RING; i++)
        left += atomic_load(&tokens[i]);
    CHECK(left == 3); /* none lost, none doubled */
}

/* ---- locks whose waiters lend their priority ---- */

#define PI_LOCKS 3u

static struct pi_lock {
    atomic_uint word; /* 0 or the holder's number, and a bit for waiters */
    unsigned before, after; /* equal but while it is held */
} pi_locks[PI_LOCKS];

static bool pi_lock(struct job *job, struct pi_lock *lock) {
    unsigned free = 0, self = (unsigned)gettid();
    struct timespec soon;
    if (atomic_compare_exchange_strong(&lock->word, &free, self))
        return true;
    bool limited = pick(job, 2);
    if (pick(job, 4) == 0)
        return futex(&lock->word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec = (soon.tv_nsec + (long)pick(job, 300) * 1000) % 1000000000;
    long result = futex(&lock->word, FUTEX_LOCK_PI_PRIVATE, 0, limited ? &soon : NULL, NULL, 0);
    CHECK(result == 0 || (limited && errno == ETIMEDOUT));
    return result == 0;
}

static void pi_unlock(struct pi_lock *lock) {
    unsigned self = (unsigned)gettid();
    if (!atomic_compare_exchange_strong(&lock->word, &self, 0))
        CHECK(futex(&lock->word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
}

static void change_priority(struct job *job) {
    unsigned priority = pick(job, 4);
    struct sched_param param = {.sched_priority = (int)priority};
    (void)syscall(SYS_sched_setscheduler, 0, priority > 0 ? SCHED_RR : SCHED_OTHER, &param); /* not everybody may */
}

/* In ascending order, so that chains of holders form but no circles. */
static void lend(struct job *job) {
    while (time_left()) {
        bool held[PI_LOCKS];
        for (unsigned i = 0; i < PI_LOCKS; i++) {
            held[i] = pick(job, 2) && pi_lock(job, &pi_locks[i]);
            if (held[i])
                CHECK(pi_locks[i].before++ == pi_locks[i].after);
        }
        if (pick(job, 8) == 0)
            change_priority(job);
        if (pick(job, 4) == 0)
            nap_us(pick(job, 100));
        for (unsigned i = PI_LOCKS; i-- > 0;) {
            if (!held[i])
                continue;
            pi_locks[i].after++;
            pi_unlock(&pi_locks[i]);
        }
    }
}

void race_inheritance(void) {
    run_threads(8, lend);
    for (unsigned i = 0; i < PI_LOCKS; i++)
        CHECK(atomic_load(&pi_locks[i].word) == 0 && pi_locks[i].before == pi_locks[i].after);
}

/* ---- robust mutexes whose holders die ---- */

static struct robust {
    pthread_mutex_t mutex;
    unsigned before, after; /* equal, or the holder died between them */
    atomic_uint deaths, found;
} *robust;

static void lock_and_die(struct job *job) {
    unsigned until = pick(job, 50);
    for (unsigned i = 0;; i++) {
        int result = pthread_mutex_lock(&robust->mutex);
        CHECK(result == 0 || result == EOWNERDEAD);
        if (result == EOWNERDEAD) {
            atomic_fetch_add(&robust->found, 1);
            robust->after = robust->before;
            CHECK(pthread_mutex_consistent(&robust->mutex) == 0);
        }
        CHECK(robust->before == robust->after);
        robust->before++;
        if (i == until || !time_left())
            break;
        robust->after++;
        CHECK(pthread_mutex_unlock(&robust->mutex) == 0);
    }
    atomic_fetch_add(&robust->deaths, 1);
    if (pick(job, 2))
        kill(getpid(), SIGKILL);
    _exit(0); /* with the mutex */
}

static void breed(struct job *job) {
    while (time_left()) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0)
            lock_and_die(job);
        (void)pick(job, 2); /* the next child draws other numbers */
        int status;
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    }
}

void race_robust(void) {
    pthread_mutexattr_t attributes;
    robust = mmap(NULL, sizeof *robust, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(robust != MAP_FAILED);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust->mutex, &attributes);
    run_processes(5, breed);
    CHECK(pthread_mutex_lock(&robust->mutex) == EOWNERDEAD);
    CHECK(atomic_load(&robust->deaths) == atomic_load(&robust->found) + 1); /* the last one has just been found */
}
