/* Sleeping locks. Not in interrupt context; a holder may sleep. Uncontended: one atomic operation. */
#pragma once

#include "kernel/sched/wait.h"

struct mutex {
    uint32_t state; /* 0 free, 1 held, 2 held with waiters */
    struct thread *owner;
    struct wait_queue waiters;
#if CONFIG_DEBUG
    struct lock_class *class;
#endif
};
#define mutex_init(mutex, lock_class) mutex_init_class(mutex, &(lock_class))
void mutex_init_class(struct mutex *mutex, struct lock_class *lock_class);
void mutex_lock(struct mutex *mutex);
/* A second mutex of a class of which the thread holds one; the caller states in which order. */
void mutex_lock_nested(struct mutex *mutex);
int mutex_lock_interruptible(struct mutex *mutex) must_check; /* 0 or -EINTR */
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool mutex_is_held(const struct mutex *mutex); /* by the running thread */

/*
 * Many readers or one writer, in turn: new readers stand back for a writer that waits, so none may take it a second
 * time; a writer that lets it go admits all readers that wait by then. The last of these wakes one writer.
 */
struct rwsem {
    int32_t state; /* -1 writer, n readers */
    uint32_t writers_waiting;
    uint64_t waiting_readers; /* mutex.c */
    struct wait_queue readers, writers;
#if CONFIG_DEBUG
    struct lock_class *class;
#endif
};
#define rwsem_init(rwsem, lock_class) rwsem_init_class(rwsem, &(lock_class))
void rwsem_init_class(struct rwsem *rwsem, struct lock_class *lock_class);
void rwsem_read_lock(struct rwsem *rwsem);
bool rwsem_read_trylock(struct rwsem *rwsem);
void rwsem_read_unlock(struct rwsem *rwsem);
void rwsem_write_lock(struct rwsem *rwsem);
/* For writing, one more of a class of which the thread holds one; the caller states in which order. */
void rwsem_write_lock_nested(struct rwsem *rwsem);
void rwsem_write_unlock(struct rwsem *rwsem);
