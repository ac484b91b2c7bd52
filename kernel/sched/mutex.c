/* Mutexes and reader-writer semaphores: an atomic word for the free case, a wait queue for the rest. */
#include "kernel/sched/mutex.h"

#include "kernel/log/panic.h"
#include "lib/errno.h"

enum mutex_state { MUTEX_FREE, MUTEX_HELD, MUTEX_CONTENDED };

#if CONFIG_DEBUG
#define track_acquire(lock) lockdep_acquire_sleeping((lock)->class, lock)
#define track_acquire_nested(lock) lockdep_acquire_sleeping_nested((lock)->class, lock)
#define track_acquire_try(lock) lockdep_acquire_sleeping_try((lock)->class, lock)
#define track_release(lock) lockdep_release_sleeping((lock)->class, lock)
#define track_class(lock, lock_class) ((lock)->class = (lock_class))
#else
#define track_acquire(lock) ((void)(lock))
#define track_acquire_nested(lock) ((void)(lock))
#define track_acquire_try(lock) ((void)(lock))
#define track_release(lock) ((void)(lock))
#define track_class(lock, lock_class) ((void)(lock_class))
#endif

void mutex_init_class(struct mutex *mutex, struct lock_class *lock_class) {
    mutex->state = MUTEX_FREE;
    mutex->owner = NULL;
    wait_queue_init(&mutex->waiters);
    track_class(mutex, lock_class);
}

static bool mutex_take(struct mutex *mutex) {
    uint32_t expected = MUTEX_FREE;
    return atomic_compare_exchange(&mutex->state, &expected, (uint32_t)MUTEX_HELD);
}

/* Once somebody has waited the word says CONTENDED, so that unlock looks at the queue. 0 or -EINTR. */
static int mutex_wait(struct mutex *mutex, enum thread_state state) {
    struct wait_entry entry = {.exclusive = true};
    int error = 0;

    for (;;) {
        wait_prepare(&mutex->waiters, &entry, state);
        if (atomic_exchange(&mutex->state, (uint32_t)MUTEX_CONTENDED) == MUTEX_FREE)
            break;
        if (state == THREAD_SLEEPING && thread_interrupted()) {
            error = -EINTR;
            break;
        }
        schedule();
    }
    wait_finish(&mutex->waiters, &entry);
    if (error != 0)
        wait_wake_one(&mutex->waiters); /* a wake-up meant for us must not be lost */
    return error;
}

static int lock_with(struct mutex *mutex, enum thread_state state) {
    int error = 0;
    if (unlikely(!mutex_take(mutex))) {
        ASSERT(atomic_load_relaxed(&mutex->owner) != current_thread());
        error = mutex_wait(mutex, state);
    }
    if (error == 0)
        atomic_store_relaxed(&mutex->owner, current_thread());
    return error;
}

void mutex_lock(struct mutex *mutex) {
    track_acquire(mutex);
    int error = lock_with(mutex, THREAD_BLOCKED);
    ASSERT(error == 0);
}

void mutex_lock_nested(struct mutex *mutex) {
    track_acquire_nested(mutex);
    int error = lock_with(mutex, THREAD_BLOCKED);
    ASSERT(error == 0);
}

int mutex_lock_interruptible(struct mutex *mutex) {
    track_acquire(mutex);
    int error = lock_with(mutex, THREAD_SLEEPING);
    if (error != 0)
        track_release(mutex);
    return error;
}

bool mutex_trylock(struct mutex *mutex) {
    if (!mutex_take(mutex))
        return false;
    atomic_store_relaxed(&mutex->owner, current_thread());
    track_acquire_try(mutex);
    return true;
}

void mutex_unlock(struct mutex *mutex) {
    ASSERT(mutex->owner == current_thread());
    track_release(mutex);
    atomic_store_relaxed(&mutex->owner, NULL);
    if (atomic_exchange(&mutex->state, (uint32_t)MUTEX_FREE) == MUTEX_CONTENDED)
        wait_wake_one(&mutex->waiters);
}

bool mutex_is_held(const struct mutex *mutex) {
    return atomic_load_relaxed(&mutex->owner) == current_thread();
}

/* ---- reader-writer semaphores ---- */

#define RWSEM_WRITER (-1)

/* `waiting_readers`: how many wait, and above that how often all who waited were admitted. */
#define READER_COUNT_BITS 32u
#define READER_COUNT(waiting) ((uint32_t)(waiting))
#define READER_ROUND(waiting) ((waiting) >> READER_COUNT_BITS)

void rwsem_init_class(struct rwsem *rwsem, struct lock_class *lock_class) {
    rwsem->state = 0;
    rwsem->writers_waiting = 0;
    rwsem->waiting_readers = 0;
    wait_queue_init(&rwsem->readers);
    wait_queue_init(&rwsem->writers);
    track_class(rwsem, lock_class);
}

/* Readers stand back for waiting writers. */
static bool read_take(struct rwsem *rwsem) {
    int32_t readers = atomic_load_relaxed(&rwsem->state);
    while (readers >= 0 && atomic_load_relaxed(&rwsem->writers_waiting) == 0)
        if (atomic_compare_exchange(&rwsem->state, &readers, readers + 1))
            return true;
    return false;
}

static void read_drop(struct rwsem *rwsem) {
    int32_t before = atomic_fetch_sub(&rwsem->state, 1);
    ASSERT(before > 0);
    if (before == 1)
        wait_wake_one(&rwsem->writers);
}

/* Gives every reader that waits its share. The caller has one, so no writer comes between. */
static void admit_readers(struct rwsem *rwsem) {
    uint64_t waiting = atomic_load(&rwsem->waiting_readers);

    if (likely(READER_COUNT(waiting) == 0))
        return;
    while (!atomic_compare_exchange(&rwsem->waiting_readers, &waiting, (READER_ROUND(waiting) + 1) << READER_COUNT_BITS))
        ;
    atomic_fetch_add(&rwsem->state, (int32_t)READER_COUNT(waiting));
    wait_wake_all(&rwsem->readers);
}

/* Where a writer holds it or waits, that one admits the readers when it lets it go: writers never keep them out for long. */
static void read_wait(struct rwsem *rwsem) {
    uint64_t round = READER_ROUND(atomic_fetch_add(&rwsem->waiting_readers, 1ull));

    if (read_take(rwsem)) {
        admit_readers(rwsem);
        read_drop(rwsem);
    }
    WAIT_EVENT(&rwsem->readers, READER_ROUND(atomic_load(&rwsem->waiting_readers)) != round);
}

void rwsem_read_lock(struct rwsem *rwsem) {
    track_acquire(rwsem);
    if (unlikely(!read_take(rwsem)))
        read_wait(rwsem);
}

bool rwsem_read_trylock(struct rwsem *rwsem) {
    if (!read_take(rwsem))
        return false;
    track_acquire_try(rwsem);
    return true;
}

void rwsem_read_unlock(struct rwsem *rwsem) {
    track_release(rwsem);
    read_drop(rwsem);
}

static bool write_take(struct rwsem *rwsem) {
    int32_t expected = 0;
    return atomic_compare_exchange(&rwsem->state, &expected, RWSEM_WRITER);
}

/* Whoever lets the lock go wakes one writer only: all but one of a crowd would find it taken again. */
static void write_wait(struct rwsem *rwsem) {
    struct wait_entry entry = {.exclusive = true};

    atomic_fetch_add(&rwsem->writers_waiting, 1u);
    for (;;) {
        wait_prepare(&rwsem->writers, &entry, THREAD_BLOCKED);
        if (write_take(rwsem))
            break;
        schedule();
    }
    wait_finish(&rwsem->writers, &entry);
    atomic_fetch_sub(&rwsem->writers_waiting, 1u);
}

static void write_lock(struct rwsem *rwsem) {
    if (unlikely(!write_take(rwsem)))
        write_wait(rwsem);
}

void rwsem_write_lock(struct rwsem *rwsem) {
    track_acquire(rwsem);
    write_lock(rwsem);
}

void rwsem_write_lock_nested(struct rwsem *rwsem) {
    track_acquire_nested(rwsem);
    write_lock(rwsem);
}

/* It ends as a reader: those that wait come in with it, before the next writer. */
void rwsem_write_unlock(struct rwsem *rwsem) {
    track_release(rwsem);
    int32_t before = atomic_exchange(&rwsem->state, 1); /* a full barrier: a reader counts itself, then tries */
    ASSERT(before == RWSEM_WRITER);
    admit_readers(rwsem);
    read_drop(rwsem);
}
