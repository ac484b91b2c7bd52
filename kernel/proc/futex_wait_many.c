/* Waiting for any of several words at once: futex_waitv. Locks: futex.c. */
#include "kernel/proc/futex_internal.h"

#include "kernel/mm/slab.h"
#include "kernel/vm/uaccess.h"

static bool any_woken(const struct futex_waiter *waiters, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (atomic_load(&waiters[i].woken))
            return true;
    return false;
}

/* 0 once each is in its list and each word was as expected. *enlisted: how many are in theirs. */
static int enlist_all(struct futex_waiter *waiters, const struct futex_wait_request *requests, unsigned count,
                      unsigned *enlisted) {
    int result = 0;

    for (unsigned i = 0; i < count && result == 0; i++) {
        waiters[i] = (struct futex_waiter){.thread = current_thread(), .bitset = requests[i].bitset};
        result = futex_key_find(requests[i].address, requests[i].shared, &waiters[i].key);
    }
    for (unsigned i = 0; i < count && result == 0; i++) {
        uint32_t value;
        futex_enlist(futex_bucket_of(&waiters[i].key), &waiters[i]);
        *enlisted = i + 1;
        memory_barrier(); /* enlisted before the word is read */
        result = futex_load(requests[i].address, &value);
        if (result == 0 && value != requests[i].expected)
            result = -EAGAIN;
    }
    return result;
}

static int sleep_for_any(const struct futex_waiter *waiters, unsigned count, uint64_t deadline_ns) {
    struct thread *self = current_thread();
    int result = 0;

    while (result == 0) {
        atomic_exchange(&self->state, (uint32_t)THREAD_SLEEPING);
        if (any_woken(waiters, count))
            break;
        result = thread_interrupted() ? -EINTR : schedule_until(deadline_ns);
    }
    atomic_store(&self->state, (uint32_t)THREAD_RUNNABLE);
    return result;
}

int futex_wait_many(const struct futex_wait_request *requests, unsigned count, uint64_t deadline_ns) {
    struct futex_waiter *waiters = kcalloc(count, sizeof *waiters);
    unsigned enlisted = 0;

    if (waiters == NULL)
        return -ENOMEM;
    int result = enlist_all(waiters, requests, count, &enlisted);
    if (result == 0)
        result = sleep_for_any(waiters, count, deadline_ns);
    for (unsigned i = 0; i < enlisted; i++)
        if (futex_delist(&waiters[i]))
            result = (int)i;
    kfree(waiters);
    return result;
}
