/*
 * SOCK_STREAM: bytes in order. A large write becomes several messages; a read goes on over the borders of
 * messages, except where other credentials begin (when they are asked for) or files came along.
 */
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"
#include "net/unix/unix_internal.h"

#define PIECE_MAX (16 * PAGE_SIZE) /* bytes in one message: fewer cost more, more keep the reader waiting */
#define PIECE_RESERVE 64u         /* a message is at most half the buffer, less this */

/* ---- sending ---- */

/* Makes a message of `size` bytes and sends it. 0 or -errno; -EPIPE: the other end is gone. */
static int send_piece(struct unix_socket *sock, struct unix_socket *peer, struct socket_message *message,
                      size_t size) {
    struct unix_message *piece = unix_message_create(sock, message->data, size);
    if (IS_ERR(piece))
        return PTR_ERR(piece);
    int error = message->control ? unix_rights_attach(piece, message->control) : 0;
    if (likely(!error)) {
        unix_message_sign(piece, sock, peer);
        spin_lock(&peer->socket.lock);
        if (unlikely(peer->dead || (peer->socket.shut & SHUT_RECEIVE)))
            error = -EPIPE;
        else
            unix_enqueue(peer, piece);
        spin_unlock(&peer->socket.lock);
    }
    if (unlikely(error)) {
        unix_message_free(piece);
        return error;
    }
    unix_wake_reader(peer);
    return 0;
}

static int64_t broken(const struct socket_message *message, int64_t sent) {
    if (sent > 0)
        return sent;
    if (!(message->flags & MSG_NOSIGNAL))
        signal_send_task(current_task(), SIGPIPE, NULL);
    return -EPIPE;
}

/* The urgent byte after all others; it takes room as they do. */
static int64_t send_last(struct unix_socket *sock, struct unix_socket *peer, struct socket_message *message, int64_t sent,
                         uint64_t deadline_ns) {
    int64_t last = unix_wait_for_room(sock, deadline_ns);
    if (last == 0)
        last = unix_urgent_send(sock, peer, message);
    if (last == -EPIPE)
        return broken(message, sent);
    return last < 0 ? (sent ? sent : last) : sent + last;
}

int64_t unix_stream_send(struct socket *socket, struct socket_message *message) {
    struct unix_socket *sock = unix_of(socket);
    int64_t sent = 0;
    bool urgent = message->flags & MSG_OOB;
    size_t urgent_size = urgent ? 1 : 0;
    if (unlikely(urgent) && message->data->remaining == 0)
        return -EOPNOTSUPP;
    if (unlikely(message->to))
        return sock->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    struct unix_socket *peer = atomic_load(&sock->peer); /* stays as long as this end does */
    if (unlikely(!peer))
        return -ENOTCONN;
    if (unlikely(atomic_load_relaxed(&socket->shut) & SHUT_SEND))
        return broken(message, 0);
    uint64_t deadline_ns = socket_deadline(socket->send_timeout_ns, message->flags & MSG_DONTWAIT);
    size_t most = MIN(socket->send_buffer / 2 - PIECE_RESERVE, PIECE_MAX);
    while (message->data->remaining > urgent_size) {
        size_t size = MIN(message->data->remaining - urgent_size, most);
        int error = unix_wait_for_room(sock, deadline_ns);
        if (unlikely(error))
            return sent ? sent : error;
        error = send_piece(sock, peer, message, size);
        if (unlikely(error == -EPIPE))
            return broken(message, sent);
        if (unlikely(error))
            return sent ? sent : error;
        sent += (int64_t)size;
    }
    return unlikely(urgent) ? send_last(sock, peer, message, sent, deadline_ns) : sent;
}

/* ---- receiving ---- */

struct stream_read {
    struct unix_socket *sock;
    struct socket_message *message;
    size_t copied, target;
    size_t skip;          /* peeking: bytes still to be passed over */
    uint32_t peeked;      /* messages looked at without being taken */
    bool peek, identified;
    struct credentials credentials; /* of the first message, if identified */
    struct rights *rights;
    int error;
};

/* May this message be read together with those before? */
static bool joins(struct stream_read *read, const struct unix_message *message) {
    if (likely(!socket_has_option(&read->sock->socket, SOCKET_PASS_CREDENTIALS)) && !read->identified)
        return true;
    if (read->identified)
        return memcmp(&read->credentials, &message->credentials, sizeof read->credentials) == 0;
    read->credentials = message->credentials;
    read->identified = true;
    return true;
}

/* After a look at all the bytes wanted of it. True: the read goes on. */
static bool peeked_message(struct stream_read *read, const struct unix_message *message, size_t taken) {
    if (read->sock->socket.peek_offset >= 0)
        read->sock->socket.peek_offset += (int32_t)taken;
    if (!message->rights)
        return true;
    read->rights = unix_rights_peek(message);
    return false;
}

/* After bytes were taken out of it. */
static bool took_message(struct stream_read *read, struct unix_message *message, size_t taken) {
    struct unix_socket *sock = read->sock;
    atomic_store_relaxed(&message->consumed, message->consumed + (uint32_t)taken);
    if (unlikely(sock->socket.peek_offset > 0))
        sock->socket.peek_offset = MAX(sock->socket.peek_offset - (int32_t)taken, 0);
    if (unlikely(message->rights))
        read->rights = unix_rights_take(sock, message);
    if (message->consumed < message->length)
        return false;
    spin_lock(&sock->socket.lock);
    unix_dequeue(sock, message);
    spin_unlock(&sock->socket.lock);
    unix_message_free(message);
    return !read->rights;
}

/* True: the read goes on with the next message. */
static bool read_message(struct stream_read *read, struct unix_message *message) {
    struct io_buffer *data = read->message->data;
    size_t held = message->length - message->consumed;
    if (unlikely(!joins(read, message)))
        return false;
    if (unlikely(read->message->from) && read->message->from->length == 0)
        unix_address_copy(message->sender, read->message->from);
    size_t size = MIN(held - read->skip, data->remaining);
    size_t copied = unix_message_copy(message, message->consumed + read->skip, data, size);
    if (unlikely(copied < size)) {
        read->error = -EFAULT;
        return false;
    }
    read->copied += size;
    read->skip = 0;
    return read->peek ? peeked_message(read, message, size) : took_message(read, message, size);
}

/* The first message, or when peeking the first that is not passed over; NULL: there is none. */
static struct unix_message *first_message(struct stream_read *read) {
    struct unix_socket *sock = read->sock;
    struct list_node *node = atomic_load(&sock->queue.next);
    while (node != &sock->queue) {
        struct unix_message *message = list_entry(node, struct unix_message, node);
        if (likely(read->skip == 0) || read->skip < message->length - message->consumed)
            return message;
        read->skip -= message->length - message->consumed;
        read->peeked++;
        node = atomic_load(&node->next);
    }
    return NULL;
}

static struct unix_message *message_at(struct unix_socket *sock, struct list_node *node) {
    return node == &sock->queue ? NULL : list_entry(node, struct unix_message, node);
}

/* Takes what is there. True: it wants more than there is. */
static bool read_available(struct stream_read *read) {
    struct unix_socket *sock = read->sock;
    struct unix_message *message = first_message(read);
    while (message) {
        struct list_node *next = atomic_load(&message->node.next); /* the reader's mutex keeps it */
        if (unlikely(message->urgent)) {
            enum urgent_step step = unix_urgent_pass(sock, message, read->copied > 0, read->peek);
            if (step == URGENT_STOP)
                return false;
            if (step == URGENT_NEXT) {
                read->peeked += read->peek;
                message = read->peek ? message_at(sock, next) : first_message(read);
                continue;
            }
        }
        if (!read_message(read, message) || read->message->data->remaining == 0)
            return false;
        read->peeked += read->peek;
        if (!read->peek)
            message = first_message(read);
        else
            message = message_at(sock, next);
    }
    return true;
}

/* 1: there is something to read; 0: the end; or the error to tell; -EAGAIN: it has to wait. */
static int look_at_state(struct stream_read *read) {
    struct unix_socket *sock = read->sock;
    int result = -EAGAIN;
    spin_lock(&sock->socket.lock);
    if (sock->queue_length > read->peeked)
        result = 1;
    else if (atomic_load_relaxed(&sock->socket.error))
        result = socket_take_error(&sock->socket);
    else if (sock->socket.shut & SHUT_RECEIVE)
        result = 0;
    spin_unlock(&sock->socket.lock);
    return result;
}

static bool changed(const struct stream_read *read) {
    const struct unix_socket *sock = read->sock;
    return atomic_load_relaxed(&sock->queue_length) != read->peeked || atomic_load_relaxed(&sock->socket.error) != 0 ||
           (atomic_load_relaxed(&sock->socket.shut) & SHUT_RECEIVE);
}

/* The reader's mutex is held, but not while waiting. */
static void read_loop(struct stream_read *read, uint64_t deadline_ns) {
    struct unix_socket *sock = read->sock;
    while (read_available(read) && read->copied < read->target) {
        int state = look_at_state(read);
        if (state == -EAGAIN && deadline_ns != 0) {
            mutex_unlock(&sock->read_mutex);
            atomic_store_relaxed(&sock->socket.reader_waits, true);
            int result = WAIT_EVENT_INTERRUPTIBLE(&sock->socket.readers, changed(read), deadline_ns);
            atomic_store_relaxed(&sock->socket.reader_waits, false);
            mutex_lock(&sock->read_mutex);
            /* At the end of the time there is one last look. */
            if (result == -ETIMEDOUT)
                deadline_ns = 0;
            else if (result)
                state = socket_wait_error(result, deadline_ns);
            if (!result || result == -ETIMEDOUT)
                state = 1;
        }
        if (state <= 0) {
            read->error = state;
            return;
        }
        /* Others may have read meanwhile: a peek begins again behind what it has. */
        read->peeked = 0;
        if (read->peek)
            read->skip = sock->socket.peek_offset >= 0 ? (size_t)sock->socket.peek_offset : read->copied;
    }
}

static void give_control(struct stream_read *read) {
    struct socket_control *control = read->message->control;
    if (control) {
        control->credentials = read->credentials;
        control->rights = read->rights;
    } else if (unlikely(read->rights)) {
        unix_rights_refuse(read->rights);
    }
}

int64_t unix_stream_receive(struct socket *socket, struct socket_message *message) {
    struct unix_socket *sock = unix_of(socket);
    size_t size = message->data->remaining;
    if (unlikely(sock->state != UNIX_CONNECTED))
        return -EINVAL;
    if (unlikely(message->flags & MSG_OOB))
        return unix_urgent_receive(sock, message);
    struct stream_read read = {.sock = sock, .message = message, .peek = message->flags & MSG_PEEK};
    read.target = (message->flags & MSG_WAITALL) ? size : MIN(size, (size_t)socket->receive_low);
    read.target = MAX(read.target, (size_t)1); /* even for no bytes it waits until there are some */
    uint64_t deadline_ns = socket_deadline(socket->receive_timeout_ns, message->flags & MSG_DONTWAIT);
    mutex_lock(&sock->read_mutex);
    if (unlikely(read.peek))
        read.skip = (size_t)MAX(sock->socket.peek_offset, 0);
    read_loop(&read, deadline_ns);
    mutex_unlock(&sock->read_mutex);
    give_control(&read);
    return read.copied ? (int64_t)read.copied : read.error;
}

/* ---- poll ---- */

uint32_t unix_stream_poll(struct socket *socket, struct poll_table *table) {
    struct unix_socket *sock = unix_of(socket);
    uint32_t events = 0;
    poll_wait(table, &socket->readers);
    poll_wait(table, &socket->writers);
    uint32_t shut = atomic_load_relaxed(&socket->shut), state = atomic_load_relaxed(&sock->state);
    if (atomic_load_relaxed(&socket->error))
        events |= POLLERR;
    if (shut == SHUT_BOTH || state == UNIX_CLOSED)
        events |= POLLHUP;
    if (shut & SHUT_RECEIVE)
        events |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (!list_is_empty(&sock->queue))
        events |= POLLIN | POLLRDNORM;
    if (atomic_load_relaxed(&sock->urgent))
        events |= POLLPRI;
    if (state != UNIX_LISTENING && unix_is_writable(sock))
        events |= POLLOUT | POLLWRNORM | POLLWRBAND;
    else
        atomic_store_relaxed(&socket->lacked_space, true);
    return events;
}
