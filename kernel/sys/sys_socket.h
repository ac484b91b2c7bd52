/* System calls on sockets (man section 2). Pointers are user addresses. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* socket.c */
int64_t sys_socket(int family, int type, int protocol);
int64_t sys_socketpair(int family, int type, int protocol, int32_t *descriptors);
int64_t sys_bind(int descriptor, const void *name, int length);
int64_t sys_listen(int descriptor, int backlog);
int64_t sys_accept(int descriptor, void *name, int32_t *length);
int64_t sys_accept4(int descriptor, void *name, int32_t *length, int flags);
int64_t sys_connect(int descriptor, const void *name, int length);
int64_t sys_getsockname(int descriptor, void *name, int32_t *length);
int64_t sys_getpeername(int descriptor, void *name, int32_t *length);
int64_t sys_shutdown(int descriptor, int how);
int64_t sys_setsockopt(int descriptor, int level, int option, const void *value, int length);
int64_t sys_getsockopt(int descriptor, int level, int option, void *value, int32_t *length);

/* socket_message.c */
int64_t sys_sendto(int descriptor, const void *data, size_t size, uint32_t flags, const void *name, int length);
int64_t sys_recvfrom(int descriptor, void *data, size_t size, uint32_t flags, void *name, int32_t *length);
int64_t sys_sendmsg(int descriptor, const void *message, uint32_t flags);
int64_t sys_recvmsg(int descriptor, void *message, uint32_t flags);
int64_t sys_sendmmsg(int descriptor, void *messages, uint32_t count, uint32_t flags);
int64_t sys_recvmmsg(int descriptor, void *messages, uint32_t count, uint32_t flags, void *timeout);
