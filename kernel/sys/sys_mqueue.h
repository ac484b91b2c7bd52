/* System calls of POSIX message queues: kernel/sys/mqueue.c. As the ABI passes them. */
#pragma once

#include <stdint.h>

#include "kernel/vm/uaccess.h"

struct mq_attr_user;
struct mq_event_user;
struct user_timespec;

int64_t sys_mq_open(const char __user *name, uint32_t flags, uint32_t mode, const struct mq_attr_user __user *attributes);
int64_t sys_mq_unlink(const char __user *name);
int64_t sys_mq_timedsend(int descriptor, uint64_t text, uint64_t size, uint32_t priority,
                         const struct user_timespec __user *timeout);
int64_t sys_mq_timedreceive(int descriptor, uint64_t text, uint64_t size, uint32_t __user *priority,
                            const struct user_timespec __user *timeout);
int64_t sys_mq_notify(int descriptor, const struct mq_event_user __user *event);
int64_t sys_mq_getsetattr(int descriptor, const struct mq_attr_user __user *new, struct mq_attr_user __user *old);
