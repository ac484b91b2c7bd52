/* Message queues of System V: msgget(2), msgsnd(2), msgrcv(2), msgctl(2). */
#pragma once

#include "kernel/ipc/sysv_ids.h"

/* linux/msg.h */
enum msg_flag { MSG_NOERROR = 010000, MSG_EXCEPT = 020000, MSG_COPY = 040000 };

struct msg {
    struct list_node node;
    int64_t type;
    uint64_t size;
    uint8_t text[];
};

struct msg_queue {
    struct ipc_object ipc; /* its lock guards everything below */
    struct list_node messages;
    uint64_t count, bytes, bytes_max;
    int64_t send_time, receive_time, change_time;
    int32_t last_sender, last_receiver;
    struct wait_queue senders, receivers;
};

/* /proc/sys/kernel/msgmax, msgmnb, msgmni */
struct msg_limits {
    uint64_t message_bytes, queue_bytes, queues;
};
extern struct msg_limits msg_limits;

struct msg_usage {
    uint64_t messages, bytes;
};

extern struct ipc_family msg_family;

void msg_init(void);
/* Takes over the message if it succeeds: 0, -EINVAL, -EACCES, -EAGAIN, -EIDRM, -ERESTARTNOHAND. May sleep. */
int msg_send(int id, struct msg *message, int flags);
/* The message of that type (msgrcv(2)), the caller's to free; a copy for MSG_COPY. ERR_PTR as above, -ENOMSG, -E2BIG. May sleep. */
struct msg *msg_receive(int id, uint64_t size_max, int64_t type, int flags);
/* IPC_RMID; locked. */
void msg_remove(struct msg_queue *queue);
void msg_usage_read(struct msg_usage *usage);

static inline struct msg_queue *ipc_to_msg(struct ipc_object *object) {
    return container_of(object, struct msg_queue, ipc);
}
