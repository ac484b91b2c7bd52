/* Shared by the files of POSIX message queues. */
#pragma once

#include "kernel/ipc/mqueue.h"
#include "kernel/sched/wait.h"
#include "kernel/task/user.h"
#include "lib/rbtree.h"

struct mqueue_message {
    struct rb_node node;
    uint32_t priority;
    uint64_t size;
    uint8_t text[];
};

#define MQUEUE_FILE_BYTES 80u /* the size of a queue as a file, whatever its state: Linux's FILENT_SIZE */

struct mqueue {
    struct refcount refcount; /* its name, and its files */
    struct list_node node;    /* among the named ones; the lock of names */
    char *name;
    struct inode *inode;      /* owner and mode */
    struct user *user;        /* who pays; referenced */
    uint64_t charged_bytes;
    uint64_t messages_max, bytes_max;

    struct spinlock lock;     /* guards what follows */
    struct rb_root messages;  /* by priority, then arrival */
    uint64_t count, bytes;
    uint32_t waiting_receivers;
    struct pid *notify_owner; /* a process, referenced; NULL: nobody is to be notified */
    struct mqueue_notify notify;
    struct wait_queue senders, receivers;
};

extern const struct file_ops mqueue_file_ops;

void mqueue_put(struct mqueue *queue);
/* The owner's registration is used up or taken back; queue->lock held. */
void mqueue_forget_notify(struct mqueue *queue);
