/*
 * SEM_UNDO: a process's operations are undone when it ends. The adjustments hang on a list that threads share, as
 * CLONE_SYSVSEM says, and on the set. Locks: sysv_sem_internal.h.
 */
#include "kernel/ipc/sysv_sem_internal.h"

#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

struct sem_undo_list {
    struct refcount refcount; /* threads */
    struct spinlock lock;
    struct list_node undos;   /* of struct sem_undo */
};

DEFINE_LOCK_CLASS(undo_class, "semaphore undos");

static struct sem_undo_list *own_list(void) {
    struct task *task = current_task();

    if (task->sem_undo == NULL) {
        struct sem_undo_list *list = kzalloc(sizeof *list);
        if (list == NULL)
            return NULL;
        refcount_init(&list->refcount, 1);
        spin_init(&list->lock, undo_class);
        list_init(&list->undos);
        task->sem_undo = list;
    }
    return task->sem_undo;
}

int sem_undo_share(struct task *child) {
    struct sem_undo_list *list = own_list();

    if (list == NULL)
        return -ENOMEM;
    refcount_get(&list->refcount);
    child->sem_undo = list;
    return 0;
}

/* The set is locked. */
static void unlink_undo(struct sem_undo *undo) {
    spin_lock(&undo->list->lock);
    list_remove(&undo->list_node);
    spin_unlock(&undo->list->lock);
    list_remove(&undo->set_node);
}

struct sem_undo *sem_undo_find(struct sem_set *set) {
    struct sem_undo_list *list = own_list();
    struct sem_undo *undo;

    if (list == NULL)
        return NULL;
    list_for_each_entry(undo, &set->undos, set_node)
        if (undo->list == list)
            return undo;
    undo = kzalloc(sizeof *undo + set->count * sizeof undo->adjust[0]);
    if (undo == NULL)
        return NULL;
    undo->list = list;
    undo->set = set;
    ipc_hold(&set->ipc);
    list_add(&undo->set_node, &set->undos);
    spin_lock(&list->lock);
    list_add(&undo->list_node, &list->undos);
    spin_unlock(&list->lock);
    return undo;
}

void sem_undo_forget(struct sem_set *set) {
    struct sem_undo *undo, *following;

    list_for_each_entry_safe(undo, following, &set->undos, set_node) {
        unlink_undo(undo);
        kfree(undo);
        ipc_put(&set->ipc); /* the caller has one too */
    }
}

void sem_undo_clear(struct sem_set *set, unsigned number) {
    struct sem_undo *undo;

    list_for_each_entry(undo, &set->undos, set_node)
        undo->adjust[number] = 0;
}

/* The set is locked. What would leave a semaphore's range is cut, as on Linux. */
static void apply(struct sem_set *set, const struct sem_undo *undo) {
    for (unsigned i = 0; i < set->count; i++) {
        struct semaphore *semaphore = &set->semaphores[i];
        if (undo->adjust[i] == 0)
            continue;
        int value = semaphore->value + undo->adjust[i];
        semaphore->value = value < 0 ? 0 : MIN(value, SEM_VALUE_MAX);
        semaphore->last_pid = current_process()->pid->number;
    }
    sem_values_changed(set);
}

/* The set of the first undo, with a reference; NULL: none is left. */
static struct sem_set *first_set(struct sem_undo_list *list) {
    struct sem_set *set = NULL;

    spin_lock(&list->lock);
    if (!list_is_empty(&list->undos)) {
        set = list_first_entry(&list->undos, struct sem_undo, list_node)->set;
        ipc_hold(&set->ipc);
    }
    spin_unlock(&list->lock);
    return set;
}

/* Undoes what the list says of the set, unless that was removed meanwhile. */
static void undo_set(struct sem_undo_list *list, struct sem_set *set) {
    struct sem_undo *undo, *found = NULL;

    spin_lock(&set->ipc.lock);
    list_for_each_entry(undo, &set->undos, set_node)
        if (undo->list == list)
            found = undo;
    if (found != NULL) {
        unlink_undo(found);
        apply(set, found);
        ipc_put(&set->ipc); /* the undo's; ours is left */
    }
    ipc_release(&set->ipc);
    kfree(found);
}

void sem_undo_leave(struct task *task) {
    struct sem_undo_list *list = task->sem_undo;
    struct sem_set *set;

    task->sem_undo = NULL;
    if (!refcount_put(&list->refcount))
        return;
    while ((set = first_set(list)) != NULL)
        undo_set(list, set);
    kfree(list);
}
