/* Shared by the files of semaphores: adjustments to be made when a process ends. */
#pragma once

#include "kernel/ipc/sysv_sem.h"

#define SEM_ADJUST_MAX 32767

/*
 * What one list of undos has to give back to one set. In both lists or in none; both the set's lock and the list's are
 * held to enter or remove it, that of the set first.
 */
struct sem_undo {
    struct list_node list_node, set_node;
    struct sem_undo_list *list;
    struct sem_set *set; /* with a reference */
    int16_t adjust[];    /* by semaphore; set's lock */
};

/* The running thread's adjustments for the set, which is locked; NULL: no memory. */
struct sem_undo *sem_undo_find(struct sem_set *set);
/* The set is removed: forgets all. Locked. */
void sem_undo_forget(struct sem_set *set);
/* The semaphore was set: what was done before is not undone. Locked. */
void sem_undo_clear(struct sem_set *set, unsigned number);
