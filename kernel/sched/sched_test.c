#include "kernel/debug/selftest.h"
#include "kernel/sched/completion.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/sched/work.h"
#include "kernel/sync/rcu.h"
#include "kernel/time/clock.h"
#include "lib/errno.h"

DEFINE_LOCK_CLASS(test_mutex_class, "test mutex");
DEFINE_LOCK_CLASS(test_rwsem_class, "test rwsem");

/* ---- sleeping and waking ---- */

static struct completion started, finished;

static void signal_both(void *argument) {
    (void)argument;
    completion_done(&started);
    completion_done(&finished);
}

SELFTEST(sched_threads, "sched.threads") {
    for (int i = 0; i < 200; i++) { /* also: stacks and structures come back */
        completion_init(&started);
        completion_init(&finished);
        CHECK(thread_spawn("test", signal_both, NULL) != NULL);
        completion_wait(&started);
        completion_wait(&finished);
    }
}

SELFTEST(sched_timeout, "sched.timeout") {
    struct wait_queue queue;
    wait_queue_init(&queue);
    uint64_t before_ns = clock_monotonic_ns();
    CHECK(WAIT_EVENT_INTERRUPTIBLE(&queue, false, before_ns + 5 * NS_PER_MS) == -ETIMEDOUT);
    uint64_t taken_ns = clock_monotonic_ns() - before_ns;
    CHECK(taken_ns >= 5 * NS_PER_MS);
    CHECK(WAIT_EVENT_INTERRUPTIBLE(&queue, true, before_ns) == 0);
}

static struct wait_queue exclusive_queue;
static uint32_t exclusive_passed, exclusive_waiting;

static void wait_exclusively(void *argument) {
    struct wait_entry entry = {.exclusive = true};
    (void)argument;
    wait_prepare(&exclusive_queue, &entry, THREAD_BLOCKED);
    atomic_fetch_add(&exclusive_waiting, 1u);
    schedule();
    wait_finish(&exclusive_queue, &entry);
    atomic_fetch_add(&exclusive_passed, 1u);
}

SELFTEST(sched_exclusive, "sched.wake-one") {
    wait_queue_init(&exclusive_queue);
    exclusive_passed = exclusive_waiting = 0;
    for (int i = 0; i < 3; i++)
        CHECK(thread_spawn("test", wait_exclusively, NULL) != NULL);
    while (atomic_load(&exclusive_waiting) < 3)
        sched_yield();
    for (uint32_t i = 1; i <= 3; i++) {
        wait_wake_one(&exclusive_queue);
        while (atomic_load(&exclusive_passed) < i)
            sched_yield();
        for (int again = 0; again < 5; again++)
            sched_yield();
        CHECK(atomic_load(&exclusive_passed) == i);
    }
}

/* ---- order ---- */

#define RUNNERS 3
static char order[RUNNERS + 1];
static uint32_t order_count;
static struct completion order_done;

static void note_turn(void *argument) {
    order[order_count++] = *(const char *)argument;
    if (order_count == RUNNERS)
        completion_done(&order_done);
}

/* Keeps the test's thread on the CPU it is on: what shares a CPU is to be compared. Returns its mask. */
static uint64_t stay_here(void) {
    uint64_t here = BIT(cpu_id());
    sched_set_affinity(current_thread(), here);
    return here;
}

static void go_anywhere(void) {
    sched_set_affinity(current_thread(), UINT64_MAX);
}

/* Nobody is preempted in the kernel: they are all queued before the first runs. */
SELFTEST(sched_realtime, "sched.realtime-order") {
    uint64_t here = stay_here();
    static const char names[RUNNERS] = {'f', 'l', 'h'};
    completion_init(&order_done);
    order_count = 0;
    for (unsigned i = 0; i < RUNNERS; i++) {
        struct thread *thread = thread_spawn_on("test", note_turn, (void *)(uintptr_t)&names[i], here);
        CHECK(thread != NULL);
        if (names[i] != 'f')
            sched_set_policy(thread, SCHED_FIFO, names[i] == 'h' ? 50 : 10);
    }
    completion_wait(&order_done);
    go_anywhere();
    CHECK(order[0] == 'h' && order[1] == 'l' && order[2] == 'f');
}

/* Nice 0 and nice 5: their weights, and how far apart the weighted times may drift. */
#define PLAIN_WEIGHT 1024u
#define NICE_WEIGHT 335u
#define DRIFT_NS (10 * NS_PER_MS)

static struct turns {
    uint64_t ran_ns, longest_ns; /* as charged; a stalled host makes one turn long: the others make up for it */
} plain_turns, nice_turns;
static bool turns_stop;
static uint32_t spinners;

static void take_turns(void *argument) {
    struct turns *turns = argument;
    const struct thread *self = current_thread();
    while (!atomic_load(&turns_stop)) {
        clock_delay_us(50);
        sched_reschedule(); /* as the exit path would: the fairest runs next */
        uint64_t ran_ns = self->cpu_time.total_ns;
        turns->longest_ns = MAX(turns->longest_ns, ran_ns - turns->ran_ns);
        atomic_store(&turns->ran_ns, ran_ns);
    }
    atomic_fetch_sub(&spinners, 1u);
}

SELFTEST(sched_fair, "sched.fair-share") {
    struct wait_queue never;
    wait_queue_init(&never);
    plain_turns = nice_turns = (struct turns){0};
    turns_stop = false;
    spinners = 2;
    uint64_t here = stay_here();
    struct thread *plain = thread_spawn_on("test", take_turns, &plain_turns, here);
    struct thread *nice = thread_spawn_on("test", take_turns, &nice_turns, here);
    CHECK(plain != NULL && nice != NULL);
    sched_set_nice(nice, 5);
    int result;
    do /* one turn may last so long that the other has none yet */
        result = WAIT_EVENT_INTERRUPTIBLE(&never, false, clock_monotonic_ns() + 80 * NS_PER_MS);
    while (result == -ETIMEDOUT && (atomic_load(&plain_turns.ran_ns) == 0 || atomic_load(&nice_turns.ran_ns) == 0));
    atomic_store(&turns_stop, true);
    while (atomic_load(&spinners) != 0)
        sched_yield();
    CHECK(result == -ETIMEDOUT);
    go_anywhere();

    int64_t nice_weighted_ns = (int64_t)(nice_turns.ran_ns * PLAIN_WEIGHT / NICE_WEIGHT);
    int64_t apart_ns = (int64_t)plain_turns.ran_ns - nice_weighted_ns;
    uint64_t longest_ns = plain_turns.longest_ns + nice_turns.longest_ns * PLAIN_WEIGHT / NICE_WEIGHT;
    CHECK((uint64_t)(apart_ns < 0 ? -apart_ns : apart_ns) <= DRIFT_NS + longest_ns);
}

/* ---- sleeping locks ---- */

static struct mutex test_mutex;
static struct rwsem test_rwsem;
static uint64_t guarded;
static uint32_t lockers;

static void count_under_mutex(void *argument) {
    (void)argument;
    for (int i = 0; i < 50; i++) {
        mutex_lock(&test_mutex);
        uint64_t value = guarded;
        sched_yield(); /* others get the CPU, but not the lock */
        guarded = value + 1;
        mutex_unlock(&test_mutex);
    }
    atomic_fetch_sub(&lockers, 1u);
}

SELFTEST(sched_mutex, "sched.mutex") {
    mutex_init(&test_mutex, test_mutex_class);
    guarded = 0;
    lockers = 4;
    for (int i = 0; i < 4; i++)
        CHECK(thread_spawn("test", count_under_mutex, NULL) != NULL);
    while (atomic_load(&lockers) != 0)
        sched_yield();
    CHECK(guarded == 200);
    CHECK(mutex_trylock(&test_mutex) && mutex_is_held(&test_mutex));
    mutex_unlock(&test_mutex);
}

static void write_under_rwsem(void *argument) {
    (void)argument;
    for (int i = 0; i < 20; i++) {
        rwsem_write_lock(&test_rwsem);
        guarded++;
        sched_yield();
        guarded++; /* even again: readers never see it odd */
        rwsem_write_unlock(&test_rwsem);
        sched_yield();
    }
    atomic_fetch_sub(&lockers, 1u);
}

SELFTEST(sched_rwsem, "sched.rwsem") {
    rwsem_init(&test_rwsem, test_rwsem_class);
    guarded = 0;
    lockers = 2;
    CHECK(thread_spawn("test", write_under_rwsem, NULL) != NULL);
    CHECK(thread_spawn("test", write_under_rwsem, NULL) != NULL);
    bool torn = false;
    while (atomic_load(&lockers) != 0) {
        rwsem_read_lock(&test_rwsem);
        uint64_t value = guarded;
        sched_yield();
        torn = torn || value != guarded || value % 2 != 0;
        rwsem_read_unlock(&test_rwsem);
        sched_yield();
    }
    CHECK(!torn && guarded == 80);
}

enum { CROWD = 16 };

static uint64_t slept;

static void write_in_crowd(void *argument) {
    (void)argument;
    uint64_t before = current_thread()->voluntary_switches;
    rwsem_write_lock(&test_rwsem);
    atomic_fetch_add(&slept, current_thread()->voluntary_switches - before);
    sched_yield(); /* whoever has been woken as well finds it taken */
    rwsem_write_unlock(&test_rwsem);
    atomic_fetch_sub(&lockers, 1u);
}

/* Each unlock, the first holder's too, ends one writer's sleep; none of them wakes the crowd. */
SELFTEST(sched_rwsem_crowd, "sched.rwsem-crowd") {
    rwsem_init(&test_rwsem, test_rwsem_class);
    slept = 0;
    lockers = CROWD;
    rwsem_write_lock(&test_rwsem);
    for (int i = 0; i < CROWD; i++)
        CHECK(thread_spawn("test", write_in_crowd, NULL) != NULL);
    while (atomic_load(&test_rwsem.writers_waiting) < CROWD)
        sched_yield();
    rwsem_write_unlock(&test_rwsem);
    while (atomic_load(&lockers) != 0)
        sched_yield();
    CHECK(slept <= CROWD + CROWD + 1);
}

static uint32_t turns_taken, reader_turn, writer_turn;

static void read_in_turn(void *argument) {
    (void)argument;
    rwsem_read_lock(&test_rwsem);
    reader_turn = atomic_fetch_add(&turns_taken, 1u) + 1;
    rwsem_read_unlock(&test_rwsem);
    atomic_fetch_sub(&lockers, 1u);
}

static void write_in_turn(void *argument) {
    (void)argument;
    rwsem_write_lock(&test_rwsem);
    writer_turn = atomic_fetch_add(&turns_taken, 1u) + 1;
    rwsem_write_unlock(&test_rwsem);
    atomic_fetch_sub(&lockers, 1u);
}

/* A reader that came after a waiting writer still has its turn before it, when another writer lets the lock go. */
SELFTEST(sched_rwsem_turns, "sched.rwsem-turns") {
    rwsem_init(&test_rwsem, test_rwsem_class);
    turns_taken = 0;
    lockers = 2;
    rwsem_write_lock(&test_rwsem);
    CHECK(thread_spawn("test", write_in_turn, NULL) != NULL);
    while (atomic_load(&test_rwsem.writers_waiting) == 0)
        sched_yield();
    CHECK(thread_spawn("test", read_in_turn, NULL) != NULL);
    while (atomic_load(&test_rwsem.waiting_readers) == 0)
        sched_yield();
    rwsem_write_unlock(&test_rwsem);
    while (atomic_load(&lockers) != 0)
        sched_yield();
    CHECK(reader_turn == 1 && writer_turn == 2);
}

/* ---- work and RCU ---- */

static struct completion work_ran;

static void run_work(struct work *work) {
    (void)work;
    completion_done(&work_ran);
}

SELFTEST(sched_work, "sched.work") {
    struct work work;
    work_init(&work, run_work);
    for (int i = 0; i < 10; i++) {
        completion_init(&work_ran);
        CHECK(work_queue(&work));
        completion_wait(&work_ran);
    }
}

static uint32_t callbacks;

static void count_callback(struct rcu_head *head) {
    (void)head;
    atomic_fetch_add(&callbacks, 1u);
}

SELFTEST(rcu_order, "rcu.synchronize") {
    static struct rcu_head heads[300];
    callbacks = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++)
        rcu_defer(&heads[i], count_callback);
    CHECK(atomic_load(&callbacks) == 0); /* we are a reader until we sleep */
    rcu_synchronize();
    CHECK(atomic_load(&callbacks) == ARRAY_SIZE(heads));
}
