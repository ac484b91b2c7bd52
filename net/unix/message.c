/*
 * Messages: making, copying, queueing, and what they cost their sender. A message is charged as much as
 * Linux charges it, so that buffers fill at the same point; what it really takes is less.
 */
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"
#include "net/unix/unix_internal.h"

#define SMALL_MAX (1024u - sizeof(struct unix_message)) /* bytes beside the header; more go into pages */

#define LARGE_ORDER 3u /* 32 KiB */

/* Linux's sizes: struct sk_buff, struct skb_shared_info, alignment of data, least block for the two latter */
enum { BUFFER_HEAD = 256, BUFFER_TAIL = 320, BUFFER_ALIGN = 64, BUFFER_LEAST = 512 };
#define LINEAR_STREAM (PAGE_SIZE - BUFFER_TAIL)       /* SKB_MAX_HEAD(0): the rest lies in pages */
#define LINEAR_DATAGRAM (4 * PAGE_SIZE - BUFFER_TAIL) /* SKB_MAX_ALLOC */

static uint32_t charge_of(const struct unix_socket *sender, size_t length) {
    size_t linear_max = sender->socket.type == SOCK_STREAM ? LINEAR_STREAM : LINEAR_DATAGRAM;
    if (length <= BUFFER_LEAST - BUFFER_TAIL)
        return BUFFER_HEAD + BUFFER_LEAST;
    size_t paged = length > linear_max ? MIN(ALIGN_UP(length - linear_max, PAGE_SIZE), length) : 0;
    size_t block = ALIGN_UP(length - paged, (size_t)BUFFER_ALIGN) + BUFFER_TAIL;
    return (uint32_t)(BUFFER_HEAD + (1ull << log2_ceil(MAX(block, (size_t)BUFFER_LEAST))) + ALIGN_UP(paged, PAGE_SIZE));
}

static size_t block_size(const struct unix_message *message) {
    return PAGE_SIZE << message->block_order;
}

static void free_blocks(struct unix_message *message) {
    for (uint32_t i = 0; i < message->block_count; i++)
        if (message->blocks[i])
            page_free(message->blocks[i], message->block_order);
}

/* Large blocks where not more than an eighth would stay empty: one copy each instead of one a page. */
static uint16_t order_for(size_t length) {
    size_t whole = ALIGN_UP(length, PAGE_SIZE << LARGE_ORDER);
    return (whole - length) * 8 <= length ? LARGE_ORDER : 0;
}

static struct unix_message *message_alloc(size_t length, uint16_t order) {
    size_t blocks = length > SMALL_MAX ? DIV_ROUND_UP(length, PAGE_SIZE << order) : 0;
    size_t size = sizeof(struct unix_message) + (blocks ? blocks * sizeof(struct page *) : length);
    struct unix_message *message = kmalloc(size);
    if (unlikely(!message))
        return NULL;
    message->rights = NULL;
    message->credentials = CREDENTIALS_NONE;
    message->length = (uint32_t)length;
    message->consumed = 0;
    message->block_count = (uint16_t)blocks;
    message->block_order = (uint8_t)order;
    message->urgent = false;
    if (unlikely(blocks))
        memset(message->blocks, 0, blocks * sizeof(struct page *));
    return message;
}

static bool blocks_alloc(struct unix_message *message) {
    unsigned flags = PAGE_ALLOC_USER | (message->block_order ? (unsigned)PAGE_ALLOC_NORETRY : 0u);
    for (uint32_t i = 0; i < message->block_count; i++) {
        message->blocks[i] = page_alloc(message->block_order, flags);
        if (unlikely(!message->blocks[i]))
            return false;
    }
    return true;
}

static void discard(struct unix_message *message) {
    free_blocks(message);
    kfree(message);
}

/* A message with room for its bytes; single pages if there are no large blocks. NULL: no memory. */
static struct unix_message *message_with_room(size_t length) {
    uint16_t order = length > SMALL_MAX ? order_for(length) : 0;
    struct unix_message *message = message_alloc(length, order);
    if (unlikely(!message) || likely(message->block_count == 0) || blocks_alloc(message))
        return message;
    discard(message);
    message = order ? message_alloc(length, 0) : NULL;
    if (!message || blocks_alloc(message))
        return message;
    discard(message);
    return NULL;
}

/* False: a fault. */
static bool fill(struct unix_message *message, struct io_buffer *data) {
    size_t left = message->length;
    if (message->block_count == 0)
        return left == 0 || io_copy_from(data, message->bytes, left) == left;
    for (uint32_t i = 0; i < message->block_count; i++) {
        size_t size = MIN(left, block_size(message));
        if (io_copy_from(data, page_to_virt(message->blocks[i]), size) < size)
            return false;
        left -= size;
    }
    return true;
}

struct unix_message *unix_message_create(struct unix_socket *sender, struct io_buffer *data, size_t length) {
    struct unix_message *message = message_with_room(length);
    if (unlikely(!message))
        return ERR_PTR(-ENOBUFS);
    if (unlikely(!fill(message, data))) {
        discard(message);
        return ERR_PTR(-EFAULT);
    }
    message->charge = charge_of(sender, length);
    message->sender = sender;
    unix_get(sender);
    atomic_fetch_add(&sender->send_memory, message->charge);
    return message;
}

static size_t copy_blocks(const struct unix_message *message, size_t offset, struct io_buffer *data, size_t length) {
    size_t done = 0, whole = block_size(message);
    while (done < length) {
        size_t in_block = (offset + done) & (whole - 1);
        size_t size = MIN(length - done, whole - in_block);
        const char *from = page_to_virt(message->blocks[(offset + done) >> (PAGE_SHIFT + message->block_order)]);
        size_t copied = io_copy_to(data, from + in_block, size);
        done += copied;
        if (copied < size)
            break;
    }
    return done;
}

size_t unix_message_copy(const struct unix_message *message, size_t offset, struct io_buffer *data, size_t length) {
    ASSERT(offset + length <= message->length);
    if (message->block_count)
        return copy_blocks(message, offset, data, length);
    return io_copy_to(data, message->bytes + offset, length);
}

void unix_message_free(struct unix_message *message) {
    struct unix_socket *sender = message->sender;
    if (sender) {
        uint32_t before = atomic_fetch_sub(&sender->send_memory, message->charge);
        ASSERT(before >= message->charge);
        if (unix_is_writable(sender)) {
            wait_wake(&sender->socket.writers, 1, POLLOUT | POLLWRNORM | POLLWRBAND, true);
            socket_notify_space(&sender->socket);
        }
        unix_put(sender);
    }
    if (unlikely(message->rights))
        unix_rights_discard(message->rights);
    discard(message);
}

void unix_message_free_all(struct list_node *list) {
    struct list_node *node, *following;
    list_for_each_safe(node, following, list)
        unix_message_free(list_entry(node, struct unix_message, node));
}

static bool room_or_reason(const struct unix_socket *sender) {
    return atomic_load_relaxed(&sender->send_memory) < atomic_load_relaxed(&sender->socket.send_buffer) ||
           atomic_load_relaxed(&sender->socket.error) != 0 ||
           (atomic_load_relaxed(&sender->socket.shut) & SHUT_SEND);
}

int unix_wait_for_room(struct unix_socket *sender, uint64_t deadline_ns) {
    for (;;) {
        int error = socket_take_error(&sender->socket);
        if (unlikely(error))
            return error;
        if (unlikely(atomic_load_relaxed(&sender->socket.shut) & SHUT_SEND))
            return -EPIPE;
        if (likely(atomic_load_relaxed(&sender->send_memory) < atomic_load_relaxed(&sender->socket.send_buffer)))
            return 0;
        atomic_store(&sender->socket.lacked_space, true);
        if (deadline_ns == 0)
            return -EAGAIN;
        error = WAIT_EVENT_INTERRUPTIBLE(&sender->socket.writers, room_or_reason(sender), deadline_ns);
        if (error)
            return socket_wait_error(error, deadline_ns);
    }
}

void unix_message_sign(struct unix_message *message, const struct unix_socket *sender,
                       const struct unix_socket *receiver) {
    if (message->credentials.pid != 0)
        return;
    if (likely(!socket_has_option(&sender->socket, SOCKET_PASS_CREDENTIALS) &&
               !socket_has_option(&receiver->socket, SOCKET_PASS_CREDENTIALS) &&
               atomic_load_relaxed(&receiver->socket.file)))
        return;
    const struct cred *cred = current_cred();
    message->credentials = (struct credentials){current_process()->pid->number, cred->uid, cred->gid};
}

/* ---- queues ---- */

void unix_enqueue(struct unix_socket *receiver, struct unix_message *message) {
    list_add_tail(&message->node, &receiver->queue);
    atomic_store_relaxed(&receiver->queue_length, receiver->queue_length + 1);
    if (likely(!message->rights) || message->rights->sockets == 0)
        return;
    atomic_fetch_add(&receiver->rights_queued, message->rights->sockets);
    if (atomic_load_relaxed(&receiver->in_flight) > 0 || !atomic_load_relaxed(&receiver->socket.file))
        unix_collect_later(); /* this may have closed a circle */
}

void unix_dequeue(struct unix_socket *receiver, struct unix_message *message) {
    if (unlikely(receiver->urgent == message))
        atomic_store_relaxed(&receiver->urgent, NULL);
    list_remove(&message->node);
    ASSERT(receiver->queue_length > 0);
    atomic_store_relaxed(&receiver->queue_length, receiver->queue_length - 1);
    if (unlikely(message->rights && message->rights->sockets))
        atomic_fetch_sub(&receiver->rights_queued, message->rights->sockets);
}

void unix_dequeue_all(struct unix_socket *sock, struct list_node *list) {
    while (!list_is_empty(&sock->queue)) {
        struct unix_message *message = list_first_entry(&sock->queue, struct unix_message, node);
        unix_dequeue(sock, message);
        list_add_tail(&message->node, list);
    }
}

void unix_wake_reader(struct unix_socket *receiver) {
    wait_wake(&receiver->socket.readers, 1, POLLIN | POLLRDNORM | POLLRDBAND | POLLPRI, true);
    socket_notify_data(&receiver->socket, POLL_IN);
}

uint64_t unix_queue_bytes(struct unix_socket *sock, bool first_only) {
    struct unix_message *message;
    uint64_t bytes = 0;
    spin_lock(&sock->socket.lock);
    list_for_each_entry(message, &sock->queue, node) {
        bytes += message->length - atomic_load_relaxed(&message->consumed);
        if (first_only)
            break;
    }
    spin_unlock(&sock->socket.lock);
    return bytes;
}
