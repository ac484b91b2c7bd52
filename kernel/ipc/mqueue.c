/*
 * POSIX message queues: sending, receiving, notification. A message of the highest priority is received first, the
 * oldest among equals. Sleepers look again themselves: the condition is changed before they are woken.
 */
#include "kernel/ipc/mqueue_internal.h"

#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/vm/io_buffer.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"

static struct mqueue *queue_of(const struct file *file) {
    return file->private;
}

bool file_is_mqueue(const struct file *file) {
    return file->ops == &mqueue_file_ops;
}

/* ---- notification; queue->lock held ---- */

void mqueue_forget_notify(struct mqueue *queue) {
    if (queue->notify_owner != NULL)
        pid_put(queue->notify_owner);
    queue->notify_owner = NULL;
}

/* Once: the registration is used up. */
static void notify(struct mqueue *queue) {
    struct process *sender = current_process();
    struct signal_info info = {
        .number = queue->notify.signal,
        .code = SI_MESGQ,
        .u.queue = {sender->pid->number, current_cred()->uid, queue->notify.value},
    };
    if (queue->notify_owner == NULL)
        return;
    rcu_read_lock();
    struct process *owner = rcu_dereference(queue->notify_owner->process);
    if (queue->notify.signals && queue->notify.signal != 0 && owner != NULL)
        (void)signal_send_process(owner, (unsigned)queue->notify.signal, &info);
    rcu_read_unlock();
    mqueue_forget_notify(queue);
}

int mqueue_set_notify(struct file *file, const struct mqueue_notify *request) {
    struct mqueue *queue = queue_of(file);
    struct pid *self = current_process()->pid;
    int error = 0;

    spin_lock(&queue->lock);
    if (request == NULL && queue->notify_owner == self) {
        mqueue_forget_notify(queue);
    } else if (request != NULL && queue->notify_owner != NULL) {
        error = -EBUSY;
    } else if (request != NULL) {
        pid_get(self);
        queue->notify_owner = self;
        queue->notify = *request;
    }
    spin_unlock(&queue->lock);
    return error;
}

/* A process that closes any descriptor of the queue is not notified any more. */
static void mqueue_closed(struct file *file) {
    struct mqueue *queue = queue_of(file);

    if (atomic_load_relaxed(&queue->notify_owner) == current_process()->pid)
        (void)mqueue_set_notify(file, NULL);
}

/* ---- sending ---- */

static void insert(struct mqueue *queue, struct mqueue_message *message) {
    struct rb_node **link = &queue->messages.top, *parent = NULL;

    while (*link != NULL) {
        parent = *link;
        bool before = message->priority > container_of(parent, struct mqueue_message, node)->priority;
        link = &parent->child[before ? RB_LEFT : RB_RIGHT];
    }
    rb_link_node(&message->node, parent, link);
    rb_insert_fixup(&queue->messages, &message->node);
    queue->count++;
    queue->bytes += message->size;
}

static bool try_send(struct mqueue *queue, struct mqueue_message *message) {
    spin_lock(&queue->lock);
    bool fits = queue->count < queue->messages_max;
    if (fits) {
        insert(queue, message);
        if (queue->count == 1 && queue->waiting_receivers == 0)
            notify(queue);
    }
    spin_unlock(&queue->lock);
    if (fits)
        wait_wake(&queue->receivers, ~0u, POLLIN, false);
    return fits;
}

static bool has_room(const struct mqueue *queue) {
    return atomic_load_relaxed(&queue->count) < queue->messages_max;
}

static int send(struct file *file, struct mqueue_message *message, uint64_t deadline_ns) {
    struct mqueue *queue = queue_of(file);

    while (!try_send(queue, message)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        int result = WAIT_EVENT_INTERRUPTIBLE(&queue->senders, has_room(queue), deadline_ns);
        if (result < 0)
            return result == -EINTR ? -ERESTARTSYS : result;
    }
    return 0;
}

int mqueue_send(struct file *file, uint64_t text, uint64_t size, uint32_t priority, uint64_t deadline_ns) {
    if (!(file->abilities & FILE_CAN_WRITE))
        return -EBADF;
    if (size > queue_of(file)->bytes_max)
        return -EMSGSIZE;
    struct mqueue_message *message = kmalloc(sizeof *message + size);
    if (message == NULL)
        return -ENOMEM;
    message->priority = priority;
    message->size = size;
    int error = copy_from_user(message->text, (const void __user *)text, size);
    if (error == 0)
        error = send(file, message, deadline_ns);
    if (error < 0)
        kfree(message);
    return error;
}

/* ---- receiving ---- */

/* NULL: the queue is empty. Lock held. */
static struct mqueue_message *take_first(struct mqueue *queue) {
    struct rb_node *first = rb_first(&queue->messages);
    if (first == NULL)
        return NULL;
    struct mqueue_message *message = container_of(first, struct mqueue_message, node);
    rb_erase(&queue->messages, first);
    queue->count--;
    queue->bytes -= message->size;
    return message;
}

/*
 * NULL: the queue is empty; with `waits` the caller counts as waiting from then on, and *counted says so. Whoever
 * counts gets the next message without anybody being notified: so one look both ends that and takes what has come.
 */
static struct mqueue_message *try_receive(struct mqueue *queue, bool waits, bool *counted) {
    spin_lock(&queue->lock);
    struct mqueue_message *message = take_first(queue);
    bool counts = waits && message == NULL;
    queue->waiting_receivers += (uint32_t)counts - (uint32_t)*counted;
    spin_unlock(&queue->lock);
    *counted = counts;
    if (message != NULL)
        wait_wake(&queue->senders, ~0u, POLLOUT, false);
    return message;
}

static struct mqueue_message *receive(struct file *file, uint64_t deadline_ns) {
    struct mqueue *queue = queue_of(file);
    int error = file->flags & O_NONBLOCK ? -EAGAIN : 0;
    bool counted = false;

    for (;;) {
        struct mqueue_message *message = try_receive(queue, error == 0, &counted);
        if (message != NULL)
            return message;
        if (error < 0)
            return ERR_PTR(error);
        error = WAIT_EVENT_INTERRUPTIBLE(&queue->receivers, atomic_load_relaxed(&queue->count) > 0, deadline_ns);
        if (error == -EINTR)
            error = -ERESTARTSYS;
    }
}

int64_t mqueue_receive(struct file *file, uint64_t text, uint64_t size, uint32_t *priority, uint64_t deadline_ns) {
    if (!(file->abilities & FILE_CAN_READ))
        return -EBADF;
    if (size < queue_of(file)->bytes_max)
        return -EMSGSIZE;
    struct mqueue_message *message = receive(file, deadline_ns);
    if (IS_ERR(message))
        return PTR_ERR(message);
    int64_t result = (int64_t)message->size;
    *priority = message->priority;
    if (copy_to_user((void __user *)text, message->text, message->size) < 0)
        result = -EFAULT;
    kfree(message);
    return result;
}

void mqueue_read_attributes(const struct file *file, struct mqueue_attributes *attributes) {
    const struct mqueue *queue = queue_of(file);
    *attributes = (struct mqueue_attributes){
        .messages_max = (int64_t)queue->messages_max,
        .bytes_max = (int64_t)queue->bytes_max,
        .messages = (int64_t)atomic_load_relaxed(&queue->count),
    };
}

/* ---- as a file ---- */

static uint32_t mqueue_poll(struct file *file, struct poll_table *table) {
    struct mqueue *queue = queue_of(file);

    poll_wait(table, &queue->receivers);
    poll_wait(table, &queue->senders);
    uint64_t count = atomic_load_relaxed(&queue->count);
    return (count > 0 ? (uint32_t)(POLLIN | POLLRDNORM) : 0) |
           (count < queue->messages_max ? (uint32_t)(POLLOUT | POLLWRNORM) : 0);
}

/* Its state in a line, as in Linux's mqueue filesystem: mq_overview(7). */
static int64_t mqueue_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct mqueue *queue = queue_of(file);
    char text[MQUEUE_FILE_BYTES];

    spin_lock(&queue->lock);
    int owner = queue->notify_owner == NULL ? 0 : queue->notify_owner->number;
    bool signals = owner != 0 && queue->notify.signals;
    int length = format_snprintf(text, sizeof text, "QSIZE:%-10llu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
                                 (unsigned long long)queue->bytes, owner != 0 && !signals ? 1 : 0,
                                 signals ? queue->notify.signal : 0, owner);
    spin_unlock(&queue->lock);
    if (*position >= (uint64_t)length || buffer->remaining == 0)
        return 0;
    int64_t moved = (int64_t)io_copy_to(buffer, text + *position, MIN(buffer->remaining, (size_t)length - *position));
    *position += (uint64_t)moved;
    return moved == 0 ? -EFAULT : moved;
}

static void mqueue_release(struct file *file) {
    mqueue_put(queue_of(file));
}

const struct file_ops mqueue_file_ops = {
    .release = mqueue_release,
    .closed = mqueue_closed,
    .read = mqueue_read,
    .poll = mqueue_poll,
};
