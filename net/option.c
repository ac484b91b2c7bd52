/* Options of level SOL_SOCKET (socket(7)). Those that mean nothing where there is no network are kept and told. */
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "net/socket.h"

/* asm-generic/socket.h */
enum {
    SO_DEBUG = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_DONTROUTE = 5, SO_BROADCAST = 6, SO_SNDBUF = 7,
    SO_RCVBUF = 8, SO_KEEPALIVE = 9, SO_OOBINLINE = 10, SO_NO_CHECK = 11, SO_PRIORITY = 12, SO_LINGER = 13,
    SO_BSDCOMPAT = 14, SO_REUSEPORT = 15, SO_PASSCRED = 16, SO_PEERCRED = 17, SO_RCVLOWAT = 18, SO_SNDLOWAT = 19,
    SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_TIMESTAMP = 29, SO_ACCEPTCONN = 30, SO_SNDBUFFORCE = 32,
    SO_RCVBUFFORCE = 33, SO_PASSSEC = 34, SO_MARK = 36, SO_PROTOCOL = 38, SO_DOMAIN = 39, SO_PEEK_OFF = 42,
    SO_PEERGROUPS = 59, SO_RCVTIMEO_NEW = 66, SO_SNDTIMEO_NEW = 67,
};

/* SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF of Linux on x86-64 */
enum { SEND_BUFFER_MIN = 4608, RECEIVE_BUFFER_MIN = 2304 };
#define PRIORITY_FREE 6 /* higher ones are for CAP_NET_ADMIN */

struct option_bit {
    int option;
    uint32_t bit; /* enum socket_option_bit */
};
static const struct option_bit option_bits[] = {
    {SO_PASSCRED, SOCKET_PASS_CREDENTIALS}, {SO_REUSEADDR, SOCKET_REUSE_ADDRESS},
    {SO_REUSEPORT, SOCKET_REUSE_PORT},      {SO_KEEPALIVE, SOCKET_KEEP_ALIVE},
    {SO_BROADCAST, SOCKET_BROADCAST},       {SO_DONTROUTE, SOCKET_DONT_ROUTE},
    {SO_OOBINLINE, SOCKET_OOB_INLINE},      {SO_TIMESTAMP, SOCKET_TIMESTAMP},
    {SO_DEBUG, SOCKET_DEBUG},
};

struct linger {
    int32_t on, seconds;
};
struct timeval {
    int64_t seconds, microseconds;
};

static uint32_t bit_of(int option) {
    for (size_t i = 0; i < ARRAY_SIZE(option_bits); i++)
        if (option_bits[i].option == option)
            return option_bits[i].bit;
    return 0;
}

static void set_bit(struct socket *socket, uint32_t bit, bool on) {
    if (on)
        atomic_fetch_or(&socket->options, bit);
    else
        atomic_fetch_and(&socket->options, ~bit);
}

/* ---- setting ---- */

static int set_linger(struct socket *socket, const void *user, uint32_t length) {
    struct linger linger;
    if (length < sizeof linger)
        return -EINVAL;
    if (copy_from_user(&linger, user, sizeof linger))
        return -EFAULT;
    if (linger.on)
        socket->linger_seconds = (uint32_t)linger.seconds;
    set_bit(socket, SOCKET_LINGER, linger.on != 0);
    return 0;
}

/* Zero is for ever; less than zero, not at all. */
static int set_timeout(uint64_t *timeout_ns, const void *user, uint32_t length) {
    struct timeval time;
    uint64_t ns;
    if (length < sizeof time)
        return -EINVAL;
    if (copy_from_user(&time, user, sizeof time))
        return -EFAULT;
    if (time.microseconds < 0 || time.microseconds >= (int64_t)(NS_PER_SEC / NS_PER_US))
        return -EDOM;
    if (time.seconds < 0) {
        *timeout_ns = 0;
        return 0;
    }
    bool forever = (time.seconds == 0 && time.microseconds == 0) ||
                   __builtin_mul_overflow((uint64_t)time.seconds, NS_PER_SEC, &ns) ||
                   __builtin_add_overflow(ns, (uint64_t)time.microseconds * NS_PER_US, &ns);
    *timeout_ns = forever ? WAIT_FOREVER : ns;
    return 0;
}

/* Twice what was asked for: half is for the kernel's own needs, as socket(7) has it. */
static uint32_t buffer_size(int32_t value, bool force, uint32_t least) {
    uint32_t wanted = (uint32_t)value;
    if (!force)
        wanted = MIN(wanted, SOCKET_BUFFER_DEFAULT);
    else
        wanted = (uint32_t)MIN(MAX(value, 0), INT32_MAX / 2);
    return MAX(wanted * 2, least);
}

static void set_send_buffer(struct socket *socket, int32_t value, bool force) {
    atomic_store(&socket->send_buffer, buffer_size(value, force, SEND_BUFFER_MIN));
    wait_wake(&socket->writers, 1, POLLOUT | POLLWRNORM | POLLWRBAND, false);
}

static int set_priority(struct socket *socket, int32_t value) {
    bool is_free = value >= 0 && value <= PRIORITY_FREE;
    if (!is_free && !cred_has(current_cred(), CAP_NET_ADMIN) && !cred_has(current_cred(), CAP_NET_RAW))
        return -EPERM;
    socket->priority = (uint32_t)value;
    return 0;
}

static int set_forced(struct socket *socket, int option, int32_t value) {
    if (!cred_has(current_cred(), CAP_NET_ADMIN))
        return -EPERM;
    if (option == SO_SNDBUFFORCE)
        set_send_buffer(socket, value, true);
    else if (option == SO_RCVBUFFORCE)
        socket->receive_buffer = buffer_size(value, true, RECEIVE_BUFFER_MIN);
    else
        socket->mark = (uint32_t)value;
    return 0;
}

static int set_number(struct socket *socket, int option, int32_t value) {
    uint32_t bit = bit_of(option);
    switch (option) {
    case SO_DEBUG:
        if (value && !cred_has(current_cred(), CAP_NET_ADMIN))
            return -EACCES;
        break;
    case SO_REUSEPORT: /* a name has one socket */
        return value ? -EOPNOTSUPP : 0;
    case SO_SNDBUF:
        set_send_buffer(socket, value, false);
        return 0;
    case SO_RCVBUF:
        socket->receive_buffer = buffer_size(value, false, RECEIVE_BUFFER_MIN);
        return 0;
    case SO_RCVLOWAT:
        socket->receive_low = value < 0 ? INT32_MAX : (uint32_t)MAX(value, 1);
        return 0;
    case SO_PRIORITY:
        return set_priority(socket, value);
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
    case SO_MARK:
        return set_forced(socket, option, value);
    case SO_NO_CHECK:
    case SO_BSDCOMPAT:
    case SO_PASSSEC:
        return 0; /* accepted; says nothing here */
    case SO_PEEK_OFF:
        socket->peek_offset = value;
        return 0;
    default:
        break;
    }
    if (!bit)
        return -ENOPROTOOPT;
    set_bit(socket, bit, value != 0);
    return 0;
}

int socket_option_set(struct socket *socket, int option, const void *user, uint32_t length) {
    int32_t value;
    if (length < sizeof value)
        return -EINVAL;
    if (get_user(value, (const int32_t *)user))
        return -EFAULT;
    switch (option) {
    case SO_LINGER:
        return set_linger(socket, user, length);
    case SO_RCVTIMEO:
    case SO_RCVTIMEO_NEW:
        return set_timeout(&socket->receive_timeout_ns, user, length);
    case SO_SNDTIMEO:
    case SO_SNDTIMEO_NEW:
        return set_timeout(&socket->send_timeout_ns, user, length);
    default:
        return set_number(socket, option, value);
    }
}

/* ---- reading ---- */

/* As much of the value as there is room for. */
static int put_value(void *user, uint32_t *length, const void *value, uint32_t size) {
    *length = MIN(*length, size);
    return copy_to_user(user, value, *length);
}

static int get_timeout(uint64_t timeout_ns, void *user, uint32_t *length) {
    struct timeval time = {0, 0};
    if (timeout_ns != WAIT_FOREVER) {
        time.seconds = (int64_t)(timeout_ns / NS_PER_SEC);
        time.microseconds = (int64_t)(timeout_ns % NS_PER_SEC / NS_PER_US);
    }
    return put_value(user, length, &time, sizeof time);
}

/* The peer's credentials, with a reference, and its number; NULL: none. */
static const struct cred *peer_cred_get(struct socket *socket, int32_t *pid) {
    spin_lock(&socket->lock);
    const struct cred *cred = socket->peer_cred ? cred_get(socket->peer_cred) : NULL;
    *pid = cred ? socket->peer_pid : 0;
    spin_unlock(&socket->lock);
    return cred;
}

static int get_peer_cred(struct socket *socket, void *user, uint32_t *length) {
    struct {
        int32_t pid;
        uint32_t uid, gid;
    } peer = {0, UINT32_MAX, UINT32_MAX};
    const struct cred *cred = peer_cred_get(socket, &peer.pid);
    if (cred) {
        peer.uid = cred->euid;
        peer.gid = cred->egid;
        cred_put(cred);
    }
    return put_value(user, length, &peer, sizeof peer);
}

static int get_peer_groups(struct socket *socket, void *user, uint32_t *length) {
    int32_t pid;
    const struct cred *cred = peer_cred_get(socket, &pid);
    if (!cred)
        return -ENODATA;
    uint32_t size = cred->group_count * (uint32_t)sizeof cred->groups[0];
    int error = *length < size ? -ERANGE : copy_to_user(user, cred->groups, size);
    *length = size;
    cred_put(cred);
    return error;
}

/* The options that are a number: -ENOPROTOOPT for others. */
static int get_number(struct socket *socket, int option, int32_t *value) {
    switch (option) {
    case SO_TYPE:
        *value = socket->type;
        return 0;
    case SO_DOMAIN:
        *value = socket->family;
        return 0;
    case SO_PROTOCOL:
    case SO_NO_CHECK:
    case SO_BSDCOMPAT:
    case SO_PASSSEC:
        *value = 0;
        return 0;
    case SO_ERROR:
        *value = -socket_take_error(socket);
        return 0;
    case SO_ACCEPTCONN:
        *value = socket->ops->listening(socket);
        return 0;
    case SO_SNDBUF:
        *value = (int32_t)socket->send_buffer;
        return 0;
    case SO_RCVBUF:
        *value = (int32_t)socket->receive_buffer;
        return 0;
    case SO_RCVLOWAT:
        *value = (int32_t)socket->receive_low;
        return 0;
    case SO_SNDLOWAT:
        *value = 1;
        return 0;
    case SO_PRIORITY:
        *value = (int32_t)socket->priority;
        return 0;
    case SO_MARK:
        *value = (int32_t)socket->mark;
        return 0;
    case SO_PEEK_OFF:
        *value = socket->peek_offset;
        return 0;
    default:
        *value = (socket->options & bit_of(option)) != 0;
        return bit_of(option) ? 0 : -ENOPROTOOPT;
    }
}

int socket_option_get(struct socket *socket, int option, void *user, uint32_t *length) {
    struct linger linger = {socket_has_option(socket, SOCKET_LINGER), (int32_t)socket->linger_seconds};
    int32_t value;
    switch (option) {
    case SO_LINGER:
        return put_value(user, length, &linger, sizeof linger);
    case SO_RCVTIMEO:
    case SO_RCVTIMEO_NEW:
        return get_timeout(socket->receive_timeout_ns, user, length);
    case SO_SNDTIMEO:
    case SO_SNDTIMEO_NEW:
        return get_timeout(socket->send_timeout_ns, user, length);
    case SO_PEERCRED:
        return get_peer_cred(socket, user, length);
    case SO_PEERGROUPS:
        return get_peer_groups(socket, user, length);
    default:
        break;
    }
    int error = get_number(socket, option, &value);
    return error ? error : put_value(user, length, &value, sizeof value);
}
