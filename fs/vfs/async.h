/*
 * Signal-driven I/O (fcntl(2): O_ASYNC, F_SETOWN, F_SETSIG). Something that can become ready has a struct
 * async_queue; an open file that wants signals joins it, and where waiters are woken async_notify is called,
 * without locks that sending a signal takes. While nobody has joined, that costs a test.
 */
#pragma once

#include "fs/vfs/file.h"
#include "kernel/task/signal.h"

struct async_entry;
struct cred;

struct async_queue {
    struct async_entry *first; /* RCU */
};

/* si_code of SIGIO, asm-generic/siginfo.h: what happened */
enum async_event { POLL_IN = 1, POLL_OUT, POLL_MSG, POLL_ERR, POLL_PRI, POLL_HUP };

/* For a file's set_async method: joins or leaves, and keeps O_ASYNC as that says. 0 or -ENOMEM. */
int async_join(struct async_queue *queue, struct file *file, int descriptor, bool on);

/* Signal SIGIO (or what F_SETSIG says) to the owners of all that joined. Any context. */
void async_send(struct async_queue *queue, unsigned signal, enum async_event event);
static inline void async_notify(struct async_queue *queue, enum async_event event) {
    if (unlikely(atomic_load_relaxed(&queue->first)))
        async_send(queue, SIGIO, event);
}
/* SIGURG to the file's owner: false if it has none. Any context; the file stays meanwhile. */
bool async_send_urgent(struct file *file);

/* Whom to tell, F_OWNER_* of asm-generic/fcntl.h. */
enum owner_type { OWNER_THREAD, OWNER_PROCESS, OWNER_GROUP };

/* Number 0: nobody. 0, -ESRCH: nobody has the number; -ENOMEM. */
int file_set_owner(struct file *file, enum owner_type type, int number);
/* The same, unless there is an owner already. */
int file_set_default_owner(struct file *file, enum owner_type type, int number);
/* Number of the owner, if that still lives, else 0. */
int file_owner(const struct file *file, enum owner_type *type);
/* Who set the owner: real and effective user; 0 where nobody did. */
void file_owner_users(const struct file *file, uint32_t users[2]);
/* 0: SIGIO, without particulars. -EINVAL, -ENOMEM. */
int file_set_owner_signal(struct file *file, uint64_t signal);
int file_owner_signal(const struct file *file);
/* F_SETOWN's argument: a process, or the negated number of a group. */
int file_set_owner_number(struct file *file, int64_t number);
int file_owner_number(const struct file *file);

/* With the file, after a grace period. */
void file_owner_free(struct file_owner *owner);
