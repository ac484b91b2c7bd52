/* What the socket calls share: a descriptor's socket, and names to and from a program. */
#pragma once

#include "fs/vfs/file_table.h"
#include "net/socket.h"

/* A socket borrowed for the length of a call. */
struct socket_use {
    struct socket *socket;
    struct file_use use;
};
/* 0, -EBADF, -ENOTSOCK. After 0, socket_use_end must follow. */
int socket_use_begin(struct socket_use *use, int descriptor);
static inline void socket_use_end(const struct socket_use *use) {
    file_use_end(use->use);
}
static inline bool socket_use_nonblocking(const struct socket_use *use) {
    return use->use.file->flags & O_NONBLOCK;
}

/* 0, -EINVAL, -EFAULT. */
int socket_name_get(struct socket_name *name, const void *user, int length);
/* As much as fits in *user_length bytes; then its whole length goes there. 0, -EINVAL, -EFAULT. */
int socket_name_put(const struct socket_name *name, void *user, int32_t *user_length);
