/*
 * AF_UNIX (unix(7)): what the files of this folder share.
 *
 * A socket has a queue of what arrived: messages, or (listening) connections to accept. A sender makes a
 * message with its bytes in it, and only then takes the receiver's lock to append it.
 *
 * Locks, outermost first; letters on the fields say which one guards them.
 *   B  bind_mutex      giving the socket its name
 *   M  read_mutex      taking messages out: one reader copies at a time; held while copying
 *   R  "unix rights"   which sockets are in flight (rights.c)
 *   N  a bucket's lock the table of all sockets and names (name.c)
 *   L  socket.lock     the rest; two by address
 */
#pragma once

#include "fs/vfs/path.h"
#include "lib/hlist.h"
#include "lib/list.h"
#include "net/control.h"
#include "net/socket.h"

#define UNIX_PATH_OFFSET 2u   /* of sun_path in struct sockaddr_un */
#define UNIX_PATH_MAX 108u
#define UNIX_DATAGRAMS_MAX 10u /* net.unix.max_dgram_qlen: more than so many waiting block a stranger */

/* A name, as bind took it; shared by a listener and what it accepted. Immutable. */
struct unix_address {
    struct refcount refcount;
    uint32_t length; /* of the struct sockaddr_un */
    union {
        uint16_t family;
        char bytes[UNIX_PATH_OFFSET + UNIX_PATH_MAX + 1]; /* a path ends with a NUL */
    };
};

enum unix_state { UNIX_CLOSED, UNIX_LISTENING, UNIX_CONNECTED };

struct unix_socket {
    struct socket socket;       /* first; its lock is L */
    uint32_t state;             /* L; enum unix_state */
    bool dead;                  /* L; released */
    struct list_node queue;     /* L; of struct unix_message; not empty: may be read without */
    uint32_t queue_length;      /* L; atomic */
    uint32_t backlog;           /* L; more than so many in the queue are too many */
    struct unix_message *urgent; /* L; in the queue: the byte sent with MSG_OOB last, if nobody took it yet */
    uint32_t send_memory;       /* charged for messages it sent that are not received; atomic */
    struct unix_socket *peer;   /* L, referenced. Connection types: set once, gone at the release of this end */
    struct mutex read_mutex, bind_mutex;

    struct unix_address *address; /* B; set once, read with atomic_load */
    struct path path;             /* B; of a name in the tree: dentry NULL if there is none */
    struct inode *name_inode;     /* N; what path leads to */
    uint32_t bucket;              /* N */
    bool bound;                   /* N; to be found by its name, which what a listener accepted is not */
    struct hlist_node table_node; /* N */

    /* Connect and datagrams: strangers waiting for room in this one's queue. */
    struct wait_queue peer_wait;
    struct wait_entry peer_wake;         /* of this one, on the queue of `wakes_from` */
    struct unix_socket *wakes_from;      /* L, referenced */

    struct list_node flight_node;  /* R; in flight */
    uint32_t in_flight;            /* R; messages that hold its file, each counted */
    uint32_t rights_queued;        /* sockets in messages of its queue; atomic */
    uint32_t outside;              /* R; while collecting: references not from candidates */
    uint32_t mark;                 /* R; while collecting */
    struct rcu_head rcu;
};

/* One message: a header with a few bytes, or a header and blocks of pages. */
struct unix_message {
    struct list_node node;
    struct unix_socket *sender;   /* referenced. A connection to accept: the new socket */
    struct rights *rights;        /* NULL: none */
    struct credentials credentials;
    uint32_t length, consumed;    /* bytes; those below `consumed` have been read (stream); reader's M */
    uint32_t charge;              /* in the sender's send_memory */
    uint16_t block_count;         /* 0: the bytes are in `bytes` */
    uint8_t block_order;          /* each block is 2^order pages */
    bool urgent;                  /* one byte, sent with MSG_OOB */
    union {
        struct page *blocks[0];
        char bytes[0];
    };
};

static inline struct unix_socket *unix_of(const struct socket *socket) {
    return container_of(socket, struct unix_socket, socket);
}
static inline void unix_get(struct unix_socket *sock) {
    socket_get(&sock->socket);
}
static inline void unix_put(struct unix_socket *sock) {
    socket_put(&sock->socket);
}
static inline bool unix_is_connected_type(const struct unix_socket *sock) {
    return sock->socket.type != SOCK_DGRAM;
}
/* Little enough is under way that poll calls it writable, and that waiting senders are woken. */
static inline bool unix_is_writable(const struct unix_socket *sock) {
    return (uint64_t)atomic_load_relaxed(&sock->send_memory) * 4 <= atomic_load_relaxed(&sock->socket.send_buffer);
}
static inline bool unix_queue_full(const struct unix_socket *sock) {
    return atomic_load_relaxed(&sock->queue_length) > atomic_load_relaxed(&sock->backlog);
}
/* Both, in the one order there is; they may be the same, and the second NULL. */
void unix_lock_two(struct unix_socket *a, struct unix_socket *b);
void unix_unlock_two(struct unix_socket *a, struct unix_socket *b);

/* family.c */
struct unix_socket *unix_create(uint16_t type); /* NULL: no memory */
/* The end of a socket; takes the reference over. `embryo`: it was connected and never accepted. */
void unix_release(struct unix_socket *sock, bool embryo);
/* Everybody who waits for anything of this socket looks again. */
void unix_state_changed(struct unix_socket *sock);

/* name.c */
int unix_bind(struct socket *socket, const struct socket_name *name);
int unix_bind_automatically(struct unix_socket *sock);
int unix_check_name(const struct socket_name *name); /* 0 or -EINVAL */
/* Who is bound to the name, with a reference; ERR_PTR: -ECONNREFUSED, -EPROTOTYPE, or of the path walk. */
struct unix_socket *unix_find(const struct socket_name *name, uint16_t type);
void unix_address_copy(const struct unix_socket *sock, struct socket_name *name);
static inline struct unix_address *unix_address_of(const struct unix_socket *sock) {
    return atomic_load(&sock->address);
}
struct unix_address *unix_address_get(struct unix_address *address);
void unix_address_put(struct unix_address *address);
void unix_table_add(struct unix_socket *sock);
void unix_table_remove(struct unix_socket *sock);
/* Every socket, under a bucket's lock. */
void unix_each(void (*visit)(struct unix_socket *sock, void *context), void *context);
/* With SO_PASSCRED a socket that sends or connects gets a name. 0 or -errno. */
int unix_name_if_passing(struct unix_socket *sock);

/* message.c */
/* As many bytes from `data`, -EFAULT when they cannot be read. Charged to the sender. Or ERR_PTR. */
struct unix_message *unix_message_create(struct unix_socket *sender, struct io_buffer *data, size_t length);
/* Bytes copied from `offset` of the message on; fewer than `length`: a fault. */
size_t unix_message_copy(const struct unix_message *message, size_t offset, struct io_buffer *data, size_t length);
/* Drops everything. No lock held but M. */
void unix_message_free(struct unix_message *message);
/* Waits until the sender may charge one more message: 0, -EAGAIN, -EPIPE, its error, or interrupted. */
int unix_wait_for_room(struct unix_socket *sender, uint64_t deadline_ns);
/* Who sends it, if one of the two asks for that, or the receiver has no file yet. */
void unix_message_sign(struct unix_message *message, const struct unix_socket *sender,
                       const struct unix_socket *receiver);
/* At the end of the receiver's queue; its lock held. */
void unix_enqueue(struct unix_socket *receiver, struct unix_message *message);
/* Out of the queue, the receiver's lock held. */
void unix_dequeue(struct unix_socket *receiver, struct unix_message *message);
/* After unix_enqueue, without locks. */
void unix_wake_reader(struct unix_socket *receiver);
/* Takes all messages out to `list`. Lock held. */
void unix_dequeue_all(struct unix_socket *sock, struct list_node *list);
void unix_message_free_all(struct list_node *list);
/* Bytes in the queue (`first_only`: in its first message). */
uint64_t unix_queue_bytes(struct unix_socket *sock, bool first_only);

/* stream.c, datagram.c */
int64_t unix_stream_send(struct socket *socket, struct socket_message *message);
int64_t unix_stream_receive(struct socket *socket, struct socket_message *message);
int64_t unix_datagram_send(struct socket *socket, struct socket_message *message);
int64_t unix_datagram_receive(struct socket *socket, struct socket_message *message);
int64_t unix_packet_send(struct socket *socket, struct socket_message *message);
int64_t unix_packet_receive(struct socket *socket, struct socket_message *message);
uint32_t unix_stream_poll(struct socket *socket, struct poll_table *table);
uint32_t unix_datagram_poll(struct socket *socket, struct poll_table *table);
int unix_datagram_connect(struct socket *socket, const struct socket_name *name, bool nonblocking);
/* The socket stops being woken by the one whose queue was full. */
void unix_stop_waking(struct unix_socket *sock);
void unix_peer_wake_init(struct unix_socket *sock);

/* urgent.c */
/* The last byte of a send with MSG_OOB: 1, or -errno; -EPIPE: the other end is gone. */
int64_t unix_urgent_send(struct unix_socket *sock, struct unix_socket *peer, struct socket_message *message);
/* recv with MSG_OOB: 1, -EINVAL when there is no such byte, -EFAULT. */
int64_t unix_urgent_receive(struct unix_socket *sock, struct socket_message *message);
enum urgent_step { URGENT_READ, URGENT_STOP, URGENT_NEXT };
/*
 * A read has come to an urgent message: to be read as any other, or the read stops before it, or (M held) the
 * next one is to be looked at: it was dropped, but for a peek. `begun`: the read has bytes already.
 */
enum urgent_step unix_urgent_pass(struct unix_socket *sock, struct unix_message *message, bool begun, bool peek);
/* Is the next byte to be read the urgent one? */
bool unix_urgent_is_next(struct unix_socket *sock);

/* connect.c */
int unix_stream_connect(struct socket *socket, const struct socket_name *name, bool nonblocking);
int unix_listen(struct socket *socket, uint32_t backlog);
struct socket *unix_accept(struct socket *socket, bool nonblocking);
int unix_pair(struct socket *first, struct socket *second);

/* rights.c */
/* Takes what the control holds over into the message. 0 or -ETOOMANYREFS. */
int unix_rights_attach(struct unix_message *message, struct socket_control *control);
/* The message's files, in flight no longer. It is in no queue, or (M held) in that of `receiver`. */
struct rights *unix_rights_take(struct unix_socket *receiver, struct unix_message *message);
/* A copy of them for MSG_PEEK. NULL: no memory. */
struct rights *unix_rights_peek(const struct unix_message *message);
/* Those of a message in no queue: dropped, but not inside another such drop, as chains may be long. */
void unix_rights_discard(struct rights *rights);
/* For what was received and nobody wants. */
void unix_rights_refuse(struct rights *rights);
/* unix_message_free_all, but the files of all the messages wait until the last is gone. */
void unix_free_together(struct list_node *messages);
extern uint32_t unix_discarding; /* somebody drops files that were in flight; atomic */
void unix_rights_init(void);

/* collect.c */
extern struct mutex unix_rights_mutex;        /* R */
extern struct list_node unix_sockets_in_flight; /* R; by flight_node */
void unix_flight_begin(struct unix_socket *sock); /* R held: one more message holds its file */
void unix_flight_end(struct unix_socket *sock);
struct unix_socket *unix_socket_of_file(const struct file *file); /* NULL: it is no AF_UNIX socket */
/* Have the collector look soon. Any context. */
void unix_collect_later(void);
/* Files that were in flight have been dropped. */
void unix_collect_if_wanted(void);
void unix_collect_init(void);

/* view.c */
void unix_view_init(void);
