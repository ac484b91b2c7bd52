/*
 * Locks with priority inheritance: FUTEX_LOCK_PI and its kin. The word is 0 (free) or the owner's number, with
 * FUTEX_WAITERS while the kernel is to be asked at the unlock. A lock that somebody waits for has a struct
 * pi_state, found through its waiters in the bucket of its key. Ownership passes on directly: who unlocks
 * writes the next owner's number. futex(2), Documentation/locking/pi-futex.rst.
 *
 * Locks: the `pi_lock` of the key's bucket is held from the look at the word until state and word agree
 * again; it is outside "space", since touching the word may fault. A waiter is in the bucket's list until it leaves itself,
 * with `pi_lock` held: until then others may point to it.
 */
#include "kernel/proc/futex_pi.h"

#include "kernel/log/panic.h"
#include "lib/errno.h"
#include "lib/errptr.h"

static uint32_t number_of(const struct task *task) {
    return (uint32_t)task->tid->number;
}

struct pi_waiter *futex_pi_first(const struct futex_key *key, const struct futex_key *target) {
    struct futex_bucket *bucket = futex_bucket_of(key);
    struct pi_waiter *found = NULL;
    struct futex_waiter *waiter;

    uint64_t flags = spin_lock_irqsave(&bucket->lock);
    list_for_each_entry(waiter, &bucket->waiters, node) {
        if (!futex_key_equal(&waiter->key, key))
            continue;
        found = container_of(waiter, struct pi_waiter, base);
        if (waiter->kind != (target == NULL ? FUTEX_WAITER_PI : FUTEX_WAITER_TO_MOVE) ||
            (target != NULL && !futex_key_equal(&found->target, target)))
            found = ERR_PTR(-EINVAL);
        break;
    }
    spin_unlock_irqrestore(&bucket->lock, flags);
    return found;
}

/* The state of a contended lock; NULL: not contended. ERR_PTR(-EINVAL): the word is waited for in other ways. */
static struct pi_state *find_state(const struct futex_key *key) {
    struct pi_waiter *first = futex_pi_first(key, NULL);
    return IS_ERR_OR_NULL(first) ? (void *)first : first->state;
}

/* ---- the word; pi_lock held ---- */

/* One attempt: 1 stored, 0 the word has changed, -EFAULT. */
static int replace(uint64_t address, uint32_t old, uint32_t desired) {
    uint32_t seen = old;
    int error = futex_exchange(address, &seen, desired);
    return error < 0 ? error : seen == old;
}

/* The owner ended without unlocking: the word gets its successor's number. */
static int repair_word(struct pi_state *state, uint64_t address) {
    uint32_t desired = number_of(state->owner) | FUTEX_WAITERS | FUTEX_OWNER_DIED, word;
    int result;

    do {
        result = futex_load(address, &word);
        if (result == 0)
            result = replace(address, word, desired);
    } while (result == 0);
    if (result > 0)
        state->owner_died = false;
    return result < 0 ? result : 0;
}

/* Joins those who wait already, if the word names the owner they wait for. */
static int join_state(struct pi_state *state, uint32_t word, struct pi_state **joined) {
    bool dying = (word & FUTEX_OWNER_DIED) && (word & FUTEX_TID_MASK) == 0; /* its robust list was first */

    ASSERT(state->owner != NULL);
    if (!dying && (word & FUTEX_TID_MASK) != number_of(state->owner))
        return -EINVAL;
    refcount_get(&state->refcount);
    *joined = state;
    return 0;
}

/* The first to wait for the thread that the word names: 0, -ESRCH, -ENOMEM. */
static int create_state(const struct futex_key *key, uint32_t owner, struct pi_state **created) {
    rcu_read_lock();
    const struct pid *pid = pid_find((int)owner);
    struct task *task = pid == NULL ? NULL : rcu_dereference(pid->task);
    struct pi_state *state = task == NULL ? ERR_PTR(-ESRCH) : pi_state_create(key, task);
    rcu_read_unlock();
    if (IS_ERR(state))
        return PTR_ERR(state);
    *created = state;
    return 0;
}

/* A free lock is the task's; else the owner is told that it has to ask for waiters. 1, 0 with a state, or -errno; -EAGAIN: once more. */
static int try_word(uint64_t address, const struct futex_key *key, const struct task *task, bool contended,
                    struct pi_state **state) {
    uint32_t word;
    int error = futex_load(address, &word);

    if (error < 0)
        return error;
    struct pi_state *found = find_state(key);
    if (!IS_ERR_OR_NULL(found) && found->owner_died) {
        error = repair_word(found, address);
        return error < 0 ? error : -EAGAIN;
    }
    if ((word & FUTEX_TID_MASK) == number_of(task))
        return -EDEADLK;
    if (IS_ERR(found))
        return PTR_ERR(found);
    if (found != NULL)
        return join_state(found, word, state);
    if ((word & FUTEX_TID_MASK) == 0) {
        uint32_t bits = (word & FUTEX_OWNER_DIED) | (contended ? FUTEX_WAITERS : 0);
        error = replace(address, word, number_of(task) | bits);
        return error == 0 ? -EAGAIN : error;
    }
    error = replace(address, word, word | FUTEX_WAITERS);
    if (error <= 0)
        return error == 0 ? -EAGAIN : error;
    error = create_state(key, word & FUTEX_TID_MASK, state);
    uint32_t now;
    bool changed = error == -ESRCH && futex_load(address, &now) == 0 && now != (word | FUTEX_WAITERS);
    return changed ? -EAGAIN : error; /* gone; or its end has reached the word by now */
}

int futex_pi_take(uint64_t address, const struct futex_key *key, const struct task *task, bool contended,
                  struct pi_state **state) {
    int result;
    while ((result = try_word(address, key, task, contended, state)) == -EAGAIN)
        sched_point();
    return result;
}

/* ---- lock and unlock ---- */

int futex_pi_leave(struct pi_waiter *waiter, uint64_t address, int result) {
    struct pi_state *state = waiter->state;

    if (waiter->base.woken) {
        result = state->owner_died ? repair_word(state, address) : 0;
        if (result < 0)
            pi_hand_over(state, pi_first(state));
    } else {
        pi_unblock(waiter);
    }
    (void)futex_delist(&waiter->base);
    pi_state_put(state);
    return result;
}

/* Takes the lock, or queues for it: 1, 0 queued, -errno. pi_lock held. */
static int lock_or_queue(struct pi_waiter *waiter, uint64_t address, bool try) {
    int result = futex_pi_take(address, &waiter->base.key, waiter->task, false, &waiter->state);

    if (result != 0)
        return result;
    result = try ? -EAGAIN : pi_block(waiter);
    if (result < 0)
        pi_state_put(waiter->state);
    else
        futex_enlist(futex_bucket_of(&waiter->base.key), &waiter->base);
    return result;
}

struct pi_waiter futex_pi_waiter(enum futex_waiter_kind kind) {
    return (struct pi_waiter){.base = {.thread = current_thread(), .kind = kind}, .task = current_task()};
}

int futex_lock_pi(uint64_t address, bool shared, uint64_t deadline_ns, bool try) {
    struct pi_waiter waiter = futex_pi_waiter(FUTEX_WAITER_PI);
    int result = futex_key_find(address, shared, &waiter.base.key);

    if (result < 0)
        return result;
    struct mutex *lock = &futex_bucket_of(&waiter.base.key)->pi_lock;
    mutex_lock(lock);
    result = lock_or_queue(&waiter, address, try);
    mutex_unlock(lock);
    if (result != 0)
        return result < 0 ? result : 0;
    result = futex_sleep(&waiter.base, deadline_ns);
    mutex_lock(lock);
    result = futex_pi_leave(&waiter, address, result);
    mutex_unlock(lock);
    return result;
}

/* 0, -errno; -EAGAIN: the word has changed, once more. pi_lock held. */
static int try_unlock(uint64_t address, const struct futex_key *key) {
    const struct task *self = current_task();
    struct pi_waiter *next = NULL;
    uint32_t word;
    int error = futex_load(address, &word);

    if (error < 0)
        return error;
    if ((word & FUTEX_TID_MASK) != number_of(self))
        return -EPERM;
    struct pi_state *state = find_state(key);
    if (IS_ERR(state))
        return PTR_ERR(state);
    if (state != NULL) {
        next = pi_is_owner(state, self) ? pi_first(state) : NULL;
        if (next == NULL)
            return -EINVAL; /* the word lied */
    }
    error = replace(address, word, next == NULL ? 0 : number_of(next->task) | FUTEX_WAITERS);
    if (error <= 0)
        return error == 0 ? -EAGAIN : error;
    if (next != NULL)
        pi_hand_over(state, next);
    return 0;
}

int futex_unlock_pi(uint64_t address, bool shared) {
    struct futex_key key;
    int result = futex_key_find(address, shared, &key);

    if (result < 0)
        return result;
    mutex_lock(&futex_bucket_of(&key)->pi_lock);
    while ((result = try_unlock(address, &key)) == -EAGAIN)
        sched_point();
    mutex_unlock(&futex_bucket_of(&key)->pi_lock);
    return result;
}

void futex_pi_exit(struct task *task) {
    struct pi_state *state;

    while ((state = pi_close(task)) != NULL) {
        struct mutex *lock = &futex_bucket_of(&state->key)->pi_lock;
        mutex_lock(lock);
        if (pi_is_owner(state, task)) {
            state->owner_died = true;
            pi_hand_over(state, pi_first(state));
        }
        mutex_unlock(lock);
        pi_state_put(state);
    }
}
