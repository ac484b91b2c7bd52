/* The test program unix_sockets: what its parts share. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"
#include "tests/vm/programs/states.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#ifndef SIOCOUTQ
#define SIOCOUTQ 0x5411
#endif

/* The bare calls: libraries look into what is to be passed on as it is. */
#define sendmsg(fd, message, flags) syscall(SYS_sendmsg, fd, message, flags)
#define recvmsg(fd, message, flags) syscall(SYS_recvmsg, fd, message, flags)
#define sendmmsg(fd, messages, count, flags) syscall(SYS_sendmmsg, fd, messages, count, flags)
#define recvmmsg(fd, messages, count, flags, limit) syscall(SYS_recvmmsg, fd, messages, count, flags, limit)
#define accept4(fd, name, length, flags) syscall(SYS_accept4, fd, name, length, flags)

#define FAILS(call, number) CHECK((call) == -1 && errno == (number))
#define ALL (POLLIN | POLLOUT | POLLPRI | POLLRDHUP)

extern volatile sig_atomic_t pipes_broken, *alarms; /* alarms: seen by children, too */
extern const int types[3];

union control {
    struct cmsghdr header;
    char bytes[2048];
};

void on_signal(int number);
short events(int fd, short wanted);
void pair(int type, int ends[2]);
void close_two(int ends[2]);
socklen_t abstract(struct sockaddr_un *address, const char *name);
socklen_t in_tree(struct sockaddr_un *address, const char *name);
ssize_t send_files(int fd, const int *files, int count, const char *text);
ssize_t receive_files(int fd, int *files, int *count, int *flags, int how);
int lowest_free(void);

/* streams.c */
void creating(void);
void stream_bytes(void);
void stream_waits(void);
void full_buffers(void);
void closing(void);
void shutting_down(void);

/* messages.c */
void datagrams(void);
void datagram_peers(void);
void many_messages(void);

/* names.c */
void names(void);
void connections(void);
void backlogs(void);
void permissions(void);

/* options.c */
void options(void);
void time_limits(void);
void signals(void);

/* passing.c */
void passing_files(void);
void refused_files(void);
void passing_credentials(void);
void too_many_in_flight(void);

/* circles.c */
void circles(void);
void listener_circles(void);

/* others.c */
void edges(void);
void sending_a_file(void);
void proc_view(void);
void several(void);
void bulk(void);
