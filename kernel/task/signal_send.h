/* Between the queues (signal.c) and sending (signal_send.c). process->lock held for everything here. */
#pragma once

#include "kernel/task/signal.h"

struct signal_entry {
    struct list_node node;
    struct signal_info info;
};

/* False when there is no memory or the process's limit is reached. */
bool signal_enqueue(struct process *process, struct signal_pending *pending, const struct signal_info *info);
/* Another thread is to look at the process's pending signals in `set`: this one has just blocked them. */
void signal_retarget(struct process *process, signal_set set);
