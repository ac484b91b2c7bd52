/*
 * The AF_UNIX family: making sockets and ending them, pairs, shutdown, and the tables of operations for the
 * three types.
 */
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "net/unix/unix.h"
#include "net/unix/unix_internal.h"

DEFINE_LOCK_CLASS(socket_class, "unix socket");
DEFINE_LOCK_CLASS(read_class, "unix read");
DEFINE_LOCK_CLASS(bind_class, "unix bind");
DEFINE_LOCK_CLASS(peers_class, "unix peers");

static struct slab_cache *cache;
static const struct socket_ops stream_ops, datagram_ops, packet_ops;

/* ---- locks of two ---- */

void unix_lock_two(struct unix_socket *a, struct unix_socket *b) {
    if (a == b || !b) {
        spin_lock(&a->socket.lock);
        return;
    }
    spin_lock(a < b ? &a->socket.lock : &b->socket.lock);
    spin_lock_nested(a < b ? &b->socket.lock : &a->socket.lock);
}

void unix_unlock_two(struct unix_socket *a, struct unix_socket *b) {
    spin_unlock(&a->socket.lock);
    if (b && b != a)
        spin_unlock(&b->socket.lock);
}

/* ---- beginning and end ---- */

static const struct socket_ops *ops_of(uint16_t type) {
    return type == SOCK_STREAM ? &stream_ops : type == SOCK_DGRAM ? &datagram_ops : &packet_ops;
}

struct unix_socket *unix_create(uint16_t type) {
    struct unix_socket *sock = slab_alloc_zero(cache);
    if (!sock)
        return NULL;
    socket_init(&sock->socket, ops_of(type), AF_UNIX, type);
    spin_init(&sock->socket.lock, socket_class);
    list_init(&sock->queue);
    sock->backlog = UNIX_DATAGRAMS_MAX;
    mutex_init(&sock->read_mutex, read_class);
    mutex_init(&sock->bind_mutex, bind_class);
    wait_queue_init(&sock->peer_wait);
    spin_init(&sock->peer_wait.lock, peers_class); /* its wake-ups wake further */
    unix_peer_wake_init(sock);
    list_init(&sock->flight_node);
    unix_table_add(sock);
    return sock;
}

static struct socket *create(unsigned type, int protocol) {
    if (protocol != 0 && protocol != AF_UNIX)
        return ERR_PTR(-EPROTONOSUPPORT);
    if (type == SOCK_RAW) /* as Linux has it */
        type = SOCK_DGRAM;
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
        return ERR_PTR(-ESOCKTNOSUPPORT);
    struct unix_socket *sock = unix_create((uint16_t)type);
    return sock ? &sock->socket : ERR_PTR(-ENOMEM);
}

/* The collector's hook looks at sockets under RCU. */
static void free_later(struct rcu_head *head) {
    slab_free(cache, container_of(head, struct unix_socket, rcu));
}

static void destroy(struct socket *socket) {
    struct unix_socket *sock = unix_of(socket);
    ASSERT(sock->dead && list_is_empty(&sock->queue) && !sock->peer && !sock->wakes_from);
    ASSERT(sock->send_memory == 0 && sock->in_flight == 0);
    if (sock->address)
        unix_address_put(sock->address);
    rcu_defer(&sock->rcu, free_later);
}

void unix_state_changed(struct unix_socket *sock) {
    wait_wake_all(&sock->socket.readers);
    wait_wake_all(&sock->socket.writers);
}

/* The other end of a connection is gone. `lost`: before it had read everything. */
static void hang_up(struct unix_socket *peer, bool lost) {
    spin_lock(&peer->socket.lock);
    atomic_store(&peer->socket.shut, SHUT_BOTH);
    if (lost)
        atomic_store(&peer->socket.error, ECONNRESET);
    spin_unlock(&peer->socket.lock);
    unix_state_changed(peer);
    socket_notify_data(&peer->socket, POLL_HUP);
}

/* What was in the queue: connections that nobody accepted end too. */
static void free_left(struct list_node *left, bool was_listening) {
    struct unix_message *message;
    list_for_each_entry(message, left, node) {
        if (!was_listening)
            break;
        unix_release(message->sender, true);
        message->sender = NULL;
    }
    unix_message_free_all(left);
}

void unix_release(struct unix_socket *sock, bool embryo) {
    struct list_node left = LIST_INIT(left);
    unix_table_remove(sock);
    spin_lock(&sock->socket.lock);
    bool was_listening = sock->state == UNIX_LISTENING;
    struct unix_socket *peer = sock->peer;
    sock->dead = true;
    atomic_store(&sock->socket.shut, SHUT_BOTH);
    atomic_store(&sock->state, (uint32_t)UNIX_CLOSED);
    atomic_store(&sock->peer, NULL);
    unix_dequeue_all(sock, &left);
    spin_unlock(&sock->socket.lock);
    wait_wake_all(&sock->peer_wait);
    if (peer && unix_is_connected_type(sock))
        hang_up(peer, embryo || !list_is_empty(&left));
    unix_stop_waking(sock);
    if (peer)
        unix_put(peer);
    free_left(&left, was_listening);
    if (sock->path.dentry)
        path_put(&sock->path);
    unix_put(sock);
}

static void release(struct socket *socket) {
    unix_release(unix_of(socket), false);
}

/* ---- small operations ---- */

static int name(struct socket *socket, bool of_peer, struct socket_name *to) {
    struct unix_socket *sock = unix_of(socket), *named = sock;
    spin_lock(&sock->socket.lock);
    if (of_peer)
        named = sock->peer;
    if (named)
        unix_get(named);
    spin_unlock(&sock->socket.lock);
    if (!named)
        return -ENOTCONN;
    unix_address_copy(named, to);
    if (to->length == 0) { /* without a name it still has a family */
        to->family = AF_UNIX;
        to->length = sizeof to->family;
    }
    unix_put(named);
    return 0;
}

static void add_shut(struct unix_socket *sock, uint32_t directions) {
    spin_lock(&sock->socket.lock);
    atomic_store(&sock->socket.shut, sock->socket.shut | directions);
    spin_unlock(&sock->socket.lock);
    unix_state_changed(sock);
}

static int shut_down(struct socket *socket, uint32_t directions) {
    struct unix_socket *sock = unix_of(socket), *peer = NULL;
    uint32_t of_peer = ((directions & SHUT_RECEIVE) ? (uint32_t)SHUT_SEND : 0u) |
                       ((directions & SHUT_SEND) ? (uint32_t)SHUT_RECEIVE : 0u);
    add_shut(sock, directions);
    spin_lock(&sock->socket.lock);
    if (unix_is_connected_type(sock) && sock->peer) {
        peer = sock->peer;
        unix_get(peer);
    }
    spin_unlock(&sock->socket.lock);
    if (peer) {
        add_shut(peer, of_peer);
        if (of_peer & SHUT_RECEIVE)
            socket_notify_data(&peer->socket, of_peer == SHUT_BOTH ? POLL_HUP : POLL_IN);
        unix_put(peer);
    }
    return 0;
}

static bool listening(const struct socket *socket) {
    return atomic_load_relaxed(&unix_of(socket)->state) == UNIX_LISTENING;
}

enum { FIONREAD = 0x541b, SIOCOUTQ = 0x5411, SIOCATMARK = 0x8905 }; /* asm-generic/ioctls.h, linux/sockios.h */

static int64_t control(struct socket *socket, unsigned request, uint64_t argument) {
    struct unix_socket *sock = unix_of(socket);
    uint64_t bytes;
    if (request == SIOCOUTQ)
        bytes = atomic_load_relaxed(&sock->send_memory);
    else if (request == SIOCATMARK && socket->type != SOCK_STREAM)
        return -EOPNOTSUPP;
    else if (request == SIOCATMARK)
        bytes = unix_urgent_is_next(sock);
    else if (request != FIONREAD)
        return -ENOTTY;
    else if (listening(socket))
        return -EINVAL;
    else
        bytes = unix_queue_bytes(sock, !unix_is_connected_type(sock));
    return put_user((int32_t)bytes, (int32_t *)argument);
}

/* ---- operations ---- */

#define COMMON_OPS                                                                          \
    .bind = unix_bind, .pair = unix_pair, .name = name, .shutdown = shut_down, .ioctl = control, \
    .release = release, .listening = listening, .destroy = destroy

static const struct socket_ops stream_ops = {
    COMMON_OPS,
    .connect = unix_stream_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .send = unix_stream_send,
    .receive = unix_stream_receive,
    .poll = unix_stream_poll,
};

static const struct socket_ops datagram_ops = {
    COMMON_OPS,
    .connect = unix_datagram_connect,
    .send = unix_datagram_send,
    .receive = unix_datagram_receive,
    .poll = unix_datagram_poll,
};

static const struct socket_ops packet_ops = {
    COMMON_OPS,
    .connect = unix_stream_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .send = unix_packet_send,
    .receive = unix_packet_receive,
    .poll = unix_datagram_poll,
};

static const struct socket_family family = {AF_UNIX, create};

void unix_init(void) {
    cache = slab_cache_create("unix_socket", sizeof(struct unix_socket), 0, NULL);
    unix_rights_init();
    unix_collect_init();
    unix_view_init();
    socket_family_register(&family);
}
