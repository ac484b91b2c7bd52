/* msgget, msgsnd, msgrcv, msgctl: message queues of System V. linux/msg.h. */
#include "kernel/sys/sys_ipc.h"

#include "kernel/ipc/sysv_msg.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errptr.h"

enum { MSG_STAT = 11, MSG_INFO = 12, MSG_STAT_ANY = 13 };
#define SEGMENT_BYTES 16        /* of a storage that no system has any more: told by IPC_INFO only, as are these */
#define SEGMENTS_MAX 0xffffu
#define POOL_KIB(queues, bytes) ((queues) * (bytes) / 1024)

struct msg_user { /* struct msqid64_ds */
    struct ipc_perm_user perm;
    int64_t send_time, receive_time, change_time;
    uint64_t bytes, count, bytes_max;
    int32_t last_sender, last_receiver;
    uint64_t unused[2];
};
_Static_assert(sizeof(struct msg_user) == 120, "msqid64_ds");

struct msginfo_user { /* struct msginfo */
    int32_t pool, map, message_bytes, queue_bytes, queues, segment_bytes, headers;
    uint16_t segments;
};

int64_t sys_msgget(int32_t key, int flags) {
    struct ipc_request request = {key, flags, 0};
    return ipc_get(&msg_family, &request);
}

/* struct msgbuf: the type, then the text. */
int64_t sys_msgsnd(int id, uint64_t message, uint64_t size, int flags) {
    int64_t type;

    if (get_user(type, (const int64_t __user *)message) < 0)
        return -EFAULT;
    if (size > msg_limits.message_bytes || (int64_t)size < 0 || id < 0 || type < 1)
        return -EINVAL;
    struct msg *copy = kmalloc(sizeof *copy + size);
    if (copy == NULL)
        return -ENOMEM;
    copy->type = type;
    copy->size = size;
    int result = copy_from_user(copy->text, (const void __user *)(message + sizeof type), size);
    if (result == 0)
        result = msg_send(id, copy, flags);
    if (result < 0)
        kfree(copy);
    return result;
}

int64_t sys_msgrcv(int id, uint64_t message, uint64_t size, int64_t type, int flags) {
    if (id < 0 || (int64_t)size < 0)
        return -EINVAL;
    if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
        return -EINVAL;
    struct msg *got = msg_receive(id, size, type, flags);
    if (IS_ERR(got))
        return PTR_ERR(got);
    int64_t result = (int64_t)MIN(got->size, size);
    if (put_user(got->type, (int64_t __user *)message) < 0 ||
        copy_to_user((void __user *)(message + sizeof got->type), got->text, (size_t)result) < 0)
        result = -EFAULT;
    kfree(got);
    return result;
}

/* ---- msgctl ---- */

static void count_queue(struct ipc_object *object, void *context) {
    (void)object;
    ++*(int32_t *)context;
}

static int64_t info(int command, uint64_t argument) {
    struct msginfo_user copy = {
        .pool = (int32_t)POOL_KIB(msg_limits.queues, msg_limits.queue_bytes),
        .map = (int32_t)msg_limits.queue_bytes,
        .message_bytes = (int32_t)msg_limits.message_bytes,
        .queue_bytes = (int32_t)msg_limits.queue_bytes,
        .queues = (int32_t)msg_limits.queues,
        .segment_bytes = SEGMENT_BYTES,
        .headers = (int32_t)msg_limits.queue_bytes,
        .segments = SEGMENTS_MAX,
    };
    if (command == MSG_INFO) {
        struct msg_usage used;
        msg_usage_read(&used);
        copy.pool = 0;
        ipc_each(&msg_family, count_queue, &copy.pool);
        copy.map = (int32_t)used.messages;
        copy.headers = (int32_t)used.bytes;
    }
    if (put_user(copy, (struct msginfo_user __user *)argument) < 0)
        return -EFAULT;
    return MAX(ipc_highest_index(&msg_family), 0);
}

static void fill(const struct msg_queue *queue, struct msg_user *copy) {
    ipc_show_permissions(&queue->ipc, &copy->perm);
    copy->send_time = queue->send_time;
    copy->receive_time = queue->receive_time;
    copy->change_time = queue->change_time;
    copy->bytes = queue->bytes;
    copy->count = queue->count;
    copy->bytes_max = queue->bytes_max;
    copy->last_sender = queue->last_sender;
    copy->last_receiver = queue->last_receiver;
}

static int64_t stat(int id, int command, uint64_t argument) {
    struct ipc_object *object = command == IPC_STAT ? ipc_find(&msg_family, id) : ipc_find_index(&msg_family, id);
    struct msg_user copy = {0};

    if (IS_ERR(object))
        return PTR_ERR(object);
    int64_t result = command == MSG_STAT_ANY ? 0 : ipc_permit(object, IPC_READ);
    if (result == 0) {
        fill(ipc_to_msg(object), &copy);
        result = command == IPC_STAT ? 0 : object->id;
    }
    ipc_release(object);
    if (result < 0)
        return result;
    return put_user(copy, (struct msg_user __user *)argument) < 0 ? -EFAULT : result;
}

/* Queue locked. More room than others may have is for the privileged. */
static int set(struct msg_queue *queue, const struct msg_user *copy) {
    if (copy->bytes_max > msg_limits.queue_bytes && !cred_has(current_cred(), CAP_SYS_RESOURCE))
        return -EPERM;
    int error = ipc_set_permissions(&queue->ipc, &copy->perm);
    if (error < 0)
        return error;
    queue->bytes_max = copy->bytes_max;
    queue->change_time = ipc_now();
    wait_wake_all(&queue->senders); /* there may be room now */
    wait_wake_all(&queue->receivers); /* and others may not read any more */
    return 0;
}

static int64_t change(int id, int command, const struct msg_user *copy) {
    struct ipc_object *object = ipc_find(&msg_family, id);

    if (IS_ERR(object))
        return PTR_ERR(object);
    int error = ipc_permit_change(object);
    if (error == 0 && command == IPC_RMID)
        msg_remove(ipc_to_msg(object));
    else if (error == 0)
        error = set(ipc_to_msg(object), copy);
    ipc_release(object);
    return error;
}

int64_t sys_msgctl(int id, int command, uint64_t argument) {
    struct msg_user copy;

    if (id < 0 || command < 0)
        return -EINVAL;
    switch (command) {
    case IPC_INFO:
    case MSG_INFO:
        return info(command, argument);
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY:
        return stat(id, command, argument);
    case IPC_SET:
        if (get_user(copy, (const struct msg_user __user *)argument) < 0)
            return -EFAULT;
        return change(id, command, &copy);
    case IPC_RMID:
        return change(id, command, NULL);
    default:
        return -EINVAL;
    }
}
