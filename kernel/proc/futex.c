/*
 * Futexes. Waiters hang in a hash table under the word's identity: (address space, address) for private
 * memory, (object's identity, byte) for shared, whose waiter may outlive its mapping and the object. User
 * memory is never touched under a bucket's lock: a waiter enlists first and reads the word then, so a
 * wake-up that follows a change of the word finds it.
 *
 * Locks: a bucket's lock guards its list and count, and the `key`, `bucket` and `arrival` of each waiter in it; two buckets
 * are locked in the order of their addresses. It nests outside run-queue locks. Waiters for locks with
 * priority inheritance are in the same lists: futex_pi.c.
 */
#include "kernel/proc/futex_internal.h"

#include "kernel/arch/user_copy.h"
#include "kernel/log/panic.h"
#include "kernel/task/task.h"
#include "kernel/vm/object.h"
#include "kernel/vm/space.h"
#include "kernel/vm/uaccess.h"
#include "lib/hash.h"

#define BUCKET_COUNT 256u

DEFINE_LOCK_CLASS(bucket_class, "futex");
DEFINE_LOCK_CLASS(pi_class, "futex word");
static struct futex_bucket buckets[BUCKET_COUNT];

void futex_init(void) {
    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        spin_init(&buckets[i].lock, bucket_class);
        list_init(&buckets[i].waiters);
        mutex_init(&buckets[i].pi_lock, pi_class);
    }
}

/* ---- words and keys ---- */

static int check_address(uint64_t address) {
    if (address % sizeof(uint32_t) != 0)
        return -EINVAL;
    return user_range_ok((const void *)(uintptr_t)address, sizeof(uint32_t)) ? 0 : -EFAULT;
}

int futex_load(uint64_t address, uint32_t *value) {
    int error = check_address(address);
    return error < 0 ? error : arch_user_load32(value, (const uint32_t *)(uintptr_t)address);
}

int futex_exchange(uint64_t address, uint32_t *old, uint32_t desired) {
    int error = check_address(address);
    return error < 0 ? error
                     : arch_user_compare_exchange32(old, (uint32_t *)(uintptr_t)address, *old, desired);
}

int futex_key_find(uint64_t address, bool shared, struct futex_key *key) {
    struct space *space = current_task()->space;
    int error = check_address(address);

    *key = (struct futex_key){(uintptr_t)space, address};
    if (error < 0 || !shared)
        return error;
    rwsem_read_lock(&space->lock);
    struct vma *vma = space_find(space, address);
    if (vma == NULL || vma->start > address || !(vma->flags & VMA_ACCESS))
        error = -EFAULT;
    else if ((vma->flags & VMA_SHARED) && vma->object != NULL)
        *key = (struct futex_key){object_identity(vma->object), (vma->object_offset << PAGE_SHIFT) + address - vma->start};
    rwsem_read_unlock(&space->lock);
    return error;
}

struct futex_bucket *futex_bucket_of(const struct futex_key *key) {
    return &buckets[hash_u64(key->owner ^ hash_u64(key->offset)) % BUCKET_COUNT];
}

/* ---- waiting and waking ---- */

/* Real-time threads by priority, before all others, who are in the order of their arrival. Bucket locked. */
static void place(struct futex_bucket *bucket, struct futex_waiter *waiter) {
    struct list_node *before = &bucket->waiters;

    if (unlikely(waiter->priority != 0)) {
        for (before = bucket->waiters.next; before != &bucket->waiters; before = before->next)
            if (list_entry(before, struct futex_waiter, node)->priority < waiter->priority)
                break;
    }
    list_add_tail(&waiter->node, before);
    waiter->arrival = ++bucket->arrivals;
    atomic_store(&waiter->bucket, bucket);
}

void futex_enlist(struct futex_bucket *bucket, struct futex_waiter *waiter) {
    waiter->priority = atomic_load_relaxed(&waiter->thread->run_priority);
    uint64_t flags = spin_lock_irqsave(&bucket->lock);
    place(bucket, waiter);
    spin_unlock_irqrestore(&bucket->lock, flags);
}

/* Bucket locked. */
static void waiter_wake(struct futex_waiter *waiter) {
    struct thread *thread = waiter->thread;
    list_remove(&waiter->node);
    atomic_store(&waiter->woken, true); /* from here on the waiter may be gone */
    thread_wake(thread, THREAD_WAKE_SIGNAL, false); /* threads go by RCU */
}

/* Takes the waiter off; a requeue may move it between the look at `bucket` and the lock. Returns whether it was woken. */
bool futex_delist(struct futex_waiter *waiter) {
    for (;;) {
        struct futex_bucket *bucket = atomic_load(&waiter->bucket);
        uint64_t flags = spin_lock_irqsave(&bucket->lock);
        bool stable = bucket == waiter->bucket;
        if (stable)
            list_remove(&waiter->node);
        spin_unlock_irqrestore(&bucket->lock, flags);
        if (stable)
            return waiter->woken;
    }
}

int futex_sleep(struct futex_waiter *waiter, uint64_t deadline_ns) {
    int result = 0;

    while (result == 0) {
        atomic_exchange(&waiter->thread->state, (uint32_t)THREAD_SLEEPING);
        if (atomic_load(&waiter->woken))
            break;
        result = thread_interrupted() ? -EINTR : schedule_until(deadline_ns);
    }
    atomic_store(&waiter->thread->state, (uint32_t)THREAD_RUNNABLE);
    return result;
}

int futex_wait(const struct futex_wait_request *request) {
    struct futex_waiter waiter = {.thread = current_thread(), .bitset = request->bitset};
    uint32_t value = 0;
    int result = futex_key_find(request->address, request->shared, &waiter.key);

    if (result < 0)
        return result;
    futex_enlist(futex_bucket_of(&waiter.key), &waiter);
    memory_barrier(); /* enlisted before the word is read */

    result = futex_load(request->address, &value);
    if (result == 0)
        result = value == request->expected ? futex_sleep(&waiter, request->deadline_ns) : -EAGAIN;
    if (result == 0) /* woken: and taken off before that */
        return 0;
    return futex_delist(&waiter) ? 0 : result;
}

static int wake_key(const struct futex_key *key, unsigned count, uint32_t bitset) {
    struct futex_bucket *bucket = futex_bucket_of(key);
    struct futex_waiter *waiter, *following;
    unsigned woken = 0;
    int error = 0;

    memory_barrier(); /* the program's change of the word is visible before the list is looked at */
    if (count == 0 || list_is_empty(&bucket->waiters))
        return 0;
    uint64_t flags = spin_lock_irqsave(&bucket->lock);
    list_for_each_entry_safe(waiter, following, &bucket->waiters, node) {
        if (!futex_key_equal(&waiter->key, key))
            continue;
        error = waiter->kind != FUTEX_WAITER_PLAIN ? -EINVAL : 0;
        if (error < 0)
            break;
        if (!(waiter->bitset & bitset))
            continue;
        waiter_wake(waiter);
        if (++woken >= count)
            break;
    }
    spin_unlock_irqrestore(&bucket->lock, flags);
    return error < 0 ? error : (int)woken;
}

int futex_wake(uint64_t address, bool shared, unsigned count, uint32_t bitset) {
    struct futex_key key;
    int error = futex_key_find(address, shared, &key);
    return error < 0 ? error : wake_key(&key, count, bitset);
}

void futex_wake_address(uint64_t address, unsigned count) {
    struct futex_key shared = {0}, private = {(uintptr_t)current_task()->space, address};
    if (wake_key(&private, count, FUTEX_BITSET_ANY) == 0 && futex_key_find(address, true, &shared) == 0 &&
        shared.owner != private.owner)
        (void)wake_key(&shared, count, FUTEX_BITSET_ANY);
}

static void lock_two(struct futex_bucket *a, struct futex_bucket *b) {
    spin_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        spin_lock_nested(a < b ? &b->lock : &a->lock);
}

/*
 * Compares the word, which cannot be read with a bucket locked. *latest: only waiters that came before that are meant;
 * whoever came later may have seen another value.
 */
static int compare(uint64_t address, const struct futex_bucket *bucket, uint32_t expected, uint64_t *latest) {
    uint32_t value;

    *latest = atomic_load(&bucket->arrivals);
    int error = futex_load(address, &value);
    return error < 0 || value == expected ? error : -EAGAIN;
}

/* How many were woken or moved, or -EINVAL. Both buckets are locked. */
static int requeue_locked(struct futex_bucket *source, const struct futex_key *from_key, uint64_t latest,
                          const struct futex_key *to_key, unsigned wake, unsigned requeue) {
    struct futex_bucket *target = futex_bucket_of(to_key);
    struct futex_waiter *waiter, *following;
    unsigned woken = 0, moved = 0;

    list_for_each_entry_safe(waiter, following, &source->waiters, node) {
        if (!futex_key_equal(&waiter->key, from_key) || waiter->arrival > latest)
            continue;
        if (waiter->kind != FUTEX_WAITER_PLAIN)
            return -EINVAL;
        if (woken < wake) {
            waiter_wake(waiter);
            woken++;
        } else if (moved < requeue) {
            list_remove(&waiter->node);
            waiter->key = *to_key;
            place(target, waiter);
            moved++;
        } else {
            break;
        }
    }
    return (int)(woken + moved);
}

int futex_requeue(uint64_t from, uint64_t to, bool shared, unsigned wake, unsigned requeue, const uint32_t *expected) {
    struct futex_key from_key = {0}, to_key = {0};
    uint64_t latest = UINT64_MAX;
    int result = futex_key_find(from, shared, &from_key);

    if (result == 0)
        result = futex_key_find(to, shared, &to_key);
    struct futex_bucket *source = futex_bucket_of(&from_key), *target = futex_bucket_of(&to_key);
    if (result == 0 && expected != NULL)
        result = compare(from, source, *expected, &latest);
    if (result < 0)
        return result;
    if (futex_key_equal(&from_key, &to_key))
        requeue = 0;
    uint64_t flags = irq_save();
    lock_two(source, target);
    result = requeue_locked(source, &from_key, latest, &to_key, wake, requeue);
    if (source != target)
        spin_unlock(&target->lock);
    spin_unlock_irqrestore(&source->lock, flags);
    return result;
}
