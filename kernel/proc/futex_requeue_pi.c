/*
 * Condition variables of locks with priority inheritance: who waits for a word is moved, without running in between, to
 * those who wait for the lock, or gets it if it is free. FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI.
 *
 * Locks: the `pi_lock` of the lock's bucket, which both sides hold, as in futex_pi.c.
 */
#include "kernel/proc/futex_pi.h"

#include "lib/errno.h"
#include "lib/errptr.h"

/* Queued on the first word; the sleep is over. Lock of the target's bucket held: nobody moves us meanwhile. */
static int leave_requeued(struct pi_waiter *waiter, uint64_t to, int result) {
    if (waiter->state != NULL) {
        result = futex_pi_leave(waiter, to, result);
        return result == -EINTR ? -EAGAIN : result; /* the word waited for first has surely changed by now */
    }
    (void)futex_delist(&waiter->base);
    return waiter->base.woken ? 0 : result;
}

int futex_wait_requeue_pi(const struct futex_wait_request *request, uint64_t to) {
    struct pi_waiter waiter = futex_pi_waiter(FUTEX_WAITER_TO_MOVE);
    uint32_t value;
    int result = futex_key_find(to, request->shared, &waiter.target);

    if (result == 0)
        result = futex_key_find(request->address, request->shared, &waiter.base.key);
    if (result == 0 && futex_key_equal(&waiter.base.key, &waiter.target))
        result = -EINVAL;
    if (result < 0)
        return result;
    waiter.base.bitset = request->bitset;
    futex_enlist(futex_bucket_of(&waiter.base.key), &waiter.base);
    memory_barrier(); /* enlisted before the word is read */

    result = futex_load(request->address, &value);
    if (result == 0)
        result = value == request->expected ? futex_sleep(&waiter.base, request->deadline_ns) : -EAGAIN;
    struct mutex *lock = &futex_bucket_of(&waiter.target)->pi_lock;
    mutex_lock(lock);
    result = leave_requeued(&waiter, to, result);
    mutex_unlock(lock);
    return result;
}

/* It waits for the lock from now on. */
static int move(struct pi_waiter *waiter, struct pi_state *state) {
    refcount_get(&state->refcount);
    waiter->state = state;
    int error = pi_block(waiter);
    if (error < 0) {
        waiter->state = NULL;
        pi_state_put(state);
        return error;
    }
    (void)futex_delist(&waiter->base);
    waiter->base.key = state->key;
    waiter->base.kind = FUTEX_WAITER_PI;
    futex_enlist(futex_bucket_of(&state->key), &waiter->base);
    return 0;
}

/* The lock was free: the waiter owns it. */
static void give(struct pi_waiter *waiter) {
    (void)futex_delist(&waiter->base);
    atomic_store(&waiter->base.woken, true);
    thread_wake(&waiter->task->thread, THREAD_WAKE_SIGNAL, false);
}

/* How many were given the lock or moved, or -errno. Lock of the target's bucket held. */
static int move_waiters(const struct futex_key *from, const struct futex_key *to, uint64_t to_address,
                        unsigned requeue) {
    struct pi_state *state = NULL;
    struct pi_waiter *waiter = futex_pi_first(from, to);
    unsigned done = 0;

    if (waiter == NULL || IS_ERR(waiter))
        return PTR_ERR(waiter);
    int error = futex_pi_take(to_address, to, waiter->task, requeue > 0, &state);
    if (error > 0) {
        struct task *owner = waiter->task; /* cannot return before the lock of the bucket is free */
        give(waiter);
        done = 1;
        state = requeue > 0 ? pi_state_create(to, owner) : NULL;
        error = 0;
        if (IS_ERR(state))
            return (int)done;
    }
    while (error == 0 && done <= requeue && state != NULL) {
        waiter = futex_pi_first(from, to);
        if (waiter == NULL)
            break;
        error = IS_ERR(waiter) ? PTR_ERR(waiter) : move(waiter, state);
        done += error == 0;
    }
    if (state != NULL)
        pi_state_put(state);
    return error < 0 ? error : (int)done;
}

int futex_requeue_pi(uint64_t from, uint64_t to, bool shared, unsigned requeue, uint32_t expected) {
    struct futex_key from_key, to_key;
    uint32_t value;
    int result = futex_key_find(from, shared, &from_key);

    if (result == 0)
        result = futex_key_find(to, shared, &to_key);
    if (result == 0 && futex_key_equal(&from_key, &to_key))
        result = -EINVAL;
    if (result < 0)
        return result;
    struct mutex *lock = &futex_bucket_of(&to_key)->pi_lock;
    mutex_lock(lock);
    result = futex_load(from, &value);
    if (result == 0)
        result = value == expected ? move_waiters(&from_key, &to_key, to, requeue) : -EAGAIN;
    mutex_unlock(lock);
    return result;
}
