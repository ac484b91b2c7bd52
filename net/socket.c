/*
 * The socket class: families, references, and sockets as files. Invariant: a socket with a file is
 * released exactly once, by the file's end; one without, by whoever gives it up.
 */
#include "net/socket.h"

#include "kernel/task/task.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"

static const struct socket_family *families[AF_COUNT]; /* filled at start */

void socket_family_register(const struct socket_family *family) {
    ASSERT(family->number < AF_COUNT && !families[family->number]);
    families[family->number] = family;
}

struct socket *socket_create(int family, int type, int protocol) {
    if (family < 0 || family >= AF_COUNT)
        return ERR_PTR(-EAFNOSUPPORT);
    if (type < 0 || type >= SOCK_TYPE_END)
        return ERR_PTR(-EINVAL);
    if (!families[family])
        return ERR_PTR(-EAFNOSUPPORT);
    return families[family]->create((unsigned)type, protocol);
}

void socket_init(struct socket *socket, const struct socket_ops *ops, uint16_t family, uint16_t type) {
    refcount_init(&socket->refcount, 1);
    socket->ops = ops;
    socket->family = family;
    socket->type = type;
    socket->send_buffer = socket->receive_buffer = SOCKET_BUFFER_DEFAULT;
    socket->receive_low = 1;
    socket->peek_offset = -1;
    socket->send_timeout_ns = socket->receive_timeout_ns = WAIT_FOREVER;
    wait_queue_init(&socket->readers);
    wait_queue_init(&socket->writers);
}

void socket_put(struct socket *socket) {
    if (!refcount_put(&socket->refcount))
        return;
    if (socket->peer_cred)
        cred_put(socket->peer_cred);
    socket->ops->destroy(socket);
}

void socket_set_peer_cred(struct socket *socket, const struct cred *cred, int32_t pid) {
    const struct cred *old = socket->peer_cred;
    socket->peer_cred = cred;
    socket->peer_pid = pid;
    if (old)
        cred_put(old);
}

int socket_take_error(struct socket *socket) {
    if (likely(atomic_load_relaxed(&socket->error) == 0))
        return 0;
    return -atomic_exchange(&socket->error, 0);
}

uint64_t socket_deadline(uint64_t timeout_ns, bool nonblocking) {
    if (nonblocking)
        return 0;
    if (timeout_ns == WAIT_FOREVER)
        return WAIT_FOREVER;
    return deadline_after(timeout_ns);
}

int socket_wait_error(int result, uint64_t deadline_ns) {
    if (result == -ETIMEDOUT)
        return -EAGAIN;
    /* A wait with a limit is not begun again: signal(7). */
    return deadline_ns == WAIT_FOREVER ? -ERESTARTSYS : -EINTR;
}

/* ---- as files ---- */

static int64_t socket_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct socket *socket = file->private;
    (void)position;
    if (buffer->remaining == 0)
        return 0;
    struct socket_message message = {.data = buffer, .flags = (file->flags & O_NONBLOCK) ? MSG_DONTWAIT : 0u};
    return socket->ops->receive(socket, &message);
}

static int64_t socket_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct socket *socket = file->private;
    (void)position;
    struct socket_message message = {.data = buffer, .flags = (file->flags & O_NONBLOCK) ? MSG_DONTWAIT : 0u};
    return socket->ops->send(socket, &message);
}

static uint32_t socket_poll(struct file *file, struct poll_table *table) {
    struct socket *socket = file->private;
    return socket->ops->poll(socket, table);
}

enum { FIOSETOWN = 0x8901, SIOCSPGRP, FIOGETOWN, SIOCGPGRP }; /* asm-generic/sockios.h */

static int64_t socket_ioctl(struct file *file, unsigned request, uint64_t argument) {
    struct socket *socket = file->private;
    int32_t number;
    if (request == FIOGETOWN || request == SIOCGPGRP) {
        number = file_owner_number(file);
        return put_user(number, (int32_t *)argument);
    }
    if (request == FIOSETOWN || request == SIOCSPGRP)
        return get_user(number, (int32_t *)argument) ? -EFAULT : file_set_owner_number(file, number);
    return socket->ops->ioctl(socket, request, argument);
}

static int socket_set_async(struct file *file, int descriptor, bool on) {
    struct socket *socket = file->private;
    return async_join(&socket->async, file, descriptor, on);
}

void socket_notify_urgent(struct socket *socket) {
    rcu_read_lock();
    struct file *file = rcu_dereference(socket->file);
    if (file && async_send_urgent(file))
        async_send(&socket->async, SIGURG, POLL_PRI);
    rcu_read_unlock();
}

static void socket_release(struct file *file) {
    struct socket *socket = file->private;
    atomic_store(&socket->file, NULL);
    socket->ops->release(socket);
}

static const struct file_ops socket_file_ops = {
    .release = socket_release,
    .read = socket_read,
    .write = socket_write,
    .seek = stream_seek,
    .ioctl = socket_ioctl,
    .poll = socket_poll,
    .set_async = socket_set_async,
    .splices = SPLICE_FROM | SPLICE_TO,
};

struct socket *socket_of_file(const struct file *file) {
    return file->ops == &socket_file_ops ? file->private : NULL;
}

/* By /proc/self/fd/N a socket cannot be opened again. */
static int refuse_open(struct inode *inode, struct file *file) {
    (void)inode, (void)file;
    return -ENXIO;
}

static const struct file_ops socket_inode_ops = {.open = refuse_open};

struct file *socket_file_create(struct socket *socket, uint32_t flags) {
    char name[32];
    struct inode *inode = inode_alloc_anonymous(S_IFSOCK | 0777u);
    if (!inode) {
        socket->ops->release(socket);
        return ERR_PTR(-ENOMEM);
    }
    inode->file_ops = &socket_inode_ops;
    format_snprintf(name, sizeof name, "socket:[%llu]", (unsigned long long)inode->number);
    struct file *file = file_create_on_inode(inode, name, &socket_file_ops, flags | O_RDWR, socket);
    if (IS_ERR(file)) {
        socket->ops->release(socket);
        return file;
    }
    file->abilities |= FILE_IS_STREAM;
    atomic_store(&socket->file, file);
    return file;
}
