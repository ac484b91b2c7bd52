/*
 * What travels beside the bytes of a message (cmsg(3), unix(7)): open files and credentials. Here is how a
 * program's control buffer is read and written; what becomes of it under way is the family's business.
 */
#pragma once

#include "fs/vfs/file.h"

struct socket;

#define RIGHTS_MAX 253u /* SCM_MAX_FD: files in one message */

/* Files on their way, each with a reference. */
struct rights {
    uint32_t count;
    uint32_t sockets;        /* those of them that are AF_UNIX sockets: counted while in flight */
    struct user *user;       /* for whom they count while in flight; referenced */
    struct list_node node;   /* among those that wait to be dropped */
    struct file *files[];    /* `count` of them */
};

struct credentials { /* struct ucred */
    int32_t pid;
    uint32_t uid, gid;
};
#define CREDENTIALS_NONE ((struct credentials){0, UINT32_MAX, UINT32_MAX})
#define OVERFLOW_ID 65534u /* what programs see of an id that there is not */

struct socket_control {
    struct rights *rights;    /* owned; NULL: none */
    bool has_credentials;     /* send: the program gave them */
    struct credentials credentials;
};

/*
 * Reads a program's control messages: 0, -EINVAL, -EBADF, -EPERM, -ESRCH, -ENOBUFS, -ENOMEM, -EFAULT. After
 * that, socket_control_end must follow in any case.
 */
int socket_control_get(struct socket_control *control, const void *user, uint64_t length);
void socket_control_end(struct socket_control *control);

/* A program's room for control messages. */
struct control_room {
    char *at;         /* user address; NULL: none was given */
    uint64_t left;
    bool truncated;   /* something did not fit: MSG_CTRUNC */
};
/*
 * Gives what was received to the program: credentials if the socket passes them, and descriptors for the
 * files as far as they fit. The rights are used up. `close_on_exec`: of the new descriptors.
 */
void socket_control_put(struct control_room *room, const struct socket *socket, struct socket_control *control,
                        bool close_on_exec);

/* Drops all files. May sleep; no lock held. */
void rights_drop(struct rights *rights);
/* A copy with references of its own, not in flight; NULL: no memory. */
struct rights *rights_copy(const struct rights *rights);
