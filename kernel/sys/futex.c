/* futex(2): takes the operations apart; the mechanism is kernel/proc/futex.c. linux/futex.h. */
#include "kernel/sys/sys_futex.h"

#include "kernel/mm/slab.h"
#include "kernel/proc/futex.h"
#include "kernel/sys/user_time.h"
#include "kernel/time/clock_id.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

enum futex_operation {
    FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE = 4, FUTEX_WAKE_OP = 5,
    FUTEX_LOCK_PI = 6, FUTEX_UNLOCK_PI = 7, FUTEX_TRYLOCK_PI = 8, FUTEX_WAIT_BITSET = 9, FUTEX_WAKE_BITSET = 10,
    FUTEX_WAIT_REQUEUE_PI = 11, FUTEX_CMP_REQUEUE_PI = 12, FUTEX_LOCK_PI2 = 13,
    FUTEX_PRIVATE_FLAG = 128, FUTEX_CLOCK_REALTIME = 256,
};
#define OPERATION_MASK (~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))
#define ROBUST_HEAD_SIZE 24u

static bool takes_realtime(int operation) {
    int command = operation & OPERATION_MASK;
    return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI || command == FUTEX_LOCK_PI2;
}

/* FUTEX_WAIT has a span, FUTEX_LOCK_PI a time of day, the others a moment on one of two clocks. */
static int read_deadline(uint64_t timeout, int operation, uint64_t *deadline_ns) {
    struct user_timespec time;
    uint64_t ns;

    *deadline_ns = WAIT_FOREVER;
    if (timeout == 0)
        return 0;
    if (get_user(time, (const struct user_timespec __user *)timeout) < 0)
        return -EFAULT;
    if (!timespec_to_ns(&time, &ns))
        return -EINVAL;
    *deadline_ns = deadline_monotonic(ns);
    if ((operation & OPERATION_MASK) == FUTEX_WAIT) {
        *deadline_ns = deadline_after(ns);
    } else if ((operation & FUTEX_CLOCK_REALTIME) || (operation & OPERATION_MASK) == FUTEX_LOCK_PI) {
        *deadline_ns = deadline_realtime(ns);
    }
    return 0;
}

static int64_t wait_again(struct restart_block *block);

/* Waits without an end are executed again; those with one go on until then, whatever interrupted them. */
static int64_t wait_restartable(const struct futex_wait_request *request) {
    int result = futex_wait(request);

    if (result != -EINTR)
        return result;
    if (request->deadline_ns == WAIT_FOREVER)
        return -ERESTARTSYS;
    current_task()->restart = (struct restart_block){
        .restart = wait_again,
        .deadline_ns = request->deadline_ns,
        .futex = {request->address, request->expected, request->bitset, request->shared},
    };
    return -ERESTART_RESTARTBLOCK;
}

static int64_t wait_again(struct restart_block *block) {
    const struct futex_wait_request request = {
        .address = block->futex.address,
        .expected = block->futex.value,
        .bitset = block->futex.bitset,
        .shared = block->futex.shared,
        .deadline_ns = block->deadline_ns,
    };
    return wait_restartable(&request);
}

static int64_t wait(uint64_t address, int operation, uint32_t value, uint64_t timeout, uint32_t bitset) {
    struct futex_wait_request request = {
        .address = address,
        .expected = value,
        .bitset = bitset,
        .shared = !(operation & FUTEX_PRIVATE_FLAG),
    };
    if (bitset == 0)
        return -EINVAL;
    int error = read_deadline(timeout, operation, &request.deadline_ns);
    if (error < 0)
        return error;
    return wait_restartable(&request);
}

/* Who asks for none to be woken, or for less than that, wakes one: Linux counts only afterwards. */
static unsigned at_least_one(uint32_t count) {
    return (int32_t)count > 0 ? count : 1;
}

/* FUTEX_WAKE_OP's fourth argument: operation, comparison and two 12-bit operands. */
static uint32_t apply(uint32_t old, uint32_t code) {
    int32_t operand = (int32_t)(code << 8) >> 20;
    uint32_t argument = code >> 31 ? 1u << (operand & 31) : (uint32_t)operand;

    switch (code >> 28 & 7) {
    case 0:
        return argument;
    case 1:
        return old + argument;
    case 2:
        return old | argument;
    case 3:
        return old & ~argument;
    default:
        return old ^ argument;
    }
}

static bool compare(uint32_t old, uint32_t code) {
    int32_t left = (int32_t)old, right = (int32_t)(code << 20) >> 20;

    switch (code >> 24 & 15) {
    case 0:
        return left == right;
    case 1:
        return left != right;
    case 2:
        return left < right;
    case 3:
        return left <= right;
    case 4:
        return left > right;
    default:
        return left >= right;
    }
}

static int64_t wake_op(uint64_t address, uint64_t address2, bool shared, unsigned count, unsigned count2,
                       uint32_t code) {
    uint32_t value, seen;
    int error = futex_load(address2, &value);

    if ((code >> 28 & 7) > 4 || (code >> 24 & 15) > 5)
        return -ENOSYS;
    seen = value + 1;
    while (error == 0 && seen != value) {
        seen = value;
        error = futex_exchange(address2, &seen, apply(value, code));
        if (error == 0 && seen != value) {
            value = seen;
            seen = value + 1;
        }
    }
    if (error < 0)
        return error;
    int woken = futex_wake(address, shared, count, FUTEX_BITSET_ANY);
    if (woken < 0 || !compare(value, code))
        return woken;
    int woken2 = futex_wake(address2, shared, count2, FUTEX_BITSET_ANY);
    return woken2 < 0 ? woken2 : woken + woken2;
}

/* ---- priority inheritance ---- */

static int64_t lock(uint64_t address, int operation, uint64_t timeout) {
    uint64_t deadline_ns;
    int error = read_deadline(timeout, operation, &deadline_ns);
    if (error < 0)
        return error;
    int result = futex_lock_pi(address, !(operation & FUTEX_PRIVATE_FLAG), deadline_ns, false);
    return result == -EINTR ? -ERESTARTNOINTR : result;
}

static int64_t wait_requeue(uint64_t address, int operation, uint32_t value, uint64_t timeout, uint64_t to) {
    struct futex_wait_request request = {
        .address = address,
        .expected = value,
        .bitset = FUTEX_BITSET_ANY,
        .shared = !(operation & FUTEX_PRIVATE_FLAG),
    };
    int error = read_deadline(timeout, operation, &request.deadline_ns);
    if (error < 0)
        return error;
    int result = address == to ? -EINVAL : futex_wait_requeue_pi(&request, to);
    return result == -EINTR ? -ERESTARTNOINTR : result;
}

int64_t sys_futex(uint64_t address, int operation, uint32_t value, uint64_t timeout_or_count, uint64_t address2,
                  uint32_t value3) {
    bool shared = !(operation & FUTEX_PRIVATE_FLAG);
    unsigned count = (unsigned)timeout_or_count;
    bool bad_count = (int32_t)value < 0 || (int32_t)count < 0;

    if ((operation & FUTEX_CLOCK_REALTIME) && !takes_realtime(operation))
        return -ENOSYS;
    switch (operation & OPERATION_MASK) {
    case FUTEX_WAIT:
        return wait(address, operation, value, timeout_or_count, FUTEX_BITSET_ANY);
    case FUTEX_WAIT_BITSET:
        return wait(address, operation, value, timeout_or_count, value3);
    case FUTEX_WAKE:
        return futex_wake(address, shared, at_least_one(value), FUTEX_BITSET_ANY);
    case FUTEX_WAKE_BITSET:
        return value3 == 0 ? -EINVAL : futex_wake(address, shared, at_least_one(value), value3);
    case FUTEX_REQUEUE:
        return bad_count ? -EINVAL : futex_requeue(address, address2, shared, value, count, NULL);
    case FUTEX_CMP_REQUEUE:
        return bad_count ? -EINVAL : futex_requeue(address, address2, shared, value, count, &value3);
    case FUTEX_WAKE_OP:
        return wake_op(address, address2, shared, at_least_one(value), at_least_one(count), value3);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        return lock(address, operation, timeout_or_count);
    case FUTEX_TRYLOCK_PI:
        return futex_lock_pi(address, shared, WAIT_FOREVER, true);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(address, shared);
    case FUTEX_WAIT_REQUEUE_PI:
        return wait_requeue(address, operation, value, timeout_or_count, address2);
    case FUTEX_CMP_REQUEUE_PI:
        if (bad_count || value != 1 || address == address2)
            return -EINVAL;
        return futex_requeue_pi(address, address2, shared, count, value3);
    default:
        return -ENOSYS; /* FUTEX_FD is gone from Linux too */
    }
}

/* ---- several words ---- */

#define FUTEX_WAITV_MAX 128u
#define FUTEX_SIZE_32 2u /* the only size there is */

struct futex_waitv { /* linux/futex.h */
    uint64_t value, address;
    uint32_t flags, reserved;
};

static int read_waitv(const struct futex_waitv __user *entry, struct futex_wait_request *request) {
    struct futex_waitv copy;

    if (get_user(copy, entry) < 0)
        return -EFAULT;
    if ((copy.flags & ~(uint32_t)FUTEX_PRIVATE_FLAG) != FUTEX_SIZE_32 || copy.reserved != 0)
        return -EINVAL;
    *request = (struct futex_wait_request){
        .address = copy.address,
        .expected = (uint32_t)copy.value,
        .bitset = FUTEX_BITSET_ANY,
        .shared = !(copy.flags & FUTEX_PRIVATE_FLAG),
    };
    return 0;
}

static int64_t wait_many(const struct futex_waitv __user *entries, unsigned count, uint64_t deadline_ns) {
    struct futex_wait_request *requests = kcalloc(count, sizeof *requests);
    int64_t result = requests == NULL ? -ENOMEM : 0;

    for (unsigned i = 0; i < count && result == 0; i++)
        result = read_waitv(&entries[i], &requests[i]);
    if (result == 0)
        result = futex_wait_many(requests, count, deadline_ns);
    kfree(requests);
    return result == -EINTR ? -ERESTARTSYS : result;
}

int64_t sys_futex_waitv(const struct futex_waitv __user *entries, unsigned count, unsigned flags, uint64_t timeout,
                        int clock) {
    int operation = clock == CLOCK_REALTIME ? FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME : FUTEX_WAIT_BITSET;
    uint64_t deadline_ns;

    if (flags != 0 || count == 0 || count > FUTEX_WAITV_MAX || entries == NULL)
        return -EINVAL;
    if (timeout != 0 && clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
        return -EINVAL;
    int error = read_deadline(timeout, operation, &deadline_ns);
    return error < 0 ? error : wait_many(entries, count, deadline_ns);
}

int64_t sys_set_robust_list(uint64_t head, size_t size) {
    if (size != ROBUST_HEAD_SIZE)
        return -EINVAL;
    current_task()->robust_list = head;
    return 0;
}

int64_t sys_get_robust_list(int tid, uint64_t __user *head, uint64_t __user *size) {
    uint64_t address = current_task()->robust_list;
    int error = 0;

    if (tid != 0) {
        rcu_read_lock();
        const struct pid *pid = pid_find(tid);
        struct task *task = pid == NULL ? NULL : rcu_dereference(pid->task);
        error = task == NULL ? -ESRCH : signal_permitted(task->process, SIGKILL);
        if (error == 0)
            address = task->robust_list;
        rcu_read_unlock();
    }
    if (error < 0)
        return error;
    if (put_user((uint64_t)ROBUST_HEAD_SIZE, size) < 0)
        return -EFAULT;
    return put_user(address, head);
}
