/*
 * Connections of SOCK_STREAM and SOCK_SEQPACKET. connect() makes the other end at once, ready to be written
 * to, and puts it into the listener's queue; accept() only takes it out.
 */
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "net/unix/unix_internal.h"

static void set_own_cred(struct unix_socket *sock) {
    socket_set_peer_cred(&sock->socket, cred_get(current_cred()), current_process()->pid->number);
}

int unix_pair(struct socket *first, struct socket *second) {
    struct unix_socket *ends[] = {unix_of(first), unix_of(second)};
    for (int i = 0; i < 2; i++) {
        struct unix_socket *sock = ends[i], *other = ends[1 - i];
        unix_get(other);
        spin_lock(&sock->socket.lock);
        set_own_cred(sock);
        sock->state = UNIX_CONNECTED;
        atomic_store(&sock->peer, other);
        spin_unlock(&sock->socket.lock);
    }
    return 0;
}

int unix_listen(struct socket *socket, uint32_t backlog) {
    struct unix_socket *sock = unix_of(socket);
    int error = 0;
    if (!unix_address_of(sock))
        return -EINVAL;
    spin_lock(&sock->socket.lock);
    if (sock->state == UNIX_CONNECTED) {
        error = -EINVAL;
    } else {
        atomic_store(&sock->backlog, backlog);
        atomic_store(&sock->state, (uint32_t)UNIX_LISTENING);
        set_own_cred(sock);
    }
    spin_unlock(&sock->socket.lock);
    wait_wake_all(&sock->peer_wait); /* there may be more room */
    return error;
}

/* ---- connect ---- */

/* Both ends know each other. The locks of `sock` and of the listener are held. */
static void join(struct unix_socket *sock, struct unix_socket *embryo, struct unix_socket *listener) {
    unix_get(sock);
    embryo->peer = sock;
    embryo->state = UNIX_CONNECTED;
    set_own_cred(embryo);
    embryo->address = unix_address_get(listener->address);
    socket_set_peer_cred(&sock->socket, cred_get(listener->socket.peer_cred), listener->socket.peer_pid);
    unix_get(embryo);
    atomic_store(&sock->peer, embryo);
    atomic_store(&sock->state, (uint32_t)UNIX_CONNECTED);
}

static int may_join(const struct unix_socket *sock, const struct unix_socket *listener) {
    if (listener->state != UNIX_LISTENING || (listener->socket.shut & SHUT_RECEIVE))
        return -ECONNREFUSED;
    if (unix_queue_full(listener))
        return -EAGAIN;
    if (sock->state == UNIX_CONNECTED)
        return -EISCONN;
    return sock->state == UNIX_LISTENING ? -EINVAL : 0;
}

static bool room_or_gone(const struct unix_socket *listener) {
    return !unix_queue_full(listener) || atomic_load_relaxed(&listener->state) != UNIX_LISTENING ||
           (atomic_load_relaxed(&listener->socket.shut) & SHUT_RECEIVE);
}

/* The backlog is full. 0: try again. */
static int wait_for_listener(struct unix_socket *listener, uint64_t *deadline_ns) {
    if (*deadline_ns == 0)
        return -EAGAIN;
    int result = WAIT_EVENT_INTERRUPTIBLE(&listener->peer_wait, room_or_gone(listener), *deadline_ns);
    if (result == -ETIMEDOUT)
        *deadline_ns = 0;
    else if (result)
        return socket_wait_error(result, *deadline_ns);
    return 0;
}

enum { JOINED = 1 };

/* JOINED, 0: try again, or -errno. */
static int try_connect(struct unix_socket *sock, const struct socket_name *name, struct unix_message *request,
                       uint64_t *deadline_ns) {
    struct unix_socket *listener = unix_find(name, sock->socket.type);
    if (IS_ERR(listener))
        return PTR_ERR(listener);
    unix_lock_two(listener, sock);
    int result = listener->dead ? 0 : may_join(sock, listener);
    bool joined = !listener->dead && !result;
    if (joined) {
        join(sock, request->sender, listener);
        unix_enqueue(listener, request);
    }
    unix_unlock_two(listener, sock);
    if (joined)
        unix_wake_reader(listener);
    else if (result == -EAGAIN)
        result = wait_for_listener(listener, deadline_ns);
    unix_put(listener);
    return joined ? JOINED : result;
}

/* The message that stands for a connection in a listener's queue; its sender is the new end. */
static struct unix_message *request_create(uint16_t type) {
    struct unix_message *request = kzalloc(sizeof *request);
    if (request)
        request->sender = unix_create(type);
    if (request && request->sender)
        return request;
    kfree(request);
    return NULL;
}

int unix_stream_connect(struct socket *socket, const struct socket_name *name, bool nonblocking) {
    struct unix_socket *sock = unix_of(socket);
    int result = unix_check_name(name);
    if (!result)
        result = unix_name_if_passing(sock);
    if (result)
        return result;
    uint64_t deadline_ns = socket_deadline(socket->send_timeout_ns, nonblocking);
    struct unix_message *request = request_create(socket->type);
    if (!request)
        return -ENOMEM;
    while (result == 0)
        result = try_connect(sock, name, request, &deadline_ns);
    if (result == JOINED)
        return 0;
    unix_release(request->sender, false);
    kfree(request);
    return result;
}

/* ---- accept ---- */

static bool acceptable(const struct unix_socket *sock) {
    return atomic_load_relaxed(&sock->queue_length) > 0 || atomic_load_relaxed(&sock->socket.error) != 0 ||
           (atomic_load_relaxed(&sock->socket.shut) & SHUT_RECEIVE);
}

/* The next connection out of the queue; NULL: none; *shut: nor will there be. */
static struct unix_message *take_request(struct unix_socket *sock, bool *shut) {
    struct unix_message *request = NULL;
    spin_lock(&sock->socket.lock);
    *shut = sock->socket.shut & SHUT_RECEIVE;
    if (!list_is_empty(&sock->queue)) {
        request = list_first_entry(&sock->queue, struct unix_message, node);
        unix_dequeue(sock, request);
    }
    spin_unlock(&sock->socket.lock);
    return request;
}

static struct socket *accepted(struct unix_socket *listener, struct unix_message *request) {
    struct socket *socket = &request->sender->socket;
    kfree(request);
    wait_wake_all(&listener->peer_wait);
    if (socket_has_option(&listener->socket, SOCKET_PASS_CREDENTIALS))
        atomic_fetch_or(&socket->options, (uint32_t)SOCKET_PASS_CREDENTIALS);
    return socket;
}

struct socket *unix_accept(struct socket *socket, bool nonblocking) {
    struct unix_socket *sock = unix_of(socket);
    bool shut;
    if (atomic_load_relaxed(&sock->state) != UNIX_LISTENING)
        return ERR_PTR(-EINVAL);
    uint64_t deadline_ns = socket_deadline(socket->receive_timeout_ns, nonblocking);
    for (;;) {
        int error = socket_take_error(socket);
        if (error)
            return ERR_PTR(error);
        struct unix_message *request = take_request(sock, &shut);
        if (request)
            return accepted(sock, request);
        if (deadline_ns == 0)
            return ERR_PTR(-EAGAIN);
        if (shut)
            return ERR_PTR(-EINVAL);
        int result = WAIT_EVENT_INTERRUPTIBLE(&socket->readers, acceptable(sock), deadline_ns);
        if (result)
            return ERR_PTR(socket_wait_error(result, deadline_ns));
    }
}
