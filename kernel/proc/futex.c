/*
 * Futexes. Waiters hang in a hash table under the word's identity: (address space, address) for private
 * memory, (object, byte) for shared. User memory is never touched under a bucket's lock: a waiter
 * enlists first and reads the word then, so a wake-up that follows a change of the word finds it.
 *
 * Locks: a bucket's lock guards its list and the `key` and `bucket` of each waiter in it; two buckets
 * are locked in the order of their addresses. It nests outside run-queue locks.
 */
#include "kernel/proc/futex.h"

#include "kernel/arch/user_copy.h"
#include "kernel/log/panic.h"
#include "kernel/task/task.h"
#include "kernel/vm/object.h"
#include "kernel/vm/space.h"
#include "kernel/vm/uaccess.h"
#include "lib/hash.h"

#define BUCKET_COUNT 256u

struct futex_key {
    const void *owner; /* struct space or struct vm_object: compared, never followed */
    uint64_t offset;
};

struct bucket {
    struct spinlock lock;
    struct list_node waiters;
};

struct waiter {
    struct list_node node; /* empty once woken */
    struct futex_key key;
    struct bucket *bucket;
    struct thread *thread;
    uint32_t bitset;
    bool woken;
};

DEFINE_LOCK_CLASS(bucket_class, "futex");
static struct bucket buckets[BUCKET_COUNT];

void futex_init(void) {
    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        spin_init(&buckets[i].lock, bucket_class);
        list_init(&buckets[i].waiters);
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

static int key_find(uint64_t address, bool shared, struct futex_key *key) {
    struct space *space = current_task()->space;
    int error = check_address(address);

    *key = (struct futex_key){space, address};
    if (error < 0 || !shared)
        return error;
    rwsem_read_lock(&space->lock);
    const struct vma *vma = space_find(space, address);
    if (vma == NULL || vma->start > address)
        error = -EFAULT;
    else if ((vma->flags & VMA_SHARED) && vma->object != NULL)
        *key = (struct futex_key){vma->object, (vma->object_offset << PAGE_SHIFT) + address - vma->start};
    rwsem_read_unlock(&space->lock);
    return error;
}

static bool key_equal(const struct futex_key *a, const struct futex_key *b) {
    return a->owner == b->owner && a->offset == b->offset;
}

static struct bucket *bucket_of(const struct futex_key *key) {
    return &buckets[hash_u64((uintptr_t)key->owner ^ hash_u64(key->offset)) % BUCKET_COUNT];
}

/* ---- waiting and waking ---- */

/* Bucket locked. */
static void waiter_wake(struct waiter *waiter) {
    struct thread *thread = waiter->thread;
    list_remove(&waiter->node);
    atomic_store(&waiter->woken, true); /* from here on the waiter may be gone */
    thread_wake(thread, THREAD_WAKE_SIGNAL, false);
}

/* Takes the waiter off; a requeue may move it between the look at `bucket` and the lock. Returns whether it was woken. */
static bool delist(struct waiter *waiter) {
    for (;;) {
        struct bucket *bucket = atomic_load(&waiter->bucket);
        uint64_t flags = spin_lock_irqsave(&bucket->lock);
        bool stable = bucket == waiter->bucket;
        if (stable)
            list_remove(&waiter->node);
        spin_unlock_irqrestore(&bucket->lock, flags);
        if (stable)
            return waiter->woken;
    }
}

static int sleep_until_woken(struct waiter *waiter, uint64_t deadline_ns) {
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
    struct waiter waiter = {.thread = current_thread(), .bitset = request->bitset};
    uint32_t value = 0;
    int result = key_find(request->address, request->shared, &waiter.key);

    if (result < 0)
        return result;
    waiter.bucket = bucket_of(&waiter.key);
    uint64_t flags = spin_lock_irqsave(&waiter.bucket->lock);
    list_add_tail(&waiter.node, &waiter.bucket->waiters);
    spin_unlock_irqrestore(&waiter.bucket->lock, flags);
    memory_barrier(); /* enlisted before the word is read */

    result = futex_load(request->address, &value);
    if (result == 0)
        result = value == request->expected ? sleep_until_woken(&waiter, request->deadline_ns) : -EAGAIN;
    return delist(&waiter) ? 0 : result;
}

static int wake_key(const struct futex_key *key, unsigned count, uint32_t bitset) {
    struct bucket *bucket = bucket_of(key);
    struct waiter *waiter, *following;
    unsigned woken = 0;

    memory_barrier(); /* the program's change of the word is visible before the list is looked at */
    if (count == 0 || list_is_empty(&bucket->waiters))
        return 0;
    uint64_t flags = spin_lock_irqsave(&bucket->lock);
    list_for_each_entry_safe(waiter, following, &bucket->waiters, node) {
        if (!key_equal(&waiter->key, key) || !(waiter->bitset & bitset))
            continue;
        waiter_wake(waiter);
        if (++woken >= count)
            break;
    }
    spin_unlock_irqrestore(&bucket->lock, flags);
    return (int)woken;
}

int futex_wake(uint64_t address, bool shared, unsigned count, uint32_t bitset) {
    struct futex_key key;
    int error = key_find(address, shared, &key);
    return error < 0 ? error : wake_key(&key, count, bitset);
}

void futex_wake_address(uint64_t address, unsigned count) {
    struct futex_key shared = {0}, private = {current_task()->space, address};
    if (wake_key(&private, count, FUTEX_BITSET_ANY) == 0 && key_find(address, true, &shared) == 0 &&
        shared.owner != private.owner)
        (void)wake_key(&shared, count, FUTEX_BITSET_ANY);
}

static void lock_two(struct bucket *a, struct bucket *b) {
    spin_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        spin_lock_nested(a < b ? &b->lock : &a->lock);
}

int futex_requeue(uint64_t from, uint64_t to, bool shared, unsigned wake, unsigned requeue) {
    struct futex_key from_key, to_key;
    struct waiter *waiter, *following;
    unsigned woken = 0, moved = 0;
    int error = key_find(from, shared, &from_key);

    if (error == 0)
        error = key_find(to, shared, &to_key);
    if (error < 0)
        return error;
    if (key_equal(&from_key, &to_key))
        requeue = 0;
    struct bucket *source = bucket_of(&from_key), *target = bucket_of(&to_key);
    uint64_t flags = irq_save();
    lock_two(source, target);
    list_for_each_entry_safe(waiter, following, &source->waiters, node) {
        if (!key_equal(&waiter->key, &from_key))
            continue;
        if (woken < wake) {
            waiter_wake(waiter);
            woken++;
        } else if (moved < requeue) {
            list_remove(&waiter->node);
            list_add_tail(&waiter->node, &target->waiters);
            waiter->key = to_key;
            atomic_store(&waiter->bucket, target);
            moved++;
        } else {
            break;
        }
    }
    if (source != target)
        spin_unlock(&target->lock);
    spin_unlock_irqrestore(&source->lock, flags);
    return (int)(woken + moved);
}

/* ---- robust lists: Documentation/locking/robust-futex-ABI.rst ---- */

#define ROBUST_LIMIT 2048u /* entries looked at: the list may be circular by mistake */
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define ROBUST_PI 1ull /* low bit of a pointer: a priority-inheritance lock */

struct robust_list_head { /* linux/futex.h */
    uint64_t next;
    int64_t futex_offset;
    uint64_t list_op_pending;
};

static void owner_died(uint64_t address, uint32_t tid) {
    uint32_t value;

    if (futex_load(address, &value) < 0)
        return;
    while ((value & FUTEX_TID_MASK) == tid) {
        uint32_t seen = value;
        if (futex_exchange(address, &seen, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED) < 0)
            return;
        if (seen == value) {
            if (value & FUTEX_WAITERS)
                futex_wake_address(address, 1);
            return;
        }
        value = seen;
    }
}

void futex_robust_exit(struct task *task) {
    struct robust_list_head head;
    uint32_t tid = (uint32_t)task->tid->number;

    if (task->robust_list == 0 || get_user(head, (const struct robust_list_head __user *)task->robust_list) < 0)
        return;
    uint64_t entry = head.next & ~ROBUST_PI, pending = head.list_op_pending & ~ROBUST_PI;
    for (unsigned i = 0; i < ROBUST_LIMIT && entry != task->robust_list; i++) {
        uint64_t next;
        int error = get_user(next, (const uint64_t __user *)entry);
        if (entry != pending)
            owner_died(entry + (uint64_t)head.futex_offset, tid);
        if (error < 0)
            break;
        entry = next & ~ROBUST_PI;
    }
    if (pending != 0)
        owner_died(pending + (uint64_t)head.futex_offset, tid);
}
