/*
 * Waiting for any of several files: the part that poll, ppoll, select and pselect6 share.
 *
 * The first look at the files puts an entry on each of their wait queues; a wake-up of any of them
 * sets `triggered` and wakes the thread, which then looks at all files again.
 */
#pragma once

#include "fs/vfs/file_table.h"

#define POLLER_SMALL 6u

struct poller_entry {
    struct wait_entry wait;
    struct wait_queue *queue;
    struct file *file; /* referenced, so that the queue stays */
    struct poller *poller;
};

struct poller_chunk;

struct poller {
    struct poll_table table;
    struct thread *thread;
    struct wait_queue sleepers; /* of the thread alone: sets its state */
    bool triggered;
    int error;                  /* -ENOMEM: an entry could not be made */
    struct file *file;          /* being looked at */
    unsigned count;             /* entries in `small` */
    struct poller_entry small[POLLER_SMALL];
    struct poller_chunk *chunks;
};

void poller_init(struct poller *poller);
void poller_end(struct poller *poller);

/* Events of the file that are in `wanted` or cannot be asked away (error, hang-up). Registers if asked. */
uint32_t poller_look(struct poller *poller, struct file *file, uint32_t wanted, bool register_entry);
/* Sleeps until a wake-up since the last look: 0, -ETIMEDOUT, -EINTR. */
int poller_sleep(struct poller *poller, uint64_t deadline_ns);

/* One look at all files: how many are ready, or -errno. `first`: register on what is not ready. */
typedef int poller_look_all(struct poller *poller, void *context, bool first);
/* Looks and sleeps until something is ready: how many, 0 at the deadline, or -errno, -EINTR, -ENOMEM. Deadline 0:
 * looks once. May sleep. */
int poller_run(poller_look_all *look, void *context, uint64_t deadline_ns);

/* ---- timeouts and masks of programs ---- */

struct user_timespec {
    int64_t seconds, nanoseconds;
};

/* From a timeout to a monotonic deadline; -EINVAL. WAIT_FOREVER where it is beyond all time. */
int deadline_from(int64_t seconds, int64_t nanoseconds, uint64_t *deadline_ns);
/* What is left until the deadline, 0 when it has passed. */
uint64_t deadline_left_ns(uint64_t deadline_ns);

/* Puts a temporary signal mask in place; `user_mask` NULL: none. -EINVAL, -EFAULT. */
int temporary_mask_begin(const void *user_mask, size_t size);
/* Undoes it, unless a signal interrupted the call: then its delivery does. */
void temporary_mask_end(const void *user_mask, bool interrupted);
