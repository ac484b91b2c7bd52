/*
 * Sockets: what all protocol families have in common. A family registers itself and makes sockets with
 * its own struct socket_ops; files, options of SOL_SOCKET and system calls are the same for all.
 *
 * A socket is an object of its own with a reference count: it may outlive its file (messages under way
 * name their sender), and it may have no file yet (a connection that nobody has accepted).
 */
#pragma once

#include "fs/vfs/async.h"
#include "kernel/sched/wait.h"
#include "lib/refcount.h"

struct socket;
struct socket_control;
struct cred;

enum socket_family_number { AF_UNSPEC = 0, AF_UNIX = 1, AF_COUNT = 46 }; /* linux/socket.h */

/* asm/socket.h; the flags are ored to the type */
enum socket_type { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_TYPE_END = 11 };
#define SOCK_TYPE_MASK 0xfu

/* linux/socket.h */
enum message_flag {
    MSG_OOB = 1, MSG_PEEK = 2, MSG_DONTROUTE = 4, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40,
    MSG_EOR = 0x80, MSG_WAITALL = 0x100, MSG_NOSIGNAL = 0x4000, MSG_MORE = 0x8000, MSG_WAITFORONE = 0x10000,
    MSG_CMSG_CLOEXEC = 0x40000000,
};
#define MSG_CMSG_COMPAT 0x80000000u

/* Bits of socket->shut; also what shutdown() asks for, less one. */
enum { SHUT_RECEIVE = 1, SHUT_SEND = 2, SHUT_BOTH = 3 };

#define SOCKET_NAME_MAX 128u /* struct sockaddr_storage */
struct socket_name {
    uint32_t length; /* bytes in use */
    union {
        uint16_t family;
        uint8_t bytes[SOCKET_NAME_MAX];
    };
};

/* One send or receive. */
struct socket_message {
    struct io_buffer *data;
    const struct socket_name *to;   /* send: NULL to the peer */
    struct socket_name *from;       /* receive: filled if not NULL (length 0: it has no name) */
    struct socket_control *control; /* send: NULL nothing; receive: NULL the caller wants none */
    uint32_t flags;                 /* enum message_flag, as called */
    uint32_t result_flags;          /* receive: MSG_TRUNC, MSG_CTRUNC */
};

/* SO_ options that are bits; each on or off. */
enum socket_option_bit {
    SOCKET_PASS_CREDENTIALS = 1u << 0, SOCKET_REUSE_ADDRESS = 1u << 1, SOCKET_REUSE_PORT = 1u << 2,
    SOCKET_KEEP_ALIVE = 1u << 3, SOCKET_BROADCAST = 1u << 4, SOCKET_DONT_ROUTE = 1u << 5,
    SOCKET_OOB_INLINE = 1u << 6, SOCKET_LINGER = 1u << 7, SOCKET_TIMESTAMP = 1u << 8,
    SOCKET_DEBUG = 1u << 9,
};

#define SOCKET_BUFFER_DEFAULT 212992u /* net.core.wmem_default, rmem_default; the largest to be asked for */
#define SOCKET_BACKLOG_MAX 4096u      /* net.core.somaxconn */

struct socket {
    struct refcount refcount;
    struct spinlock lock;          /* the family's; guards what says so below */
    uint32_t shut;                 /* the directions that are shut; lock */
    const struct socket_ops *ops;
    struct file *file;             /* no reference; NULL: not accepted yet, or closed */
    uint16_t family;
    uint16_t type;                 /* enum socket_type */
    int32_t error;                 /* positive errno to be told once; atomic */
    uint32_t options;              /* enum socket_option_bit; atomic */
    uint32_t send_buffer, receive_buffer; /* bytes */
    uint32_t receive_low;          /* SO_RCVLOWAT */
    uint32_t linger_seconds, priority, mark;
    uint64_t send_timeout_ns, receive_timeout_ns; /* WAIT_FOREVER: none */
    const struct cred *peer_cred;  /* SO_PEERCRED; NULL: not connected; lock */
    int32_t peer_pid;              /* lock */
    int32_t peek_offset;           /* SO_PEEK_OFF: where MSG_PEEK goes on; negative: off */
    struct wait_queue readers;     /* for something to receive or accept */
    struct wait_queue writers;     /* for room to send, or the end of it */
    struct async_queue async;      /* files that want SIGIO: the socket's one */
    bool reader_waits;             /* somebody sleeps until there is something: then data is no news; atomic */
    bool lacked_space;             /* a sender or poller found no room: SIGIO when there is; atomic */
};

/*
 * A family's methods; all may sleep. Blocking ones take O_NONBLOCK as `nonblocking` or MSG_DONTWAIT.
 * NULL: -EOPNOTSUPP.
 */
struct socket_ops {
    int (*bind)(struct socket *socket, const struct socket_name *name);
    int (*connect)(struct socket *socket, const struct socket_name *name, bool nonblocking);
    int (*pair)(struct socket *first, struct socket *second);
    int (*listen)(struct socket *socket, uint32_t backlog);
    /* The next connection, with a reference and without a file; or ERR_PTR. */
    struct socket *(*accept)(struct socket *socket, bool nonblocking);
    /* Its own name or that of its peer: 0 or -ENOTCONN. */
    int (*name)(struct socket *socket, bool of_peer, struct socket_name *name);
    int64_t (*send)(struct socket *socket, struct socket_message *message);
    int64_t (*receive)(struct socket *socket, struct socket_message *message);
    int (*shutdown)(struct socket *socket, uint32_t directions); /* SHUT_ bits */
    uint32_t (*poll)(struct socket *socket, struct poll_table *table);
    int64_t (*ioctl)(struct socket *socket, unsigned request, uint64_t argument);
    void (*release)(struct socket *socket); /* its file is closed, or was never made; takes the reference over */
    bool (*listening)(const struct socket *socket);
    void (*destroy)(struct socket *socket); /* the last reference is gone */
};

struct socket_family {
    uint16_t number;
    /* A socket with one reference, or ERR_PTR: -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -ENOMEM. */
    struct socket *(*create)(unsigned type, int protocol);
};

/* At start. `family` stays for ever. */
void socket_family_register(const struct socket_family *family);
/* socket(2) without the file: also -EAFNOSUPPORT, -EINVAL. */
struct socket *socket_create(int family, int type, int protocol);

/* What a family's create begins with: one reference, default options. The lock is the family's to make. */
void socket_init(struct socket *socket, const struct socket_ops *ops, uint16_t family, uint16_t type);
static inline void socket_get(struct socket *socket) {
    refcount_get(&socket->refcount);
}
void socket_put(struct socket *socket); /* may sleep */

/* An open file on the socket, whose reference it takes over (also on failure: ERR_PTR). `flags`: O_NONBLOCK. */
struct file *socket_file_create(struct socket *socket, uint32_t flags);
/* The socket behind a file, or NULL. */
struct socket *socket_of_file(const struct file *file);

/* SIGIO for data, unless a reader sleeps for it; for room, if it was missed. No locks held. */
static inline void socket_notify_data(struct socket *socket, enum async_event event) {
    if (unlikely(atomic_load_relaxed(&socket->async.first)) && !atomic_load_relaxed(&socket->reader_waits))
        async_send(&socket->async, SIGIO, event);
}
static inline void socket_notify_space(struct socket *socket) {
    if (unlikely(atomic_load_relaxed(&socket->async.first)) && atomic_exchange(&socket->lacked_space, false))
        async_send(&socket->async, SIGIO, POLL_OUT);
}
/* Urgent data: SIGURG to the owner of the socket's file, and to who waits for signals. */
void socket_notify_urgent(struct socket *socket);

/* The errno waiting to be told (negative), which it then no longer is; else 0. */
int socket_take_error(struct socket *socket);
/* When a wait begun now ends, for SO_RCVTIMEO and SO_SNDTIMEO; 0: do not wait. */
uint64_t socket_deadline(uint64_t timeout_ns, bool nonblocking);
/* What an interrupted or timed-out wait gives the program. `result`: of WAIT_EVENT_INTERRUPTIBLE. */
int socket_wait_error(int result, uint64_t deadline_ns);

static inline bool socket_has_option(const struct socket *socket, enum socket_option_bit option) {
    return atomic_load_relaxed(&socket->options) & option;
}

/* Who is connected to it, for SO_PEERCRED: takes the reference over; socket->lock held. */
void socket_set_peer_cred(struct socket *socket, const struct cred *cred, int32_t pid);

/* SOL_SOCKET: 0 or -errno; `length` is in bytes. -ENOPROTOOPT: unknown. */
int socket_option_set(struct socket *socket, int option, const void *user_value, uint32_t length);
/* *length: room, then bytes of the value. */
int socket_option_get(struct socket *socket, int option, void *user_value, uint32_t *length);
