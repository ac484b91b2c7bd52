/*
 * Files in flight: sent and not yet received. They count for the user who sent them; AF_UNIX sockets among
 * them are also on a list, for only they can hold each other (collect.c).
 *
 * Dropping a message drops its files, and if one of them is a socket, that one's messages, and so on. The
 * files wait in a list, and whoever drops the first ones drops them all, one after the other: no matter how
 * long such a chain is, the stack stays flat.
 */
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "net/unix/unix_internal.h"

DEFINE_LOCK_CLASS(discard_class, "unix discarded");

static struct spinlock discard_lock = SPINLOCK_INIT(discard_class);
static struct list_node discarded = LIST_INIT(discarded); /* discard_lock; of struct rights */
uint32_t unix_discarding;

void unix_rights_init(void) {
    ASSERT(list_is_empty(&discarded));
}

/* ---- counting ---- */

static bool too_many(const struct user *user) {
    const struct cred *cred = current_cred();
    return atomic_load_relaxed(&user->files_in_flight) > rlimit_current(RLIMIT_NOFILE) &&
           !cred_has(cred, CAP_SYS_RESOURCE) && !cred_has(cred, CAP_SYS_ADMIN);
}

static uint32_t count_sockets(const struct rights *rights) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rights->count; i++)
        count += unix_socket_of_file(rights->files[i]) != NULL;
    return count;
}

/* Calls `step` for every AF_UNIX socket among the files. */
static void each_socket(const struct rights *rights, void (*step)(struct unix_socket *sock)) {
    if (rights->sockets == 0)
        return;
    mutex_lock(&unix_rights_mutex);
    for (uint32_t i = 0; i < rights->count; i++) {
        struct unix_socket *sock = unix_socket_of_file(rights->files[i]);
        if (sock)
            step(sock);
    }
    mutex_unlock(&unix_rights_mutex);
}

int unix_rights_attach(struct unix_message *message, struct socket_control *control) {
    struct rights *rights = control->rights;
    struct user *user = current_cred()->user;
    if (control->has_credentials)
        message->credentials = control->credentials;
    if (!rights)
        return 0;
    if (too_many(user))
        return -ETOOMANYREFS;
    user_get(user);
    rights->user = user;
    atomic_fetch_add(&user->files_in_flight, rights->count);
    rights->sockets = count_sockets(rights);
    each_socket(rights, unix_flight_begin);
    message->rights = rights;
    control->rights = NULL;
    return 0;
}

/* No longer in flight. It still holds its files, so they do not look unreferenced meanwhile. */
static void land(struct rights *rights) {
    ASSERT(rights->user);
    each_socket(rights, unix_flight_end);
    atomic_fetch_sub(&rights->user->files_in_flight, rights->count);
    user_put(rights->user);
    rights->user = NULL;
}

struct rights *unix_rights_take(struct unix_socket *receiver, struct unix_message *message) {
    struct rights *rights = message->rights;
    if (receiver) {
        spin_lock(&receiver->socket.lock);
        atomic_fetch_sub(&receiver->rights_queued, rights->sockets);
        message->rights = NULL;
        spin_unlock(&receiver->socket.lock);
    }
    message->rights = NULL;
    land(rights);
    return rights;
}

struct rights *unix_rights_peek(const struct unix_message *message) {
    struct rights *copy = rights_copy(message->rights);
    /* A collection under way counted without these references: it must be over before others are dropped. */
    mutex_lock(&unix_rights_mutex);
    mutex_unlock(&unix_rights_mutex);
    return copy;
}

/* ---- dropping ---- */

static struct rights *next_discarded(void) {
    struct rights *rights = NULL;
    spin_lock(&discard_lock);
    if (!list_is_empty(&discarded)) {
        rights = list_first_entry(&discarded, struct rights, node);
        list_remove(&rights->node);
    }
    spin_unlock(&discard_lock);
    return rights;
}

/* Drops all that is in the list, unless this thread further out, or another CPU, is at it: those see the list. */
static void drop_discarded(void) {
    struct rights *next;
    do {
        if (atomic_exchange(&unix_discarding, 1u))
            return;
        while ((next = next_discarded())) {
            rights_drop(next);
            sched_point();
        }
        atomic_exchange(&unix_discarding, 0u);
    } while (!list_is_empty(&discarded)); /* one added while the flag was still up */
    unix_collect_if_wanted();
}

void unix_rights_refuse(struct rights *rights) {
    spin_lock(&discard_lock);
    list_add_tail(&rights->node, &discarded);
    spin_unlock(&discard_lock);
    drop_discarded();
}

void unix_free_together(struct list_node *messages) {
    bool first = !atomic_exchange(&unix_discarding, 1u);
    unix_message_free_all(messages);
    if (first)
        atomic_exchange(&unix_discarding, 0u);
    drop_discarded();
}

void unix_rights_discard(struct rights *rights) {
    land(rights);
    unix_rights_refuse(rights);
}
