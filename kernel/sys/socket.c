/* Sockets: making, naming, connecting and ending them; options. */
#include "fs/vfs/file_table.h"
#include "kernel/sys/socket_use.h"
#include "kernel/sys/sys_socket.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"

#define SOCK_NONBLOCK O_NONBLOCK /* linux/net.h */
#define SOCK_CLOEXEC O_CLOEXEC
#define SOL_SOCKET 1

int socket_use_begin(struct socket_use *use, int descriptor) {
    use->use = file_use(descriptor);
    if (unlikely(!use->use.file))
        return -EBADF;
    use->socket = socket_of_file(use->use.file);
    if (likely(use->socket))
        return 0;
    file_use_end(use->use);
    return -ENOTSOCK;
}

int socket_name_get(struct socket_name *name, const void *user, int length) {
    if (length < 0 || (uint32_t)length > SOCKET_NAME_MAX)
        return -EINVAL;
    name->length = (uint32_t)length;
    name->family = AF_UNSPEC;
    return length ? copy_from_user(name->bytes, user, name->length) : 0;
}

int socket_name_put(const struct socket_name *name, void *user, int32_t *user_length) {
    int32_t room;
    if (get_user(room, user_length))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (copy_to_user(user, name->bytes, MIN((uint32_t)room, name->length)))
        return -EFAULT;
    return put_user((int32_t)name->length, user_length);
}

/* ---- new sockets ---- */

/* Splits the flags off. -EINVAL: unknown ones. */
static int split_type(int *type, uint32_t *flags) {
    *flags = (uint32_t)*type & ~SOCK_TYPE_MASK;
    *type &= (int)SOCK_TYPE_MASK;
    return (*flags & ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC)) ? -EINVAL : 0;
}

/* Gives the socket, whose reference it takes over, a file and a descriptor. */
static int64_t install(struct socket *socket, uint32_t flags) {
    return descriptor_open(socket_file_create(socket, flags & SOCK_NONBLOCK), flags & SOCK_CLOEXEC);
}

int64_t sys_socket(int family, int type, int protocol) {
    uint32_t flags;
    int error = split_type(&type, &flags);
    if (error)
        return error;
    struct socket *socket = socket_create(family, type, protocol);
    return IS_ERR(socket) ? PTR_ERR(socket) : install(socket, flags);
}

/* Two sockets that are connected with each other, as files. */
static int make_pair(int family, int type, int protocol, uint32_t flags, struct file *files[2]) {
    struct socket *first = socket_create(family, type, protocol);
    if (IS_ERR(first))
        return PTR_ERR(first);
    struct socket *second = socket_create(family, type, protocol);
    int error = IS_ERR(second) ? PTR_ERR(second) : 0;
    if (!error) {
        error = first->ops->pair ? first->ops->pair(first, second) : -EOPNOTSUPP;
        if (error)
            second->ops->release(second);
    }
    if (error) {
        first->ops->release(first);
        return error;
    }
    files[0] = socket_file_create(first, flags & SOCK_NONBLOCK);
    files[1] = socket_file_create(second, flags & SOCK_NONBLOCK);
    for (int i = 0; i < 2; i++)
        if (IS_ERR(files[i])) {
            error = PTR_ERR(files[i]);
            if (!IS_ERR(files[1 - i]))
                file_put(files[1 - i]);
            break;
        }
    return error;
}

int64_t sys_socketpair(int family, int type, int protocol, int32_t *user) {
    struct file *files[2];
    int32_t descriptors[2];
    uint32_t flags;
    int error = split_type(&type, &flags);
    if (error)
        return error;
    descriptors[0] = descriptor_reserve(0, flags & SOCK_CLOEXEC);
    if (descriptors[0] < 0)
        return descriptors[0];
    descriptors[1] = descriptor_reserve(0, flags & SOCK_CLOEXEC);
    if (descriptors[1] < 0) {
        descriptor_cancel(descriptors[0]);
        return descriptors[1];
    }
    error = copy_to_user(user, descriptors, sizeof descriptors);
    if (!error)
        error = make_pair(family, type, protocol, flags, files);
    for (int i = 0; i < 2; i++) {
        if (error)
            descriptor_cancel(descriptors[i]);
        else
            descriptor_install(descriptors[i], files[i]);
    }
    return error;
}

/* ---- names and connections ---- */

int64_t sys_bind(int descriptor, const void *user, int length) {
    struct socket_use use;
    struct socket_name name;
    int error = socket_use_begin(&use, descriptor);
    if (error)
        return error;
    error = socket_name_get(&name, user, length);
    if (!error)
        error = use.socket->ops->bind ? use.socket->ops->bind(use.socket, &name) : -EOPNOTSUPP;
    socket_use_end(&use);
    return error;
}

int64_t sys_listen(int descriptor, int backlog) {
    struct socket_use use;
    int error = socket_use_begin(&use, descriptor);
    if (error)
        return error;
    uint32_t most = MIN((uint32_t)backlog, SOCKET_BACKLOG_MAX); /* a negative one is a very large one */
    error = use.socket->ops->listen ? use.socket->ops->listen(use.socket, most) : -EOPNOTSUPP;
    socket_use_end(&use);
    return error;
}

int64_t sys_connect(int descriptor, const void *user, int length) {
    struct socket_use use;
    struct socket_name name;
    int error = socket_use_begin(&use, descriptor);
    if (error)
        return error;
    error = socket_name_get(&name, user, length);
    if (!error)
        error = use.socket->ops->connect ? use.socket->ops->connect(use.socket, &name, socket_use_nonblocking(&use))
                                         : -EOPNOTSUPP;
    socket_use_end(&use);
    return error;
}

/* The new connection as a file, its peer's name told to the program. */
static struct file *accept_file(const struct socket_use *use, void *user_name, int32_t *user_length, uint32_t flags) {
    struct socket *listener = use->socket;
    struct socket_name name;
    if (!listener->ops->accept)
        return ERR_PTR(-EOPNOTSUPP);
    struct socket *socket = listener->ops->accept(listener, socket_use_nonblocking(use));
    if (IS_ERR(socket))
        return ERR_PTR(PTR_ERR(socket));
    struct file *file = socket_file_create(socket, flags & SOCK_NONBLOCK);
    if (IS_ERR(file) || !user_name)
        return file;
    int error = socket->ops->name(socket, true, &name) ? -ECONNABORTED : socket_name_put(&name, user_name, user_length);
    if (!error)
        return file;
    file_put(file);
    return ERR_PTR(error);
}

int64_t sys_accept4(int descriptor, void *name, int32_t *length, int flags) {
    struct socket_use use;
    bool unknown = (uint32_t)flags & ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = socket_use_begin(&use, descriptor);
    if (error == -EBADF)
        return error;
    if (unknown && !error)
        socket_use_end(&use);
    if (unknown || error)
        return unknown ? -EINVAL : error;
    int accepted = descriptor_reserve(0, (uint32_t)flags & SOCK_CLOEXEC);
    if (accepted >= 0) {
        struct file *file = accept_file(&use, name, length, (uint32_t)flags);
        if (IS_ERR(file)) {
            descriptor_cancel(accepted);
            accepted = PTR_ERR(file);
        } else {
            descriptor_install(accepted, file);
        }
    }
    socket_use_end(&use);
    return accepted;
}

int64_t sys_accept(int descriptor, void *name, int32_t *length) {
    return sys_accept4(descriptor, name, length, 0);
}

static int64_t tell_name(int descriptor, bool of_peer, void *user, int32_t *user_length) {
    struct socket_use use;
    struct socket_name name;
    int error = socket_use_begin(&use, descriptor);
    if (error)
        return error;
    error = use.socket->ops->name(use.socket, of_peer, &name);
    if (!error)
        error = socket_name_put(&name, user, user_length);
    socket_use_end(&use);
    return error;
}

int64_t sys_getsockname(int descriptor, void *name, int32_t *length) {
    return tell_name(descriptor, false, name, length);
}

int64_t sys_getpeername(int descriptor, void *name, int32_t *length) {
    return tell_name(descriptor, true, name, length);
}

int64_t sys_shutdown(int descriptor, int how) {
    struct socket_use use;
    int error = socket_use_begin(&use, descriptor);
    if (error)
        return error;
    bool known = how >= 0 && how < SHUT_BOTH; /* SHUT_RD, SHUT_WR, SHUT_RDWR: the bits less one */
    error = known ? use.socket->ops->shutdown(use.socket, (uint32_t)how + 1) : -EINVAL;
    socket_use_end(&use);
    return error;
}

/* ---- options ---- */

int64_t sys_setsockopt(int descriptor, int level, int option, const void *value, int length) {
    struct socket_use use;
    if (length < 0)
        return -EINVAL;
    int error = socket_use_begin(&use, descriptor);
    if (error)
        return error;
    error = level == SOL_SOCKET ? socket_option_set(use.socket, option, value, (uint32_t)length) : -EOPNOTSUPP;
    socket_use_end(&use);
    return error;
}

int64_t sys_getsockopt(int descriptor, int level, int option, void *value, int32_t *user_length) {
    struct socket_use use;
    int32_t room;
    int error = socket_use_begin(&use, descriptor);
    if (error)
        return error;
    error = level == SOL_SOCKET ? 0 : -EOPNOTSUPP;
    if (!error && get_user(room, user_length))
        error = -EFAULT;
    if (!error && room < 0)
        error = -EINVAL;
    if (!error) {
        uint32_t length = (uint32_t)room;
        error = socket_option_get(use.socket, option, value, &length);
        if ((!error || error == -ERANGE) && put_user((int32_t)length, user_length))
            error = -EFAULT;
    }
    socket_use_end(&use);
    return error;
}
