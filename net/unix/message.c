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

static void free_pages(struct unix_message *message) {
    for (uint32_t i = 0; i < message->page_count; i++)
        if (message->pages[i])
            page_put(message->pages[i]);
}

static struct unix_message *message_alloc(size_t length) {
    uint32_t pages = length > SMALL_MAX ? (uint32_t)DIV_ROUND_UP(length, PAGE_SIZE) : 0;
    size_t size = sizeof(struct unix_message) + (pages ? pages * sizeof(struct page *) : length);
    struct unix_message *message = kmalloc(size);
    if (unlikely(!message))
        return NULL;
    message->rights = NULL;
    message->credentials = CREDENTIALS_NONE;
    message->length = (uint32_t)length;
    message->consumed = 0;
    message->page_count = pages;
    return message;
}

/* Fills the message page by page. 0, -ENOMEM, -EFAULT. */
static int fill_pages(struct unix_message *message, struct io_buffer *data) {
    size_t left = message->length;
    memset(message->pages, 0, message->page_count * sizeof(struct page *));
    for (uint32_t i = 0; i < message->page_count; i++) {
        size_t size = MIN(left, PAGE_SIZE);
        message->pages[i] = page_alloc(0, PAGE_ALLOC_USER);
        if (!message->pages[i])
            return -ENOMEM;
        if (io_copy_from(data, page_to_virt(message->pages[i]), size) < size)
            return -EFAULT;
        left -= size;
    }
    return 0;
}

struct unix_message *unix_message_create(struct unix_socket *sender, struct io_buffer *data, size_t length) {
    struct unix_message *message = message_alloc(length);
    int error = 0;
    if (unlikely(!message))
        return ERR_PTR(-ENOBUFS);
    if (message->page_count)
        error = fill_pages(message, data);
    else if (length > 0 && unlikely(io_copy_from(data, message->bytes, length) < length))
        error = -EFAULT;
    if (unlikely(error)) {
        free_pages(message);
        kfree(message);
        return ERR_PTR(error == -ENOMEM ? -ENOBUFS : error);
    }
    message->charge = charge_of(sender, length);
    message->sender = sender;
    unix_get(sender);
    atomic_fetch_add(&sender->send_memory, message->charge);
    return message;
}

static size_t copy_pages(const struct unix_message *message, size_t offset, struct io_buffer *data, size_t length) {
    size_t done = 0;
    while (done < length) {
        size_t in_page = (offset + done) % PAGE_SIZE;
        size_t size = MIN(length - done, PAGE_SIZE - in_page);
        const char *from = page_to_virt(message->pages[(offset + done) / PAGE_SIZE]);
        size_t copied = io_copy_to(data, from + in_page, size);
        done += copied;
        if (copied < size)
            break;
    }
    return done;
}

size_t unix_message_copy(const struct unix_message *message, size_t offset, struct io_buffer *data, size_t length) {
    ASSERT(offset + length <= message->length);
    if (message->page_count)
        return copy_pages(message, offset, data, length);
    return io_copy_to(data, message->bytes + offset, length);
}

void unix_message_free(struct unix_message *message) {
    struct unix_socket *sender = message->sender;
    if (sender) {
        uint32_t before = atomic_fetch_sub(&sender->send_memory, message->charge);
        ASSERT(before >= message->charge);
        if (unix_is_writable(sender))
            wait_wake(&sender->socket.writers, 1, POLLOUT | POLLWRNORM | POLLWRBAND, true);
        unix_put(sender);
    }
    if (unlikely(message->rights))
        unix_rights_discard(message->rights);
    free_pages(message);
    kfree(message);
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
