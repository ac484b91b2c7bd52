/*
 * Users, by real user ID: what is counted for all their processes together. Held by credentials.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/list.h"
#include "lib/refcount.h"

struct user {
    struct refcount refcount; /* the table's lock */
    uint32_t uid;
    uint32_t threads; /* and processes that ended but were not waited for; atomic */
    uint32_t signals; /* queued for its processes, and their POSIX timers; they hold one reference together. Atomic */
    uint32_t files_in_flight; /* sent in messages of sockets and not received; atomic */
    uint32_t instances, watches; /* of inotify; atomic */
    uint64_t mqueue_bytes;    /* that its POSIX message queues may take; atomic */
    uint64_t pipe_pages;      /* that its pipes may hold; atomic */
    uint64_t locked_pages;    /* of System V segments under SHM_LOCK; atomic */
    struct list_node node;
};

extern struct user root_user;

/* Sets the limit of threads by the memory there is: an eighth of it for their kernel stacks. */
void user_init(void);
/* A reference to the user of this number; NULL: no memory. */
struct user *user_find(uint32_t uid);
void user_get(struct user *user);
/* Any context. */
void user_put(struct user *user);

/* Counts a thread. */
void user_charge(struct user *user);
void user_uncharge(struct user *user);
/* Counts a queued signal unless there are `limit` already; false then. Any context, the user being held. */
bool user_charge_signal(struct user *user, uint64_t limit);
/* May drop the last reference. Any context. */
void user_uncharge_signal(struct user *user);
/* One more of what a counter in a user's structure counts, unless there are `limit`. The user is held otherwise. */
bool user_charge_one(uint32_t *counter, uint64_t limit);
/* May this user, whose limit it is, have one more thread? */
bool user_may_start(const struct user *user, uint64_t limit);
