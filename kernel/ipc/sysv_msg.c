/* Message queues of System V: messages with a type, received in order or by type. */
#include "kernel/ipc/sysv_msg.h"

#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/view/view.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define ULL(x) ((unsigned long long)(x))

struct msg_limits msg_limits = {.message_bytes = 8192, .queue_bytes = 16384, .queues = 32000};
static uint64_t message_count, byte_count; /* of all queues; atomic */

static struct ipc_object *create(const struct ipc_request *request) {
    struct msg_queue *queue = kzalloc(sizeof *queue);

    if (queue == NULL)
        return ERR_PTR(-ENOMEM);
    ipc_object_init(&queue->ipc, request);
    list_init(&queue->messages);
    wait_queue_init(&queue->senders);
    wait_queue_init(&queue->receivers);
    queue->bytes_max = msg_limits.queue_bytes;
    queue->change_time = ipc_now();
    return &queue->ipc;
}

static int check(const struct ipc_object *object, const struct ipc_request *request) {
    (void)object, (void)request;
    return 0;
}

static void count(struct msg_queue *queue, const struct msg *message, bool more) {
    uint64_t sign = more ? 1 : UINT64_MAX;

    queue->count += sign;
    queue->bytes += sign * message->size;
    atomic_fetch_add(&message_count, sign);
    atomic_fetch_add(&byte_count, sign * message->size);
}

static void take_out(struct msg_queue *queue, struct msg *message) {
    list_remove(&message->node);
    count(queue, message, false);
}

static void release(struct ipc_object *object) {
    struct msg_queue *queue = ipc_to_msg(object);
    struct msg *message, *following;

    list_for_each_entry_safe(message, following, &queue->messages, node) {
        take_out(queue, message);
        kfree(message);
    }
    kfree(queue);
}

struct ipc_family msg_family = {.create = create, .check = check, .release = release, .count_max = &msg_limits.queues};

void msg_remove(struct msg_queue *queue) {
    ipc_remove(&queue->ipc);
    wait_wake_all(&queue->senders);
    wait_wake_all(&queue->receivers);
}

/*
 * Sleeps until woken, with the queue unlocked and locked again. 0; -EIDRM; -ERESTARTNOHAND. The caller looks again: it
 * was enlisted before the queue was unlocked, so no wake-up is missed.
 */
static int sleep(struct msg_queue *queue, struct wait_queue *waiters) {
    struct wait_entry entry = {0};

    wait_prepare(waiters, &entry, THREAD_SLEEPING);
    spin_unlock(&queue->ipc.lock);
    bool interrupted = thread_interrupted();
    if (!interrupted)
        schedule();
    wait_finish(waiters, &entry);
    spin_lock(&queue->ipc.lock);
    if (queue->ipc.removed)
        return -EIDRM;
    return interrupted ? -ERESTARTNOHAND : 0;
}

/* ---- sending ---- */

static int try_send(struct msg_queue *queue, struct msg *message) {
    int error = ipc_permit(&queue->ipc, IPC_WRITE);

    if (error < 0)
        return error;
    if (message->size > queue->bytes_max - MIN(queue->bytes, queue->bytes_max) || queue->count >= queue->bytes_max)
        return -EAGAIN;
    list_add_tail(&message->node, &queue->messages);
    count(queue, message, true);
    queue->last_sender = current_process()->pid->number;
    queue->send_time = ipc_now();
    wait_wake_all(&queue->receivers);
    return 0;
}

int msg_send(int id, struct msg *message, int flags) {
    struct ipc_object *object = ipc_find(&msg_family, id);
    int result;

    if (IS_ERR(object))
        return PTR_ERR(object);
    struct msg_queue *queue = ipc_to_msg(object);
    do {
        result = try_send(queue, message);
        if (result != -EAGAIN || (flags & IPC_NOWAIT))
            break;
        result = sleep(queue, &queue->senders);
    } while (result == 0);
    ipc_release(object);
    return result;
}

/* ---- receiving ---- */

/* Does the wish meet the message? `index` is its place in the queue. */
static bool matches(const struct msg *message, int64_t type, int flags, int64_t index) {
    if (flags & MSG_COPY)
        return index == type;
    if (type == 0)
        return true;
    if (type < 0)
        return message->type <= (type == INT64_MIN ? INT64_MAX : -type);
    return (message->type == type) != ((flags & MSG_EXCEPT) != 0);
}

/* The first that matches; among several allowed types, the first of the lowest. */
static struct msg *choose(const struct msg_queue *queue, int64_t type, int flags) {
    struct msg *message, *found = NULL;
    int64_t index = 0;

    list_for_each_entry(message, &queue->messages, node) {
        if (!matches(message, type, flags, index++))
            continue;
        if (found == NULL || message->type < found->type)
            found = message;
        if (type >= 0 || (flags & MSG_COPY))
            break;
    }
    return found;
}

static struct msg *copy_of(const struct msg *message) {
    struct msg *copy = kmalloc(sizeof *copy + message->size);
    if (copy == NULL)
        return ERR_PTR(-ENOMEM);
    memcpy(copy, message, sizeof *copy + message->size);
    return copy;
}

/* ERR_PTR(-ENOMSG): none there. */
static struct msg *try_receive(struct msg_queue *queue, uint64_t size_max, int64_t type, int flags) {
    int error = ipc_permit(&queue->ipc, IPC_READ);
    struct msg *message = error < 0 ? NULL : choose(queue, type, flags);

    if (message == NULL)
        return ERR_PTR(error < 0 ? error : -ENOMSG);
    if (message->size > size_max && !(flags & MSG_NOERROR))
        return ERR_PTR(-E2BIG);
    if (flags & MSG_COPY)
        return copy_of(message);
    take_out(queue, message);
    queue->last_receiver = current_process()->pid->number;
    queue->receive_time = ipc_now();
    wait_wake_all(&queue->senders);
    return message;
}

struct msg *msg_receive(int id, uint64_t size_max, int64_t type, int flags) {
    struct ipc_object *object = ipc_find(&msg_family, id);
    struct msg *message;
    int slept = 0;

    if (IS_ERR(object))
        return (void *)object;
    struct msg_queue *queue = ipc_to_msg(object);
    do {
        message = try_receive(queue, size_max, type, flags);
        if (message != ERR_PTR(-ENOMSG) || (flags & IPC_NOWAIT))
            break;
        slept = sleep(queue, &queue->receivers);
        message = ERR_PTR(slept);
    } while (slept == 0);
    ipc_release(object);
    return message;
}

/* ---- views ---- */

void msg_usage_read(struct msg_usage *usage) {
    usage->messages = atomic_load_relaxed(&message_count);
    usage->bytes = atomic_load_relaxed(&byte_count);
}

static void show_queue(struct ipc_object *object, void *context) {
    const struct msg_queue *queue = ipc_to_msg(object);
    struct view_buffer *buffer = context;

    view_printf(buffer, "%10d %10d  %4o  %10llu %10llu %5d %5d ", object->key, object->id, object->mode, ULL(queue->bytes),
                ULL(queue->count), queue->last_sender, queue->last_receiver);
    view_printf(buffer, "%5u %5u %5u %5u ", object->uid, object->gid, object->creator_uid, object->creator_gid);
    view_printf(buffer, "%10lld %10lld %10lld\n", (long long)queue->send_time, (long long)queue->receive_time,
                (long long)queue->change_time);
}

static void show_queues(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      "
                        "stime      rtime      ctime\n");
    ipc_each(&msg_family, show_queue, buffer);
}

static struct view view = {.tree = VIEW_PROC, .path = "sysvipc/msg", .help = "message queues of System V", .show = show_queues};

void msg_init(void) {
    ipc_family_init(&msg_family);
    view_register(&view);
}
