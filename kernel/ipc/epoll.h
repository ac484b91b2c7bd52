/* epoll(7): a set of watched files that remembers which have become ready. */
#pragma once

#include "fs/vfs/file.h"

enum epoll_operation { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3 };

/* linux/eventpoll.h: bits of `events` that are no events */
#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP (1u << 29)
#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)

/* struct epoll_event of linux/eventpoll.h: packed on x86-64 */
struct epoll_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));

struct file *epoll_create(void); /* ERR_PTR(-ENOMEM) */
bool file_is_epoll(const struct file *file);
/* The watched place is (file, descriptor). -EEXIST, -ENOENT, -EPERM (cannot be polled), -ELOOP, -EINVAL, -ENOMEM. */
int epoll_control(struct file *epoll_file, enum epoll_operation operation, struct file *file,
                  int descriptor, const struct epoll_event *event);
/* The file watched as `descriptor`, of several the one after `skip` others, for comparing: no reference comes with it.
 * -EINVAL: not an epoll; -ENOENT. */
int epoll_find_watched(struct file *epoll_file, int descriptor, uint64_t skip, const struct file **watched);
/*
 * Up to `max` events to the program's array `user`, at least one unless the deadline passes (0: do not wait):
 * how many, -EINTR or -EFAULT.
 */
int epoll_wait_events(struct file *epoll_file, void *user, int max, uint64_t deadline_ns);

void epoll_init(void);
