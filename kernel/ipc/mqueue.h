/* POSIX message queues: mq_overview(7). A queue has a name of its own space, no directory. */
#pragma once

#include "fs/vfs/file.h"

#define MQUEUE_PRIORITY_MAX 32768u /* priorities are below */

struct mqueue_attributes {
    int64_t messages_max, bytes_max; /* messages; bytes of one */
    int64_t messages;                /* now */
};

/* What is to happen when a message arrives at an empty queue that nobody waits at. */
struct mqueue_notify {
    bool signals; /* false: nothing */
    int signal;
    uint64_t value;
};

/* /proc/sys/fs/mqueue: for the unprivileged */
struct mqueue_limits {
    uint64_t queues, messages, message_bytes, messages_default, message_bytes_default;
};
extern struct mqueue_limits mqueue_limits;

/* The queue's file, made with these attributes (NULL: the default) if O_CREAT says so. ERR_PTR as mq_open(3). */
struct file *mqueue_open(const char *name, uint32_t flags, uint32_t mode, const struct mqueue_attributes *attributes);
int mqueue_unlink(const char *name); /* 0, -ENOENT, -EPERM */
bool file_is_mqueue(const struct file *file);

/* The file is a queue's. 0 or -errno as mq_send(3), mq_receive(3); the deadline is monotonic. May sleep. */
int mqueue_send(struct file *file, uint64_t text, uint64_t size, uint32_t priority, uint64_t deadline_ns);
int64_t mqueue_receive(struct file *file, uint64_t text, uint64_t size, uint32_t *priority, uint64_t deadline_ns);
/* Registers the running process, or (NULL) takes its registration back: 0 or -EBUSY. */
int mqueue_set_notify(struct file *file, const struct mqueue_notify *notify);
void mqueue_read_attributes(const struct file *file, struct mqueue_attributes *attributes);
