/*
 * Semaphore sets. Operations of one call are done all at once or not at all; who cannot go on waits in the set's
 * list, and who changes values does the operations of those that can. Those that only wait for zero come first.
 */
#include "kernel/ipc/sysv_sem_internal.h"

#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/view/view.h"
#include "lib/errno.h"
#include "lib/errptr.h"

#define PENDING 1 /* beside 0 and -errno */

struct sem_limits sem_limits = {.per_set = 32000, .total = 1024000000, .operations = 500, .sets = 32000};
static uint64_t total; /* semaphores; atomic */

struct sem_waiter {
    struct list_node node;
    struct thread *thread;
    const struct sem_operation *operations;
    unsigned count;
    unsigned blocking;     /* the operation that could not be done */
    bool changes;          /* not all of them wait for zero */
    int32_t pid;
    struct sem_undo *undo; /* NULL: nothing to undo */
    int result;            /* PENDING, until another has done it; then the waiter may be gone */
};

/* ---- sets ---- */

uint64_t sem_total(void) {
    return atomic_load_relaxed(&total);
}

static struct ipc_object *create(const struct ipc_request *request) {
    uint32_t count = (uint32_t)request->size;

    if (count == 0)
        return ERR_PTR(-EINVAL);
    if (sem_total() + count > sem_limits.total)
        return ERR_PTR(-ENOSPC);
    struct sem_set *set = kzalloc(sizeof *set);
    struct semaphore *semaphores = set == NULL ? NULL : kcalloc(count, sizeof *semaphores);
    if (semaphores == NULL) {
        kfree(set);
        return ERR_PTR(-ENOMEM);
    }
    ipc_object_init(&set->ipc, request);
    set->count = count;
    set->semaphores = semaphores;
    set->change_time = ipc_now();
    list_init(&set->waiters);
    list_init(&set->undos);
    atomic_fetch_add(&total, (uint64_t)count);
    return &set->ipc;
}

static int check(const struct ipc_object *object, const struct ipc_request *request) {
    return container_of(object, const struct sem_set, ipc)->count < request->size ? -EINVAL : 0;
}

static void release(struct ipc_object *object) {
    struct sem_set *set = ipc_to_sem(object);
    atomic_fetch_sub(&total, (uint64_t)set->count);
    kfree(set->semaphores);
    kfree(set);
}

struct ipc_family sem_family = {.create = create, .check = check, .release = release, .count_max = &sem_limits.sets};

/* ---- operations; the set is locked ---- */

/* 0 done, PENDING, or -ERANGE. Nothing is changed unless it is 0. */
static int try_operation(struct sem_set *set, const struct sem_operation *operation, struct sem_undo *undo) {
    struct semaphore *semaphore = &set->semaphores[operation->number];
    int value = semaphore->value + operation->change;

    if (value < 0 || (operation->change == 0 && semaphore->value != 0))
        return PENDING;
    if (value > SEM_VALUE_MAX)
        return -ERANGE;
    if (operation->flags & SEM_UNDO) {
        int adjust = undo->adjust[operation->number] - operation->change;
        if (adjust < -SEM_ADJUST_MAX - 1 || adjust > SEM_ADJUST_MAX)
            return -ERANGE;
        undo->adjust[operation->number] = (int16_t)adjust;
    }
    semaphore->value = value;
    return 0;
}

static void take_back(struct sem_set *set, const struct sem_operation *operation, struct sem_undo *undo) {
    set->semaphores[operation->number].value -= operation->change;
    if (operation->flags & SEM_UNDO)
        undo->adjust[operation->number] = (int16_t)(undo->adjust[operation->number] + operation->change);
}

/* All or none: 0, PENDING, -EAGAIN (would have to wait and must not), -ERANGE. */
static int try_all(struct sem_set *set, struct sem_waiter *waiter) {
    unsigned done = 0;
    int result = 0;

    while (done < waiter->count && (result = try_operation(set, &waiter->operations[done], waiter->undo)) == 0)
        done++;
    if (result == 0) {
        for (unsigned i = 0; i < waiter->count; i++)
            set->semaphores[waiter->operations[i].number].last_pid = waiter->pid;
        set->operation_time = ipc_now();
        return 0;
    }
    waiter->blocking = done;
    if (result == PENDING && (waiter->operations[done].flags & IPC_NOWAIT))
        result = -EAGAIN;
    while (done > 0)
        take_back(set, &waiter->operations[--done], waiter->undo);
    return result;
}

static void finish(struct sem_waiter *waiter, int result) {
    struct thread *thread = waiter->thread;

    list_remove(&waiter->node);
    atomic_store(&waiter->result, result); /* from here on the waiter may be gone */
    thread_wake(thread, THREAD_WAKE_SIGNAL, false);
}

/* Lets waiters of one kind go on. True: one of them changed values. */
static bool serve(struct sem_set *set, bool changes) {
    struct sem_waiter *waiter, *following;

    list_for_each_entry_safe(waiter, following, &set->waiters, node) {
        if (waiter->changes != changes)
            continue;
        int result = try_all(set, waiter);
        if (result != PENDING)
            finish(waiter, result);
        if (result == 0 && changes)
            return true;
    }
    return false;
}

void sem_values_changed(struct sem_set *set) {
    if (list_is_empty(&set->waiters))
        return;
    do
        (void)serve(set, false);
    while (serve(set, true));
}

void sem_set_value(struct sem_set *set, unsigned number, int value) {
    set->semaphores[number] = (struct semaphore){.value = value, .last_pid = current_process()->pid->number};
    sem_undo_clear(set, number);
}

int sem_count_waiters(const struct sem_set *set, unsigned number, bool for_zero) {
    const struct sem_waiter *waiter;
    int count = 0;

    list_for_each_entry(waiter, &set->waiters, node) {
        const struct sem_operation *blocking = &waiter->operations[waiter->blocking];
        count += blocking->number == number && (blocking->change == 0) == for_zero;
    }
    return count;
}

void sem_remove(struct sem_set *set) {
    struct sem_waiter *waiter, *following;

    ipc_remove(&set->ipc);
    sem_undo_forget(set);
    list_for_each_entry_safe(waiter, following, &set->waiters, node)
        finish(waiter, -EIDRM);
}

/* ---- semop ---- */

static int sleep(struct sem_waiter *waiter, uint64_t deadline_ns) {
    int result = 0;

    while (result == 0) {
        atomic_exchange(&waiter->thread->state, (uint32_t)THREAD_SLEEPING);
        if (atomic_load(&waiter->result) != PENDING)
            break;
        result = thread_interrupted() ? -EINTR : schedule_until(deadline_ns);
    }
    atomic_store(&waiter->thread->state, (uint32_t)THREAD_RUNNABLE);
    return result == -ETIMEDOUT ? -EAGAIN : result;
}

static int wait(struct sem_set *set, struct sem_waiter *waiter, uint64_t deadline_ns) {
    list_add_tail(&waiter->node, &set->waiters);
    spin_unlock(&set->ipc.lock);
    int result = sleep(waiter, deadline_ns);
    spin_lock(&set->ipc.lock);
    list_remove(&waiter->node);
    return waiter->result != PENDING ? waiter->result : result;
}

/* Whether the set has all these semaphores and the caller may do this with them. */
static int permit(const struct sem_set *set, const struct sem_waiter *waiter) {
    for (unsigned i = 0; i < waiter->count; i++)
        if (waiter->operations[i].number >= set->count)
            return -EFBIG;
    return ipc_permit(&set->ipc, waiter->changes ? IPC_WRITE : IPC_READ);
}

static int operate(struct sem_set *set, struct sem_waiter *waiter, bool undoes, uint64_t deadline_ns) {
    int result = permit(set, waiter);

    if (result == 0 && undoes) {
        waiter->undo = sem_undo_find(set);
        result = waiter->undo == NULL ? -ENOMEM : 0;
    }
    if (result == 0)
        result = try_all(set, waiter);
    if (result == 0 && waiter->changes)
        sem_values_changed(set);
    return result == PENDING ? wait(set, waiter, deadline_ns) : result;
}

int sem_operate(int id, const struct sem_operation *operations, unsigned count, uint64_t deadline_ns) {
    struct sem_waiter waiter = {
        .thread = current_thread(),
        .operations = operations,
        .count = count,
        .pid = current_process()->pid->number,
        .result = PENDING,
    };
    bool undoes = false;

    for (unsigned i = 0; i < count; i++) {
        waiter.changes |= operations[i].change != 0;
        undoes |= (operations[i].flags & SEM_UNDO) != 0;
    }
    struct ipc_object *object = ipc_find(&sem_family, id);
    if (IS_ERR(object))
        return PTR_ERR(object);
    int result = operate(ipc_to_sem(object), &waiter, undoes, deadline_ns);
    ipc_release(object);
    return result;
}

/* ---- views ---- */

static void show_set(struct ipc_object *object, void *context) {
    const struct sem_set *set = ipc_to_sem(object);
    struct view_buffer *buffer = context;

    view_printf(buffer, "%10d %10d  %4o %10u %5u %5u %5u %5u %10lld %10lld\n", object->key, object->id, object->mode,
                set->count, object->uid, object->gid, object->creator_uid, object->creator_gid,
                (long long)set->operation_time, (long long)set->change_time);
}

static void show_sets(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
    ipc_each(&sem_family, show_set, buffer);
}

static struct view view = {.tree = VIEW_PROC, .path = "sysvipc/sem", .help = "semaphore sets", .show = show_sets};

void sem_init(void) {
    ipc_family_init(&sem_family);
    view_register(&view);
}
