/* Semaphore sets of System V: semget(2), semop(2), semctl(2). */
#pragma once

#include "kernel/ipc/sysv_ids.h"

struct task;

#define SEM_VALUE_MAX 32767

/* linux/sem.h */
struct sem_operation { /* struct sembuf */
    uint16_t number;
    int16_t change;
    int16_t flags; /* IPC_NOWAIT, SEM_UNDO */
};
enum { SEM_UNDO = 0x1000 };

struct semaphore {
    int32_t value, last_pid;
};

struct sem_set {
    struct ipc_object ipc; /* its lock guards everything below, and the adjustments of `undos` */
    uint32_t count;
    int64_t operation_time, change_time;
    struct list_node waiters; /* in the order of their arrival */
    struct list_node undos;   /* of struct sem_undo */
    struct semaphore *semaphores;
};

/* /proc/sys/kernel/sem: of a set, of the system, operations of a call, sets */
struct sem_limits {
    uint64_t per_set, total, operations, sets;
};
extern struct sem_limits sem_limits;

extern struct ipc_family sem_family;

void sem_init(void);
/* All of the operations at once, waiting until `deadline_ns` until they can be done: 0 or -errno as semop(2). */
int sem_operate(int id, const struct sem_operation *operations, unsigned count, uint64_t deadline_ns);

/* What semctl does; the set is locked. */
void sem_set_value(struct sem_set *set, unsigned number, int value);
/* Sets changed: lets waiters go on that can. */
void sem_values_changed(struct sem_set *set);
/* How many wait for the semaphore to become 0, or to grow. */
int sem_count_waiters(const struct sem_set *set, unsigned number, bool for_zero);
void sem_remove(struct sem_set *set);
/* Semaphores of all sets. */
uint64_t sem_total(void);

/* CLONE_SYSVSEM: the child shares the running thread's list. 0 or -ENOMEM. */
int sem_undo_share(struct task *child);
/* The task has a list, and gives it up; the last one to do so undoes what it says. */
void sem_undo_leave(struct task *task);

static inline struct sem_set *ipc_to_sem(struct ipc_object *object) {
    return container_of(object, struct sem_set, ipc);
}
