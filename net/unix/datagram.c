/*
 * SOCK_DGRAM and SOCK_SEQPACKET: a read takes one whole message. Datagrams go to whoever has the name, or
 * to the peer that connect() set; a receiver that has a peer takes datagrams from nobody else. Packets go
 * over connections like those of streams (connect.c).
 */
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "net/unix/unix_internal.h"

#define SEND_RESERVE 32u /* the largest message is the send buffer less this */

/* ---- waiting for somebody else's queue ---- */

/* The queue of the peer has room: whoever polls this socket looks again. Under the queue's lock. */
static bool peer_has_room(struct wait_entry *entry, uint32_t key, bool sync) {
    struct unix_socket *sock = container_of(entry, struct unix_socket, peer_wake);
    (void)key;
    wait_wake(&sock->socket.writers, 1, POLLOUT | POLLWRNORM | POLLWRBAND, sync);
    return true;
}

void unix_peer_wake_init(struct unix_socket *sock) {
    sock->peer_wake.wake = peer_has_room;
    list_init(&sock->peer_wake.node);
}

/* Takes the entry off; the reference is the caller's to drop. sock->socket.lock held. */
static struct unix_socket *take_wake_off(struct unix_socket *sock) {
    struct unix_socket *from = sock->wakes_from;
    sock->wakes_from = NULL;
    if (from)
        wait_remove(&from->peer_wait, &sock->peer_wake);
    return from;
}

void unix_stop_waking(struct unix_socket *sock) {
    spin_lock(&sock->socket.lock);
    struct unix_socket *from = take_wake_off(sock);
    spin_unlock(&sock->socket.lock);
    if (from)
        unix_put(from);
}

/* Whether the peer has no room for a stranger's datagram; if so, this socket is woken when it has. */
static bool peer_is_full(struct unix_socket *sock, const struct unix_socket *expected) {
    bool full = false;
    spin_lock(&sock->socket.lock);
    struct unix_socket *peer = sock->peer;
    bool stranger = peer && (!expected || peer == expected) && atomic_load(&peer->peer) != sock;
    if (stranger && unix_queue_full(peer)) {
        if (!sock->wakes_from) { /* else it is this peer: see unix_datagram_connect */
            unix_get(peer);
            sock->wakes_from = peer;
            wait_add(&peer->peer_wait, &sock->peer_wake);
        }
        memory_barrier(); /* on the queue before the second look */
        full = unix_queue_full(peer) && !atomic_load_relaxed(&peer->dead);
    }
    spin_unlock(&sock->socket.lock);
    return full;
}

/* ---- peers of datagram sockets ---- */

static bool may_send(const struct unix_socket *from, const struct unix_socket *to) {
    const struct unix_socket *peer = atomic_load(&to->peer);
    return !peer || peer == from;
}

/* The peer changed: what it sent is lost, and it is told so if it was connected to this one. */
static void disconnected(struct unix_socket *sock, struct unix_socket *old_peer) {
    struct list_node lost = LIST_INIT(lost);
    mutex_lock(&sock->read_mutex);
    spin_lock(&sock->socket.lock);
    unix_dequeue_all(sock, &lost);
    spin_unlock(&sock->socket.lock);
    mutex_unlock(&sock->read_mutex);
    if (list_is_empty(&lost))
        return;
    unix_message_free_all(&lost);
    wait_wake_all(&sock->peer_wait);
    if (atomic_load_relaxed(&old_peer->dead) || atomic_load(&old_peer->peer) != sock)
        return;
    atomic_store(&old_peer->socket.error, ECONNRESET);
    wait_wake(&old_peer->socket.readers, 1, POLLERR, false);
    wait_wake(&old_peer->socket.writers, 1, POLLERR, false);
}

/* Sets or (NULL) takes away the peer, whose reference it takes over. Both locks are held; gives them back. */
static void set_peer(struct unix_socket *sock, struct unix_socket *peer) {
    struct unix_socket *old = sock->peer, *woke = NULL;
    atomic_store(&sock->peer, peer);
    atomic_store_relaxed(&sock->state, peer ? (uint32_t)UNIX_CONNECTED : (uint32_t)UNIX_CLOSED);
    if (old != peer)
        woke = take_wake_off(sock);
    unix_unlock_two(sock, peer);
    if (woke) {
        wait_wake(&sock->socket.writers, 1, POLLOUT | POLLWRNORM | POLLWRBAND, false);
        unix_put(woke);
    }
    if (old && old != peer)
        disconnected(sock, old);
    if (old)
        unix_put(old);
}

int unix_datagram_connect(struct socket *socket, const struct socket_name *name, bool nonblocking) {
    struct unix_socket *sock = unix_of(socket), *peer = NULL;
    (void)nonblocking;
    if (name->length < sizeof name->family)
        return -EINVAL;
    if (name->family == AF_UNSPEC) {
        spin_lock(&sock->socket.lock);
        set_peer(sock, NULL);
        return 0;
    }
    int error = unix_check_name(name);
    if (!error)
        error = unix_name_if_passing(sock);
    while (!error) {
        peer = unix_find(name, socket->type);
        if (IS_ERR(peer))
            return PTR_ERR(peer);
        unix_lock_two(sock, peer);
        if (!peer->dead)
            break;
        unix_unlock_two(sock, peer);
        unix_put(peer);
    }
    if (error)
        return error;
    if (!may_send(sock, peer)) {
        unix_unlock_two(sock, peer);
        unix_put(peer);
        return -EPERM;
    }
    set_peer(sock, peer);
    return 0;
}

/* ---- sending ---- */

/* One message on its way. */
struct delivery {
    struct unix_socket *sock, *to; /* `to` referenced; NULL: to be found by name */
    const struct socket_name *name;
    struct unix_message *message;
    uint64_t deadline_ns;
};

/* The receiver is dead. 0: look for another of that name. */
static int receiver_gone(struct delivery *delivery) {
    struct unix_socket *sock = delivery->sock;
    int error = 0;
    if (sock->socket.type == SOCK_SEQPACKET) {
        error = -EPIPE;
    } else {
        spin_lock(&sock->socket.lock);
        if (sock->peer == delivery->to) {
            set_peer(sock, NULL);
            error = -ECONNREFUSED;
        } else {
            spin_unlock(&sock->socket.lock);
        }
    }
    unix_put(delivery->to);
    delivery->to = NULL;
    return error;
}

static bool room_or_gone(const struct unix_socket *to) {
    return !unix_queue_full(to) || atomic_load_relaxed(&to->dead) ||
           (atomic_load_relaxed(&to->socket.shut) & SHUT_RECEIVE);
}

/* 0: try again. */
static int wait_for_receiver(struct delivery *delivery) {
    struct unix_socket *to = delivery->to;
    if (delivery->deadline_ns == 0) {
        bool is_peer = atomic_load(&delivery->sock->peer) == to;
        return !is_peer || peer_is_full(delivery->sock, to) ? -EAGAIN : 0;
    }
    int result = WAIT_EVENT_INTERRUPTIBLE(&to->peer_wait, room_or_gone(to), delivery->deadline_ns);
    if (result == -ETIMEDOUT)
        delivery->deadline_ns = 0;
    else if (result)
        return socket_wait_error(result, delivery->deadline_ns);
    return 0;
}

enum { DELIVERED = 1 };

/* DELIVERED, 0: try again, or -errno. */
static int try_delivery(struct delivery *delivery) {
    struct unix_socket *sock = delivery->sock, *to = delivery->to;
    int result = DELIVERED;
    unix_message_sign(delivery->message, sock, to);
    spin_lock(&to->socket.lock);
    bool dead = to->dead;
    bool full = to != sock && to->peer != sock && unix_queue_full(to);
    if (!may_send(sock, to))
        result = -EPERM;
    else if (!dead && (to->socket.shut & SHUT_RECEIVE))
        result = -EPIPE;
    else if (!dead && !full)
        unix_enqueue(to, delivery->message);
    spin_unlock(&to->socket.lock);
    if (result < 0)
        return result;
    if (dead)
        return receiver_gone(delivery);
    if (full)
        return wait_for_receiver(delivery);
    unix_wake_reader(to);
    return DELIVERED;
}

static int deliver(struct delivery *delivery) {
    int result = 0;
    while (result == 0) {
        if (!delivery->to) {
            if (!delivery->name)
                return -ECONNRESET;
            struct unix_socket *to = unix_find(delivery->name, delivery->sock->socket.type);
            if (IS_ERR(to))
                return PTR_ERR(to);
            delivery->to = to;
        }
        result = try_delivery(delivery);
    }
    return result;
}

/* The peer with a reference, or NULL. */
static struct unix_socket *peer_get(struct unix_socket *sock) {
    spin_lock(&sock->socket.lock);
    struct unix_socket *peer = sock->peer;
    if (peer)
        unix_get(peer);
    spin_unlock(&sock->socket.lock);
    return peer;
}

static int send_prepared(struct delivery *delivery, struct socket_message *message, size_t length) {
    int error = unix_name_if_passing(delivery->sock);
    if (!error && (uint64_t)length + SEND_RESERVE > delivery->sock->socket.send_buffer)
        error = -EMSGSIZE;
    if (!error)
        error = unix_wait_for_room(delivery->sock, delivery->deadline_ns);
    if (error)
        return error;
    delivery->message = unix_message_create(delivery->sock, message->data, length);
    if (IS_ERR(delivery->message))
        return PTR_ERR(delivery->message);
    error = message->control ? unix_rights_attach(delivery->message, message->control) : 0;
    if (!error)
        error = deliver(delivery);
    if (error < 0)
        unix_message_free(delivery->message);
    return error < 0 ? error : 0;
}

int64_t unix_datagram_send(struct socket *socket, struct socket_message *message) {
    struct delivery delivery = {.sock = unix_of(socket), .name = message->to};
    size_t length = message->data->remaining;
    int error = 0;
    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (message->to)
        error = unix_check_name(message->to);
    else if (!(delivery.to = peer_get(delivery.sock)))
        error = -ENOTCONN;
    if (error)
        return error;
    delivery.deadline_ns = socket_deadline(socket->send_timeout_ns, message->flags & MSG_DONTWAIT);
    error = send_prepared(&delivery, message, length);
    if (delivery.to)
        unix_put(delivery.to);
    return error ? error : (int64_t)length;
}

int64_t unix_packet_send(struct socket *socket, struct socket_message *message) {
    int error = socket_take_error(socket);
    if (error)
        return error;
    if (unix_of(socket)->state != UNIX_CONNECTED)
        return -ENOTCONN;
    message->to = NULL; /* a name is not looked at */
    return unix_datagram_send(socket, message);
}

/* ---- receiving ---- */

/* The message to read, M held; *skip: how far in. NULL: there is none. */
static struct unix_message *next_message(struct unix_socket *sock, bool peek, size_t *skip) {
    struct list_node *node = atomic_load(&sock->queue.next);
    *skip = peek ? (size_t)MAX(sock->socket.peek_offset, 0) : 0;
    while (node != &sock->queue) {
        struct unix_message *message = list_entry(node, struct unix_message, node);
        if (*skip == 0 || *skip < message->length)
            return message;
        *skip -= message->length;
        node = atomic_load(&node->next);
    }
    return NULL;
}

/* Gives the program the message's bytes, name and size. */
static int64_t hand_over(const struct unix_message *from, struct socket_message *message, size_t skip) {
    size_t there = from->length - skip;
    size_t size = MIN(there, message->data->remaining);
    if (message->from)
        unix_address_copy(from->sender, message->from);
    if (size < there)
        message->result_flags |= MSG_TRUNC;
    if (unix_message_copy(from, skip, message->data, size) < size)
        return -EFAULT;
    if (message->control)
        message->control->credentials = from->credentials;
    return (int64_t)((message->flags & MSG_TRUNC) ? there : size);
}

static int64_t peek_at(struct unix_socket *sock, struct unix_message *from, struct socket_message *message,
                       size_t skip) {
    size_t room = message->data->remaining;
    int64_t result = hand_over(from, message, skip);
    if (result < 0)
        return result;
    if (sock->socket.peek_offset >= 0)
        sock->socket.peek_offset += (int32_t)MIN(room, from->length - skip);
    if (from->rights && message->control) {
        message->control->rights = unix_rights_peek(from);
        if (!message->control->rights)
            message->result_flags |= MSG_CTRUNC;
    }
    return result;
}

static void take_out(struct unix_socket *sock, struct unix_message *from) {
    spin_lock(&sock->socket.lock);
    unix_dequeue(sock, from);
    spin_unlock(&sock->socket.lock);
    if (sock->socket.peek_offset > 0)
        sock->socket.peek_offset = MAX(sock->socket.peek_offset - (int32_t)from->length, 0);
}

/* After take_out; without M. Even if it cannot be copied, the message is gone. */
static int64_t receive_taken(struct unix_socket *sock, struct unix_message *from, struct socket_message *message) {
    wait_wake(&sock->peer_wait, 1, POLLOUT | POLLWRNORM | POLLWRBAND, true);
    int64_t result = hand_over(from, message, 0);
    if (from->rights && result >= 0 && message->control)
        message->control->rights = unix_rights_take(NULL, from);
    unix_message_free(from);
    return result;
}

enum { NOTHING_YET = -ERESTARTSYS }; /* no answer of a program: the queue was empty */

static int64_t receive_now(struct unix_socket *sock, struct socket_message *message) {
    bool peek = message->flags & MSG_PEEK;
    int64_t result = NOTHING_YET;
    size_t skip;
    mutex_lock(&sock->read_mutex);
    int error = socket_take_error(&sock->socket);
    struct unix_message *from = error ? NULL : next_message(sock, peek, &skip);
    if (from && peek)
        result = peek_at(sock, from, message, skip);
    else if (from)
        take_out(sock, from);
    mutex_unlock(&sock->read_mutex);
    if (error)
        return error;
    return from && !peek ? receive_taken(sock, from, message) : result;
}

/* The queue was empty. NOTHING_YET: wait. */
static int64_t why_empty(struct unix_socket *sock, bool nonblocking) {
    bool packets = sock->socket.type == SOCK_SEQPACKET;
    int64_t result = nonblocking ? -EAGAIN : NOTHING_YET;
    spin_lock(&sock->socket.lock);
    if ((sock->socket.shut & SHUT_RECEIVE) && (packets || !nonblocking))
        result = sock->queue_length > 0 ? NOTHING_YET : 0;
    spin_unlock(&sock->socket.lock);
    return result;
}

static bool changed(const struct unix_socket *sock) {
    return atomic_load_relaxed(&sock->queue_length) > 0 || atomic_load_relaxed(&sock->socket.error) != 0 ||
           (atomic_load_relaxed(&sock->socket.shut) & SHUT_RECEIVE);
}

/* Peeking with an offset, what is there may not be enough. */
static bool changed_from(const struct unix_socket *sock, uint32_t seen) {
    return (seen == 0 || atomic_load_relaxed(&sock->queue_length) != seen) && changed(sock);
}

int64_t unix_datagram_receive(struct socket *socket, struct socket_message *message) {
    struct unix_socket *sock = unix_of(socket);
    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    uint64_t deadline_ns = socket_deadline(socket->receive_timeout_ns, message->flags & MSG_DONTWAIT);
    for (;;) {
        uint32_t seen = (message->flags & MSG_PEEK) && sock->socket.peek_offset > 0 ? atomic_load(&sock->queue_length) : 0;
        int64_t result = receive_now(sock, message);
        if (result == NOTHING_YET)
            result = why_empty(sock, deadline_ns == 0);
        if (result != NOTHING_YET)
            return result;
        int waited = WAIT_EVENT_INTERRUPTIBLE(&socket->readers, changed_from(sock, seen), deadline_ns);
        if (waited == -ETIMEDOUT)
            deadline_ns = 0;
        else if (waited)
            return socket_wait_error(waited, deadline_ns);
    }
}

int64_t unix_packet_receive(struct socket *socket, struct socket_message *message) {
    if (unix_of(socket)->state != UNIX_CONNECTED)
        return -ENOTCONN;
    return unix_datagram_receive(socket, message);
}

/* ---- poll ---- */

uint32_t unix_datagram_poll(struct socket *socket, struct poll_table *table) {
    struct unix_socket *sock = unix_of(socket);
    uint32_t events = 0;
    poll_wait(table, &socket->readers);
    poll_wait(table, &socket->writers);
    uint32_t shut = atomic_load_relaxed(&socket->shut), state = atomic_load_relaxed(&sock->state);
    if (atomic_load_relaxed(&socket->error))
        events |= POLLERR;
    if (shut & SHUT_RECEIVE)
        events |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (shut == SHUT_BOTH || (unix_is_connected_type(sock) && state == UNIX_CLOSED))
        events |= POLLHUP;
    if (!list_is_empty(&sock->queue))
        events |= POLLIN | POLLRDNORM;
    if (state != UNIX_LISTENING && unix_is_writable(sock) && !peer_is_full(sock, NULL))
        events |= POLLOUT | POLLWRNORM | POLLWRBAND;
    return events;
}
