/* semget, semop, semtimedop, semctl: semaphore sets of System V. linux/sem.h. */
#include "kernel/sys/sys_ipc.h"

#include "kernel/ipc/sysv_sem.h"
#include "kernel/mm/slab.h"
#include "kernel/sys/user_time.h"
#include "kernel/task/task.h"
#include "lib/errptr.h"

enum {
    GETPID = 11, GETVAL = 12, GETALL = 13, GETNCNT = 14, GETZCNT = 15, SETVAL = 16, SETALL = 17,
    SEM_STAT = 18, SEM_INFO = 19, SEM_STAT_ANY = 20,
};
#define OPERATIONS_ON_STACK 8u
#define UNDO_ENTRY_BYTES 40 /* what Linux's sem_undo takes: told by IPC_INFO only */

struct sem_user { /* struct semid64_ds */
    struct ipc_perm_user perm;
    int64_t operation_time, unused1, change_time, unused2;
    uint64_t count, unused3[2];
};
_Static_assert(sizeof(struct sem_user) == 104, "semid64_ds");

struct seminfo_user { /* struct seminfo */
    int32_t map, sets, total, undos, per_set, operations, undo_entries, undo_bytes, value_max, adjust_max;
};

int64_t sys_semget(int32_t key, int count, int flags) {
    struct ipc_request request = {key, flags, (uint64_t)count};
    return count < 0 || (uint64_t)count > sem_limits.per_set ? -EINVAL : ipc_get(&sem_family, &request);
}

/* ---- operations ---- */

static int64_t operate(int id, const struct sem_operation __user *operations, unsigned count, uint64_t deadline_ns) {
    struct sem_operation few[OPERATIONS_ON_STACK], *copy = few;
    int64_t result = -EFAULT;

    if (count > OPERATIONS_ON_STACK)
        copy = kcalloc(count, sizeof *copy);
    if (copy == NULL)
        return -ENOMEM;
    if (copy_from_user(copy, operations, count * sizeof *copy) == 0)
        result = sem_operate(id, copy, count, deadline_ns);
    if (copy != few)
        kfree(copy);
    return result;
}

int64_t sys_semtimedop(int id, const struct sem_operation __user *operations, unsigned count,
                       const struct user_timespec __user *timeout) {
    struct user_timespec time;
    uint64_t ns = 0;

    if (timeout != NULL && get_user(time, timeout) < 0)
        return -EFAULT;
    if (count < 1 || id < 0)
        return -EINVAL;
    if (count > sem_limits.operations)
        return -E2BIG;
    if (timeout != NULL && !timespec_to_ns(&time, &ns))
        return -EINVAL;
    return operate(id, operations, count, timeout == NULL ? WAIT_FOREVER : deadline_after(ns));
}

int64_t sys_semop(int id, const struct sem_operation __user *operations, unsigned count) {
    return sys_semtimedop(id, operations, count, NULL);
}

/* ---- semctl ---- */

static void count_set(struct ipc_object *object, void *context) {
    (void)object;
    ++*(int32_t *)context;
}

static int64_t info(int command, uint64_t argument) {
    struct seminfo_user copy = {
        .map = (int32_t)sem_limits.total,
        .sets = (int32_t)sem_limits.sets,
        .total = (int32_t)sem_limits.total,
        .undos = (int32_t)sem_limits.total,
        .per_set = (int32_t)sem_limits.per_set,
        .operations = (int32_t)sem_limits.operations,
        .undo_entries = (int32_t)sem_limits.operations,
        .undo_bytes = UNDO_ENTRY_BYTES,
        .value_max = SEM_VALUE_MAX,
        .adjust_max = SEM_VALUE_MAX,
    };
    if (command == SEM_INFO) {
        copy.undo_bytes = 0;
        ipc_each(&sem_family, count_set, &copy.undo_bytes);
        copy.adjust_max = (int32_t)sem_total();
    }
    if (put_user(copy, (struct seminfo_user __user *)argument) < 0)
        return -EFAULT;
    return MAX(ipc_highest_index(&sem_family), 0);
}

static int64_t stat(int id, int command, uint64_t argument) {
    struct ipc_object *object = command == IPC_STAT ? ipc_find(&sem_family, id) : ipc_find_index(&sem_family, id);
    struct sem_user copy = {0};

    if (IS_ERR(object))
        return PTR_ERR(object);
    int64_t result = command == SEM_STAT_ANY ? 0 : ipc_permit(object, IPC_READ);
    if (result == 0) {
        ipc_show_permissions(object, &copy.perm);
        copy.operation_time = ipc_to_sem(object)->operation_time;
        copy.change_time = ipc_to_sem(object)->change_time;
        copy.count = ipc_to_sem(object)->count;
        result = command == IPC_STAT ? 0 : object->id;
    }
    ipc_release(object);
    if (result < 0)
        return result;
    return put_user(copy, (struct sem_user __user *)argument) < 0 ? -EFAULT : result;
}

static int64_t change(int id, int command, const struct ipc_perm_user *perm) {
    struct ipc_object *object = ipc_find(&sem_family, id);

    if (IS_ERR(object))
        return PTR_ERR(object);
    int error = ipc_permit_change(object);
    if (error == 0 && command == IPC_RMID) {
        sem_remove(ipc_to_sem(object));
    } else if (error == 0) {
        error = ipc_set_permissions(object, perm);
        if (error == 0)
            ipc_to_sem(object)->change_time = ipc_now();
    }
    ipc_release(object);
    return error;
}

/* The set is locked. */
static int64_t get_one(const struct sem_set *set, int number, int command) {
    if (number < 0 || (uint32_t)number >= set->count)
        return -EINVAL;
    const struct semaphore *semaphore = &set->semaphores[number];
    switch (command) {
    case GETVAL:
        return semaphore->value;
    case GETPID:
        return semaphore->last_pid;
    default:
        return sem_count_waiters(set, (unsigned)number, command == GETZCNT);
    }
}

static int64_t get(int id, int number, int command) {
    struct ipc_object *object = ipc_find(&sem_family, id);

    if (IS_ERR(object))
        return PTR_ERR(object);
    int64_t result = ipc_permit(object, IPC_READ);
    if (result == 0)
        result = get_one(ipc_to_sem(object), number, command);
    ipc_release(object);
    return result;
}

static int64_t set_value(int id, int number, int value) {
    struct ipc_object *object = value < 0 || value > SEM_VALUE_MAX ? ERR_PTR(-ERANGE) : ipc_find(&sem_family, id);

    if (IS_ERR(object))
        return PTR_ERR(object);
    struct sem_set *set = ipc_to_sem(object);
    int error = number < 0 || (uint32_t)number >= set->count ? -EINVAL : ipc_permit(object, IPC_WRITE);
    if (error == 0) {
        sem_set_value(set, (unsigned)number, value);
        set->change_time = ipc_now();
        sem_values_changed(set);
    }
    ipc_release(object);
    return error;
}

/* The set, with a reference but not locked, if it may be accessed; room for all its values. */
static struct sem_set *begin_all(int id, unsigned access, uint16_t **values) {
    struct ipc_object *object = ipc_find(&sem_family, id);

    if (IS_ERR(object))
        return (void *)object;
    int error = ipc_permit(object, access);
    if (error == 0) {
        *values = kcalloc(ipc_to_sem(object)->count, sizeof **values);
        error = *values == NULL ? -ENOMEM : 0;
    }
    if (error < 0) {
        ipc_release(object);
        return ERR_PTR(error);
    }
    spin_unlock(&object->lock);
    return ipc_to_sem(object);
}

static int64_t get_all(int id, uint64_t argument) {
    uint16_t *values;
    struct sem_set *set = begin_all(id, IPC_READ, &values);

    if (IS_ERR(set))
        return PTR_ERR(set);
    spin_lock(&set->ipc.lock);
    for (uint32_t i = 0; i < set->count; i++)
        values[i] = (uint16_t)set->semaphores[i].value;
    int64_t result = set->ipc.removed ? -EIDRM : 0;
    spin_unlock(&set->ipc.lock);
    if (result == 0)
        result = copy_to_user((void __user *)argument, values, set->count * sizeof *values);
    ipc_put(&set->ipc);
    kfree(values);
    return result;
}

static int store_all(struct sem_set *set, const uint16_t *values) {
    for (uint32_t i = 0; i < set->count; i++)
        if (values[i] > SEM_VALUE_MAX)
            return -ERANGE;
    spin_lock(&set->ipc.lock);
    int result = set->ipc.removed ? -EIDRM : 0;
    for (uint32_t i = 0; i < set->count && result == 0; i++)
        sem_set_value(set, i, values[i]);
    if (result == 0) {
        set->change_time = ipc_now();
        sem_values_changed(set);
    }
    spin_unlock(&set->ipc.lock);
    return result;
}

static int64_t set_all(int id, uint64_t argument) {
    uint16_t *values;
    struct sem_set *set = begin_all(id, IPC_WRITE, &values);

    if (IS_ERR(set))
        return PTR_ERR(set);
    int64_t result = copy_from_user(values, (const void __user *)argument, set->count * sizeof *values);
    if (result == 0)
        result = store_all(set, values);
    ipc_put(&set->ipc);
    kfree(values);
    return result;
}

int64_t sys_semctl(int id, int number, int command, uint64_t argument) {
    struct sem_user copy;

    if (id < 0)
        return -EINVAL;
    switch (command) {
    case IPC_INFO:
    case SEM_INFO:
        return info(command, argument);
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
        return stat(id, command, argument);
    case GETALL:
        return get_all(id, argument);
    case SETALL:
        return set_all(id, argument);
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
        return get(id, number, command);
    case SETVAL:
        return set_value(id, number, (int)argument);
    case IPC_SET:
        if (get_user(copy, (const struct sem_user __user *)argument) < 0)
            return -EFAULT;
        return change(id, command, &copy.perm);
    case IPC_RMID:
        return change(id, command, NULL);
    default:
        return -EINVAL;
    }
}
