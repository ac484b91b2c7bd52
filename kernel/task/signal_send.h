/* Between the queues (signal.c) and sending (signal_send.c). process->lock held for everything here. */
#pragma once

#include "kernel/task/signal.h"

/*
 * One queued signal. Those that the sender keeps (`taken` is set) stay its own: they are in one queue at
 * most, and are neither counted nor freed here.
 */
struct signal_entry {
    struct list_node node;
    struct signal_pending *queue; /* of a kept one: where it is; NULL: nowhere */
    struct user *user;            /* for whom it counts: RLIMIT_SIGPENDING */
    struct signal_info info;
    void (*taken)(struct signal_entry *entry, struct signal_info *info); /* as it leaves to be delivered; may complete `info` */
};

/*
 * Queues a kept entry that is in no queue, for `task` or (NULL) its whole process. It stays out if the
 * signal is ignored.
 */
void signal_send_kept(struct process *process, struct task *task, struct signal_entry *entry);
/* Takes a kept entry back. */
void signal_withdraw(struct signal_entry *entry);

/* The user for whom a signal to the process counts, which has a thread. */
struct user *signal_user(struct process *process);
/* False when there is no memory or the user has as many as the process's limit. */
bool signal_enqueue(struct process *process, struct signal_pending *pending, const struct signal_info *info);
/* Another thread is to look at the process's pending signals in `set`: this one has just blocked them. */
void signal_retarget(struct process *process, signal_set set);
