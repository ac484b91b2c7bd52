/* One thread waits until another says that something is done. */
#pragma once

#include "kernel/sched/wait.h"

struct completion {
    bool done;
    struct wait_queue waiters;
};

static inline void completion_init(struct completion *completion) {
    completion->done = false;
    wait_queue_init(&completion->waiters);
}

/* Any context. The waiter may free the completion once completion_wait has returned: the flag is set
 * and the waiters are woken under one lock, which completion_wait takes last. */
void completion_done(struct completion *completion);
/* May sleep; not interruptible. */
void completion_wait(struct completion *completion);
