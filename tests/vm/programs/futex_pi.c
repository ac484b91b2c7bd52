/*
 * Locks with priority inheritance and other futex calls, checked the same on Linux and on Astra: prints
 * "ok NAME" or what is wrong. Needs root for real-time priorities.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"

/* linux/futex.h, which the C library does not bring along */
enum {
    FUTEX_WAKE = 1, FUTEX_FD = 2, FUTEX_REQUEUE = 3, FUTEX_LOCK_PI = 6, FUTEX_UNLOCK_PI = 7, FUTEX_TRYLOCK_PI = 8,
    FUTEX_WAIT_REQUEUE_PI = 11, FUTEX_CMP_REQUEUE_PI = 12, FUTEX_LOCK_PI2 = 13,
    PRIVATE = 128, FUTEX_CLOCK_REALTIME = 256,
};
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
struct robust_list {
    struct robust_list *next;
};
struct robust_list_head {
    struct robust_list list;
    long futex_offset;
    struct robust_list *list_op_pending;
};
#define SYS_WAITV 449
#define COMPARISONS 20000
#define MOVES_MAX 500 /* each takes a wait; a loaded machine has time for so many */
#define PATIENCE_MS 30000
#define BLOCKED 30000 /* us: who could go on wrongly mostly has by then */
#define ALARM_S 300   /* then something hangs */

typedef _Atomic uint32_t word_t;

static long futex(word_t *word, int op, uint32_t value, const void *timeout, word_t *second, uint32_t value3) {
    return syscall(SYS_futex, word, op, value, timeout, second, value3);
}
static uint32_t tid(void) {
    return (uint32_t)syscall(SYS_gettid);
}
static struct timespec after_ms(clockid_t clock, long ms) {
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_nsec += ms * 1000000;
    while (time.tv_nsec < 0)
        time.tv_nsec += 1000000000, time.tv_sec--;
    while (time.tv_nsec >= 1000000000)
        time.tv_nsec -= 1000000000, time.tv_sec++;
    return time;
}

/* Fields 3 (state) and 18 (priority) of /proc/TID/stat: of a thread of ours or a child. */
static int stat_of(uint32_t number, char *state) {
    char path[64], text[512] = "";
    int priority = 0;
    snprintf(path, sizeof path, "/proc/%u/stat", number);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fgets(text, sizeof text, file))
        sscanf(strrchr(text, ')') + 2, "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %d", state, &priority);
    fclose(file);
    return priority;
}
static void until_asleep(atomic_uint *number) {
    char state = 0;
    while (state != 'S') {
        if (*number)
            stat_of(*number, &state);
        usleep(1000);
    }
}
static int priority_becomes(uint32_t number, int wanted) {
    char state;
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (stat_of(number, &state) == wanted)
            return 1;
        usleep(1000);
    }
    return 0;
}
static void be(int policy, int priority) {
    struct sched_param param = {.sched_priority = priority};
    CHECK(syscall(SYS_sched_setscheduler, 0, policy, &param) == 0);
}

/* ---- one thread ---- */

static void alone(void) {
    word_t word = 0;
    CHECK(futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0 && word == tid());
    CHECK(futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0) < 0 && errno == EDEADLK);
    CHECK(futex(&word, FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0) < 0 && errno == EDEADLK);
    CHECK(futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0 && word == 0);
    CHECK(futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) < 0 && errno == EPERM);
    CHECK(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0) == 0 && word == tid());
    CHECK(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0 && word == 0);
    word = FUTEX_OWNER_DIED;
    CHECK(futex(&word, FUTEX_LOCK_PI2, 0, NULL, NULL, 0) == 0 && word == (tid() | FUTEX_OWNER_DIED));
    word |= FUTEX_WAITERS;
    CHECK(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0 && word == 0);
}

static void errors(void) {
    word_t word = 0, other = 0;
    struct timespec bad = {0, 1000000000};
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    word = (uint32_t)child; /* names nobody */
    CHECK(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0) < 0 && errno == ESRCH);
    CHECK(word == ((uint32_t)child | FUTEX_WAITERS));
    CHECK(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0) < 0 && errno == ESRCH);
    word = (uint32_t)child | FUTEX_OWNER_DIED;
    CHECK(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0) < 0 && errno == ESRCH);
    CHECK(futex((word_t *)8, FUTEX_LOCK_PI, 0, NULL, NULL, 0) < 0 && errno == EFAULT);
    CHECK(futex((word_t *)8, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) < 0 && errno == EFAULT);
    CHECK(futex((word_t *)((char *)&word + 1), FUTEX_LOCK_PI, 0, NULL, NULL, 0) < 0 && errno == EINVAL);
    CHECK(futex(&word, FUTEX_LOCK_PI, 0, &bad, NULL, 0) < 0 && errno == EINVAL);
    CHECK(futex(&word, FUTEX_LOCK_PI, 0, (void *)8, NULL, 0) < 0 && errno == EFAULT);
    CHECK(futex(&word, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0) < 0 && errno == ENOSYS);
    CHECK(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0) < 0 && errno == ENOSYS);
    CHECK(futex(&word, FUTEX_FD, 0, NULL, NULL, 0) < 0 && errno == ENOSYS);
    CHECK(futex(&word, 14 | PRIVATE, 0, NULL, NULL, 0) < 0 && errno == ENOSYS);
    CHECK(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &word, 0) < 0 && errno == EINVAL);
    CHECK(futex(&word, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, &other, 0) < 0 && errno == EINVAL);
    CHECK(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &other, word + 1) < 0 && errno == EAGAIN);
    CHECK(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &other, word) == 0);
    CHECK(futex(&word, FUTEX_WAIT_REQUEUE_PI, word, NULL, &word, 0) < 0 && errno == EINVAL);
    CHECK(futex(&word, FUTEX_WAIT_REQUEUE_PI, word + 1, NULL, &other, 0) < 0 && errno == EAGAIN);
    struct timespec past = after_ms(CLOCK_MONOTONIC, -5);
    CHECK(futex(&word, FUTEX_WAIT_REQUEUE_PI, word, &past, &other, 0) < 0 && errno == ETIMEDOUT);
}

/* ---- contention ---- */

static word_t lock_word;
static int shared_count, inside;

static void lock(word_t *word) {
    uint32_t expected = 0;
    if (!atomic_compare_exchange_strong(word, &expected, tid()))
        CHECK(futex(word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0);
}
static void unlock(word_t *word) {
    uint32_t expected = tid();
    if (!atomic_compare_exchange_strong(word, &expected, 0))
        CHECK(futex(word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0);
}
static void *count_up(void *rounds) {
    for (long i = 0; i < (long)rounds; i++) {
        lock(&lock_word);
        CHECK(++inside == 1);
        shared_count++;
        if (i % 64 == 0)
            sched_yield();
        inside--;
        unlock(&lock_word);
    }
    return NULL;
}
static void contended(void) {
    pthread_t threads[6];
    for (int i = 0; i < 6; i++)
        pthread_create(&threads[i], NULL, count_up, (void *)2000);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    CHECK(shared_count == 12000 && (lock_word & FUTEX_TID_MASK) == 0);
}

static void library_mutexes(void) {
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attributes);
    CHECK(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    CHECK(pthread_mutex_init(&mutex, &attributes) == 0);
    CHECK(pthread_mutex_lock(&mutex) == 0 && pthread_mutex_lock(&mutex) == EDEADLK);
    CHECK(pthread_mutex_unlock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == EPERM);
}

static word_t held, word_a, word_b;
static atomic_uint holder_tid, waiter_tid, second_tid;
static atomic_int go, order_next, order[8];

static void *holder(void *unused) {
    holder_tid = tid();
    lock(&held);
    go = 1;
    while (go != 2)
        usleep(1000);
    unlock(&held);
    go = 3;
    while (go != 4)
        usleep(1000);
    return NULL;
}
static pthread_t start_holder(void) {
    pthread_t thread;
    go = 0;
    held = 0;
    pthread_create(&thread, NULL, holder, NULL);
    while (go != 1)
        usleep(1000);
    return thread;
}
static void end_holder(pthread_t thread) {
    if (go < 2)
        go = 2;
    while (go != 3)
        usleep(1000);
    go = 4;
    pthread_join(thread, NULL);
}

static void timeouts(void) {
    pthread_t thread = start_holder();
    struct timespec time = after_ms(CLOCK_REALTIME, 20);
    CHECK(futex(&held, FUTEX_LOCK_PI | PRIVATE, 0, &time, NULL, 0) < 0 && errno == ETIMEDOUT);
    CHECK(held == (holder_tid | FUTEX_WAITERS));
    time = after_ms(CLOCK_MONOTONIC, 20);
    CHECK(futex(&held, FUTEX_LOCK_PI2 | PRIVATE, 0, &time, NULL, 0) < 0 && errno == ETIMEDOUT);
    time = after_ms(CLOCK_REALTIME, 20);
    CHECK(futex(&held, FUTEX_LOCK_PI2 | PRIVATE | FUTEX_CLOCK_REALTIME, 0, &time, NULL, 0) < 0 && errno == ETIMEDOUT);
    CHECK(futex(&held, FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0) < 0 && errno == EAGAIN);
    CHECK(futex(&held, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) < 0 && errno == EPERM);
    end_holder(thread);
    CHECK(held == 0);
}

static void *wait_for_held(void *priority) {
    if (priority)
        be(SCHED_FIFO, (int)(long)priority);
    waiter_tid = tid();
    CHECK(futex(&held, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0);
    CHECK((held & FUTEX_TID_MASK) == tid());
    order[order_next++] = (int)(long)priority;
    unlock(&held);
    return NULL;
}
static pthread_t start_waiter(long priority) {
    pthread_t thread;
    waiter_tid = 0;
    pthread_create(&thread, NULL, wait_for_held, (void *)priority);
    until_asleep(&waiter_tid);
    return thread;
}

static void plain_calls_on_a_lock(void) {
    pthread_t thread = start_holder(), waiter = start_waiter(0);
    CHECK(futex(&held, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0) < 0 && errno == EINVAL);
    CHECK(futex(&held, FUTEX_REQUEUE | PRIVATE, 0, (void *)1, &word_a, 0) < 0 && errno == EINVAL);
    CHECK(futex(&held, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, (void *)1, &word_a, held) < 0 && errno == EINVAL);
    end_holder(thread);
    pthread_join(waiter, NULL);
}

static void by_priority(void) {
    static const int wanted[5] = {30, 20, 20, 10, 0};
    pthread_t thread = start_holder(), waiters[5];
    order_next = 0;
    long priorities[5] = {0, 20, 10, 30, 20};
    for (int i = 0; i < 5; i++)
        waiters[i] = start_waiter(priorities[i]);
    end_holder(thread);
    for (int i = 0; i < 5; i++)
        pthread_join(waiters[i], NULL);
    for (int i = 0; i < 5; i++)
        CHECK(order[i] == wanted[i]);
}

/* ---- boosts ---- */

static void boost(void) {
    char state;
    pthread_t thread = start_holder();
    int own = stat_of(holder_tid, &state);
    CHECK(own == 20);
    pthread_t first = start_waiter(40);
    CHECK(priority_becomes(holder_tid, -41));
    uint32_t first_tid = waiter_tid;
    pthread_t second = start_waiter(50);
    CHECK(priority_becomes(holder_tid, -51) && syscall(SYS_sched_getscheduler, holder_tid) == SCHED_OTHER);
    struct sched_param param = {.sched_priority = 60};
    CHECK(syscall(SYS_sched_setscheduler, first_tid, SCHED_FIFO, &param) == 0 && priority_becomes(holder_tid, -61));
    param.sched_priority = 5;
    CHECK(syscall(SYS_sched_setscheduler, first_tid, SCHED_FIFO, &param) == 0 && priority_becomes(holder_tid, -51));
    go = 2;
    while (go != 3)
        usleep(1000);
    CHECK(priority_becomes(holder_tid, own));
    end_holder(thread);
    pthread_join(first, NULL);
    pthread_join(second, NULL);
}

static void *middle(void *unused) {
    second_tid = tid();
    lock(&word_a);
    lock(&held);
    unlock(&held);
    unlock(&word_a);
    return NULL;
}
static atomic_int gave_up;
static void *top(void *timeout_ms) {
    struct timespec time = after_ms(CLOCK_REALTIME, (long)timeout_ms);
    be(SCHED_FIFO, 70);
    waiter_tid = tid();
    if (timeout_ms) {
        CHECK(futex(&word_a, FUTEX_LOCK_PI | PRIVATE, 0, &time, NULL, 0) < 0 && errno == ETIMEDOUT);
        gave_up = 1;
    } else {
        lock(&word_a);
        unlock(&word_a);
    }
    return NULL;
}
/* Whether both were seen boosted before the one that waits for them gave up. */
static int chain_is_boosted(void) {
    char state;
    int first = 0, second = 0;
    for (int i = 0; i < PATIENCE_MS && !gave_up && !(first && second); i++) {
        first |= stat_of(holder_tid, &state) == -71;
        second |= stat_of(second_tid, &state) == -71;
        usleep(1000);
    }
    return first && second;
}
/* timeout_ms: of the waiter at the end of the chain; 0: none. */
static int chain(long timeout_ms) {
    pthread_t thread = start_holder(), second, third;
    second_tid = waiter_tid = 0;
    gave_up = 0;
    word_a = 0;
    pthread_create(&second, NULL, middle, NULL);
    until_asleep(&second_tid);
    pthread_create(&third, NULL, top, (void *)timeout_ms);
    int boosted = chain_is_boosted();
    if (timeout_ms)
        CHECK(priority_becomes(holder_tid, 20) && priority_becomes(second_tid, 20));
    end_holder(thread);
    pthread_join(second, NULL);
    pthread_join(third, NULL);
    CHECK((word_a & FUTEX_TID_MASK) == 0 && (held & FUTEX_TID_MASK) == 0);
    return boosted;
}
static void boost_along_a_chain(void) {
    long timeout_ms = 200;
    CHECK(chain(0));
    int seen = chain(timeout_ms);
    while (!seen && timeout_ms <= PATIENCE_MS) /* it was over before we could look: once more, with more time */
        seen = chain(timeout_ms *= 2);
    CHECK(seen);
}

/* A low thread holds the lock, a middle one takes all of the CPU, a high one waits: the low one must run. */
static atomic_int got_it, spinning;
static void *spin(void *unused) {
    be(SCHED_FIFO, 20);
    spinning = 1;
    struct timespec end = after_ms(CLOCK_MONOTONIC, PATIENCE_MS), now;
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (!got_it && now.tv_sec < end.tv_sec);
    CHECK(got_it);
    return NULL;
}
static void *low(void *unused) {
    lock(&held);
    go = 1;
    while (go != 2)
        ;
    for (volatile int i = 0; i < 1000000; i++)
        ;
    unlock(&held);
    return NULL;
}
static void *high(void *unused) {
    pthread_t spinner;
    be(SCHED_FIFO, 40);
    pthread_create(&spinner, NULL, spin, NULL);
    go = 2;
    lock(&held);
    got_it = 1;
    unlock(&held);
    pthread_join(spinner, NULL);
    return NULL;
}
static void no_inversion(void) {
    cpu_set_t all, one;
    pthread_t threads[2];
    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
    go = 0;
    held = 0;
    pthread_create(&threads[0], NULL, low, NULL);
    while (go != 1)
        usleep(1000);
    pthread_create(&threads[1], NULL, high, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    CHECK(got_it);
    sched_setaffinity(0, sizeof all, &all);
}

/* ---- circles ---- */

static void *hold_b_want_a(void *unused) {
    lock(&word_b);
    second_tid = tid();
    while (!go)
        usleep(1000);
    lock(&word_a);
    unlock(&word_a);
    unlock(&word_b);
    return NULL;
}
static void circle(void) {
    pthread_t thread;
    go = 0;
    second_tid = 0;
    word_a = word_b = 0;
    lock(&word_a);
    pthread_create(&thread, NULL, hold_b_want_a, NULL);
    while (!second_tid)
        usleep(1000);
    go = 1;
    until_asleep(&second_tid);
    while (!(word_a & FUTEX_WAITERS))
        usleep(1000);
    until_asleep(&second_tid); /* now for the lock, and nothing else */
    CHECK(futex(&word_b, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0) < 0 && errno == EDEADLK);
    unlock(&word_a);
    pthread_join(thread, NULL);
}

/* ---- owners that die ---- */

struct entry {
    struct robust_list list;
    word_t word;
};
static struct entry robust_lock;
static struct robust_list_head robust_head;

static void *die_with_robust(void *unused) {
    robust_head = (struct robust_list_head){.list = {(void *)((uintptr_t)&robust_lock.list | 1)},
                                            .futex_offset = offsetof(struct entry, word)};
    robust_lock.list.next = &robust_head.list;
    CHECK(syscall(SYS_set_robust_list, &robust_head, sizeof robust_head) == 0);
    CHECK(syscall(SYS_set_robust_list, &robust_head, sizeof robust_head - 1) < 0 && errno == EINVAL);
    lock(&robust_lock.word);
    go = 1;
    while (go != 2)
        usleep(1000);
    syscall(SYS_exit, 0);
    return NULL;
}
static void *die_holding(void *unused) {
    lock(&robust_lock.word);
    go = 1;
    while (go != 2)
        usleep(1000);
    return NULL;
}
static void *inherit(void *unused) {
    waiter_tid = tid();
    CHECK(futex(&robust_lock.word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0);
    CHECK((robust_lock.word & (FUTEX_TID_MASK | FUTEX_OWNER_DIED)) == (tid() | FUTEX_OWNER_DIED));
    robust_lock.word &= ~FUTEX_OWNER_DIED;
    unlock(&robust_lock.word);
    return NULL;
}
static void dead_owner(void *(*owner)(void *)) {
    pthread_t threads[2];
    go = 0;
    waiter_tid = 0;
    robust_lock.word = 0;
    pthread_create(&threads[0], NULL, owner, NULL);
    while (go != 1)
        usleep(1000);
    pthread_create(&threads[1], NULL, inherit, NULL);
    until_asleep(&waiter_tid);
    go = 2;
    pthread_join(threads[1], NULL);
    if (owner != die_with_robust)
        pthread_join(threads[0], NULL);
    CHECK((robust_lock.word & (FUTEX_TID_MASK | FUTEX_OWNER_DIED)) == 0);
}
static void robust_owner_dies(void) {
    dead_owner(die_with_robust);
}
static void plain_owner_dies(void) {
    dead_owner(die_holding);
}

struct between {
    word_t word;
    atomic_int step;
};
static void other_process_dies(void) {
    struct between *between = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t owner = fork();
    if (owner == 0) {
        futex(&between->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
        between->step = 1;
        for (;;)
            pause();
    }
    while (between->step != 1)
        usleep(1000);
    pid_t waiters[3];
    for (int i = 0; i < 3; i++) {
        waiters[i] = fork();
        if (waiters[i] == 0) {
            int died = futex(&between->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0 && (between->word & FUTEX_OWNER_DIED);
            between->word &= ~FUTEX_OWNER_DIED;
            _exit(futex(&between->word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0 ? died : 9);
        }
        atomic_uint number = (unsigned)waiters[i];
        until_asleep(&number);
    }
    kill(waiters[2], SIGKILL);
    waitpid(waiters[2], NULL, 0); /* gone before it can inherit the lock, and die with it */
    kill(owner, SIGKILL);
    int deaths = 0, status;
    waitpid(owner, NULL, 0);
    for (int i = 0; i < 2; i++) {
        CHECK(waitpid(waiters[i], &status, 0) == waiters[i] && WIFEXITED(status) && WEXITSTATUS(status) < 2);
        deaths += WEXITSTATUS(status);
    }
    CHECK(deaths == 1);
    munmap(between, 4096);
}

/* ---- condition variables ---- */

static word_t condition;
static atomic_int woken, queued;

static void *wait_for_condition(void *unused) {
    lock(&lock_word);
    uint32_t value = condition;
    queued++;
    waiter_tid = tid();
    unlock(&lock_word);
    CHECK(futex(&condition, FUTEX_WAIT_REQUEUE_PI | PRIVATE, value, NULL, &lock_word, 0) == 0);
    CHECK((lock_word & FUTEX_TID_MASK) == tid() && ++inside == 1);
    woken++;
    sched_yield();
    inside--;
    unlock(&lock_word);
    return NULL;
}
static void requeue(void) {
    for (int held_by_us = 0; held_by_us < 2; held_by_us++) {
        pthread_t threads[5];
        inside = woken = queued = 0;
        lock_word = 0;
        for (int i = 0; i < 5; i++) {
            waiter_tid = 0;
            pthread_create(&threads[i], NULL, wait_for_condition, NULL);
            until_asleep(&waiter_tid);
        }
        CHECK(futex(&condition, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0) < 0 && errno == EINVAL);
        CHECK(futex(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, (void *)1, &word_b, condition) < 0 && errno == EINVAL);
        if (held_by_us)
            lock(&lock_word);
        uint32_t value = ++condition;
        CHECK(futex(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, (void *)1, &lock_word, value) == 2);
        CHECK(futex(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, (void *)(long)INT_MAX, &lock_word, value) == 3);
        if (held_by_us) {
            usleep(BLOCKED);
            CHECK(woken == 0);
            unlock(&lock_word);
        }
        for (int i = 0; i < 5; i++)
            pthread_join(threads[i], NULL);
        CHECK(woken == 5 && (lock_word & FUTEX_TID_MASK) == 0);
    }
}

static void *wait_and_give_up(void *timeout_ms) {
    struct timespec time = after_ms(CLOCK_MONOTONIC, (long)timeout_ms);
    waiter_tid = tid();
    CHECK(futex(&condition, FUTEX_WAIT_REQUEUE_PI | PRIVATE, condition, &time, &held, 0) < 0 && errno == ETIMEDOUT);
    gave_up = 1;
    return NULL;
}
/* Whether the waiter could be moved before its time was over. */
static int moved_in_time(long timeout_ms) {
    pthread_t waiter;
    long moved = 0;
    gave_up = 0;
    waiter_tid = 0;
    pthread_create(&waiter, NULL, wait_and_give_up, (void *)timeout_ms);
    while (!gave_up && moved == 0) {
        moved = futex(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, (void *)1, &held, condition);
        usleep(1000);
    }
    pthread_join(waiter, NULL);
    CHECK(moved == 0 || moved == 1);
    return moved == 1;
}
static void requeued_and_timed_out(void) {
    pthread_t thread = start_holder();
    long timeout_ms = 300;
    int moved = moved_in_time(timeout_ms);
    while (!moved && timeout_ms <= PATIENCE_MS)
        moved = moved_in_time(timeout_ms *= 2);
    CHECK(moved);
    end_holder(thread);
}

/* ---- signals ---- */

static atomic_int signals;
static void note(int signal) {
    signals++;
}
static void interrupted(void) {
    struct sigaction action = {.sa_handler = note};
    sigaction(SIGUSR1, &action, NULL);
    pthread_t thread = start_holder(), waiter = start_waiter(0);
    pthread_kill(waiter, SIGUSR1);
    while (!signals)
        usleep(1000);
    until_asleep(&waiter_tid); /* it waits again, with SA_RESTART or without */
    end_holder(thread);
    pthread_join(waiter, NULL);
}

/* ---- many words ---- */

struct waitv {
    uint64_t value, address;
    uint32_t flags, reserved;
};
static word_t words[3];
static void *wake_second(void *unused) {
    until_asleep(&waiter_tid);
    while (futex(&words[1], FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0) == 0)
        usleep(1000);
    return NULL;
}
static long waitv(struct waitv *entries, unsigned count, unsigned flags, struct timespec *time, int clock) {
    return syscall(SYS_WAITV, entries, count, flags, time, clock);
}
static void many_words(void) {
    struct waitv entries[129];
    struct timespec soon = after_ms(CLOCK_MONOTONIC, 20), real = after_ms(CLOCK_REALTIME, 20);
    pthread_t thread;
    for (int i = 0; i < 129; i++)
        entries[i] = (struct waitv){0, (uintptr_t)&words[i % 3], 2 | PRIVATE, 0};
    CHECK(waitv(entries, 3, 0, &soon, CLOCK_MONOTONIC) < 0 && errno == ETIMEDOUT);
    CHECK(waitv(entries, 128, 0, &real, CLOCK_REALTIME) < 0 && errno == ETIMEDOUT);
    CHECK(waitv(entries, 129, 0, &soon, CLOCK_MONOTONIC) < 0 && errno == EINVAL);
    CHECK(waitv(entries, 0, 0, &soon, CLOCK_MONOTONIC) < 0 && errno == EINVAL);
    CHECK(waitv(entries, 3, 1, &soon, CLOCK_MONOTONIC) < 0 && errno == EINVAL);
    CHECK(waitv(NULL, 3, 0, NULL, 0) < 0 && errno == EINVAL);
    CHECK(waitv((void *)8, 3, 0, NULL, 0) < 0 && errno == EFAULT);
    CHECK(waitv(entries, 3, 0, &soon, CLOCK_BOOTTIME) < 0 && errno == EINVAL);
    entries[2].value = 1;
    CHECK(waitv(entries, 3, 0, NULL, 0) < 0 && errno == EAGAIN);
    entries[2].value = 0;
    entries[1].reserved = 1;
    CHECK(waitv(entries, 3, 0, NULL, 0) < 0 && errno == EINVAL);
    entries[1].reserved = 0;
    entries[1].flags = PRIVATE | 0x40;
    CHECK(waitv(entries, 3, 0, NULL, 0) < 0 && errno == EINVAL);
    entries[1].flags = 2; /* not private: found all the same in private memory */
    entries[1].flags |= PRIVATE;
    waiter_tid = tid();
    pthread_create(&thread, NULL, wake_second, NULL);
    CHECK(waitv(entries, 3, 0, NULL, 0) == 1);
    pthread_join(thread, NULL);
}

/* ---- plain waiters ---- */

static word_t first_word, second_word;
static atomic_uint sleepers[2], returned;
static char returns[2];

static void *wait_plainly(void *number) {
    long i = (long)number;
    if (i == 1)
        be(SCHED_FIFO, 5);
    sleepers[i] = tid();
    CHECK(futex(i == 0 ? &second_word : &first_word, 0 | PRIVATE, 0, NULL, NULL, 0) == 0);
    returns[atomic_fetch_add(&returned, 1)] = (char)('a' + i);
    return NULL;
}

static void start_sleepers(pthread_t threads[2]) {
    sleepers[0] = sleepers[1] = returned = 0;
    for (long i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, wait_plainly, (void *)i);
        until_asleep(&sleepers[i]);
    }
}

static void join_sleepers(pthread_t threads[2]) {
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
}

/* Who asks for none, or fewer, to be woken wakes one. */
static void none_is_one(void) {
    pthread_t threads[2];
    start_sleepers(threads);
    CHECK(futex(&first_word, FUTEX_WAKE | PRIVATE, 0, NULL, NULL, 0) == 1);
    CHECK(futex(&second_word, FUTEX_WAKE | PRIVATE, (uint32_t)-5, NULL, NULL, 0) == 1);
    CHECK(futex(&first_word, FUTEX_WAKE | PRIVATE, 0, NULL, NULL, 0) == 0);
    join_sleepers(threads);
    start_sleepers(threads);
    CHECK(futex(&first_word, 5 /* FUTEX_WAKE_OP: word2 = 0; if it was 0 */ | PRIVATE, 0, NULL, &second_word, 0) == 2);
    join_sleepers(threads);
}

/* Real-time threads go before others also where they were moved to. */
static void moved_by_priority(void) {
    pthread_t threads[2];
    start_sleepers(threads);
    CHECK(futex(&first_word, FUTEX_REQUEUE | PRIVATE, 0, (void *)1, &second_word, 0) == 1);
    CHECK(futex(&second_word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0) == 1);
    while (returned == 0)
        usleep(1000);
    CHECK(returns[0] == 'b');
    CHECK(futex(&second_word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0) == 1);
    join_sleepers(threads);
}

static _Atomic uint32_t awaited, turns;
static atomic_int comparing, await_over;

static void *await_each(void *unused) {
    while (comparing) {
        awaited = first_word;
        (void)futex(&first_word, 0 | PRIVATE, awaited, NULL, NULL, 0);
        turns++;
    }
    await_over = 1;
    return unused;
}

static void *change_it(void *unused) {
    while (comparing) {
        first_word++;
        CHECK(futex(&first_word, FUTEX_WAKE | PRIVATE, INT_MAX, NULL, NULL, 0) >= 0);
    }
    return unused;
}

/* Whether the waiter goes on; the word changes and is woken at all the time. */
static int next_turn(void) {
    uint32_t now = turns;
    for (int i = 0; i < PATIENCE_MS && turns == now; i++)
        usleep(1000);
    return turns != now;
}

/*
 * Only who waits for the value that was compared with is moved to where nobody else wakes him. One that is about to find
 * another value may be counted too: he leaves by himself.
 */
static void compared_and_moved(void) {
    pthread_t threads[2];
    comparing = 1;
    pthread_create(&threads[0], NULL, await_each, NULL);
    pthread_create(&threads[1], NULL, change_it, NULL);
    for (int i = 0, moves = 0; i < COMPARISONS && moves < MOVES_MAX; i++) {
        uint32_t value = first_word;
        long moved = futex(&first_word, 4 /* FUTEX_CMP_REQUEUE */ | PRIVATE, 0, (void *)1, &second_word, value);
        CHECK(moved >= 0 || errno == EAGAIN);
        if (moved != 1)
            continue;
        moves++;
        if (awaited == value)
            CHECK(futex(&second_word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0) >= 0);
        if (next_turn())
            continue;
        CHECK(!"the waiter goes on");
        break;
    }
    comparing = 0; /* the changer's last wake-up may come before the waiter's last wait */
    pthread_join(threads[1], NULL);
    while (!await_over) {
        futex(&first_word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0);
        futex(&second_word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0);
        usleep(1000);
    }
    pthread_join(threads[0], NULL);
    first_word = 0;
}

static void robust_lists(void) {
    struct robust_list_head *head, mine;
    size_t size;
    CHECK(syscall(SYS_set_robust_list, &mine, sizeof mine) == 0);
    mine.list.next = &mine.list;
    mine.list_op_pending = NULL;
    CHECK(syscall(SYS_get_robust_list, 0, &head, &size) == 0 && head == &mine && size == sizeof mine);
    CHECK(syscall(SYS_get_robust_list, tid(), &head, &size) == 0 && head == &mine);
    CHECK(syscall(SYS_get_robust_list, INT_MAX, &head, &size) < 0 && errno == ESRCH);
    CHECK(syscall(SYS_get_robust_list, 0, (void *)8, &size) < 0 && errno == EFAULT);
    CHECK(syscall(SYS_get_robust_list, 0, &head, (void *)8) < 0 && errno == EFAULT);
}

static const struct part parts[] = {
    PART(alone), PART(errors), PART(contended), PART(library_mutexes), PART(timeouts), PART(plain_calls_on_a_lock),
    PART(by_priority), PART(boost), PART(boost_along_a_chain), PART(no_inversion), PART(circle),
    PART(robust_owner_dies), PART(plain_owner_dies), PART(other_process_dies), PART(requeue),
    PART(requeued_and_timed_out), PART(interrupted), PART(many_words), PART(robust_lists),
    PART(none_is_one), PART(moved_by_priority), PART(compared_and_moved),
};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    alarm(ALARM_S);
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
