/*
 * Urgent data (MSG_OOB) of stream sockets, as Linux has it: one byte, which stands in the stream where it was sent.
 * It is read with MSG_OOB, at once; a read of the stream stops before it and drops it when it comes to it, unless
 * SO_OOBINLINE makes it a byte like others. A byte that was read with MSG_OOB stays as an empty message, a mark.
 */
#include "lib/errno.h"
#include "lib/errptr.h"
#include "net/unix/unix_internal.h"

int64_t unix_urgent_send(struct unix_socket *sock, struct unix_socket *peer, struct socket_message *message) {
    struct unix_message *byte = unix_message_create(sock, message->data, 1);
    if (IS_ERR(byte))
        return PTR_ERR(byte);
    unix_message_sign(byte, sock, peer);
    byte->urgent = true;
    spin_lock(&peer->socket.lock);
    bool gone = peer->dead || (peer->socket.shut & SHUT_RECEIVE);
    if (!gone) {
        unix_enqueue(peer, byte);
        atomic_store_relaxed(&peer->urgent, byte); /* one before it is an ordinary byte from now on */
    }
    spin_unlock(&peer->socket.lock);
    if (gone) {
        unix_message_free(byte);
        return -EPIPE;
    }
    socket_notify_urgent(&peer->socket);
    unix_wake_reader(peer);
    return 1;
}

/* The byte, if it is not one of the stream's; taken unless `peek`. L held. */
static struct unix_message *take(struct unix_socket *sock, bool peek) {
    struct unix_message *byte = sock->urgent;
    if (!byte || socket_has_option(&sock->socket, SOCKET_OOB_INLINE))
        return NULL;
    if (!peek)
        atomic_store_relaxed(&sock->urgent, NULL);
    return byte;
}

int64_t unix_urgent_receive(struct unix_socket *sock, struct socket_message *message) {
    bool peek = message->flags & MSG_PEEK;
    int64_t result = -EINVAL;
    mutex_lock(&sock->read_mutex);
    spin_lock(&sock->socket.lock);
    struct unix_message *byte = take(sock, peek);
    spin_unlock(&sock->socket.lock);
    if (byte) {
        size_t wanted = MIN(message->data->remaining, (size_t)1);
        result = unix_message_copy(byte, 0, message->data, wanted) == wanted ? 1 : -EFAULT;
        if (!peek)
            atomic_store_relaxed(&byte->consumed, byte->length);
        message->result_flags |= MSG_OOB;
    }
    mutex_unlock(&sock->read_mutex);
    return result;
}

static void drop(struct unix_socket *sock, struct unix_message *message) {
    spin_lock(&sock->socket.lock);
    unix_dequeue(sock, message);
    spin_unlock(&sock->socket.lock);
    unix_message_free(message);
}

enum urgent_step unix_urgent_pass(struct unix_socket *sock, struct unix_message *message, bool begun, bool peek) {
    bool current = atomic_load_relaxed(&sock->urgent) == message;
    bool taken = message->consumed == message->length;
    if (!taken && !current)
        return URGENT_READ;
    if (begun && !taken)
        return URGENT_STOP;
    if (!taken && socket_has_option(&sock->socket, SOCKET_OOB_INLINE))
        return URGENT_READ;
    if (!peek)
        drop(sock, message);
    return URGENT_NEXT;
}

bool unix_urgent_is_next(struct unix_socket *sock) {
    spin_lock(&sock->socket.lock);
    bool next = sock->urgent && list_first_entry(&sock->queue, struct unix_message, node) == sock->urgent;
    spin_unlock(&sock->socket.lock);
    return next;
}
