/* Sockets: sending and receiving messages. */
#include "kernel/sys/socket_use.h"
#include "kernel/sys/sys_socket.h"
#include "kernel/sys/transfer.h"
#include "kernel/sys/user_time.h"
#include "kernel/sys/vector.h"
#include "kernel/task/signal.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "net/control.h"

struct user_message { /* struct msghdr, linux/socket.h */
    void *name;
    int32_t name_length, padding;
    void *vector;
    uint64_t vector_length;
    void *control;
    uint64_t control_length;
    uint32_t flags, padding2;
};
_Static_assert(sizeof(struct user_message) == 56, "struct msghdr");

struct user_counted_message { /* struct mmsghdr */
    struct user_message message;
    uint32_t length, padding;
};

/* A program's message header, with what it points to, in the kernel. */
struct message_call {
    struct user_message header;
    struct vector vector;
    struct io_buffer data;
    struct socket_name name;
    struct socket_control control;
    struct socket_message message;
};

static int64_t call_send(const struct socket_use *use, struct socket_message *message) {
    if (socket_use_nonblocking(use))
        message->flags |= MSG_DONTWAIT;
    return use->socket->ops->send(use->socket, message);
}

static int64_t call_receive(const struct socket_use *use, struct socket_message *message) {
    if (socket_use_nonblocking(use))
        message->flags |= MSG_DONTWAIT;
    return use->socket->ops->receive(use->socket, message);
}

/* ---- one piece of memory ---- */

int64_t sys_sendto(int descriptor, const void *data, size_t size, uint32_t flags, const void *user_name, int length) {
    struct io_segment segment = {(void *)(uintptr_t)data, MIN(size, (size_t)TRANSFER_MAX)};
    struct io_buffer buffer;
    struct socket_use use;
    struct socket_name name;
    if (!user_range_ok(data, segment.length))
        return -EFAULT;
    int64_t result = socket_use_begin(&use, descriptor);
    if (result)
        return result;
    io_buffer_init(&buffer, &segment, 1, false);
    struct socket_message message = {.data = &buffer, .flags = flags};
    if (user_name) {
        result = socket_name_get(&name, user_name, length);
        message.to = name.length > 0 ? &name : NULL;
    }
    if (!result)
        result = call_send(&use, &message);
    socket_use_end(&use);
    return result;
}

int64_t sys_recvfrom(int descriptor, void *data, size_t size, uint32_t flags, void *user_name, int32_t *user_length) {
    struct io_segment segment = {data, MIN(size, (size_t)TRANSFER_MAX)};
    struct io_buffer buffer;
    struct socket_use use;
    struct socket_name name;
    if (!user_range_ok(data, segment.length))
        return -EFAULT;
    int64_t result = socket_use_begin(&use, descriptor);
    if (result)
        return result;
    io_buffer_init(&buffer, &segment, 1, false);
    name.length = 0;
    struct socket_message message = {.data = &buffer, .from = user_name ? &name : NULL, .flags = flags};
    result = call_receive(&use, &message);
    if (result >= 0 && user_name) {
        int error = socket_name_put(&name, user_name, user_length);
        result = error ? error : result;
    }
    socket_use_end(&use);
    return result;
}

/* ---- message headers ---- */

/* Reads header and vector. After 0, vector_end must follow. */
static int begin_call(struct message_call *call, const struct user_message *user, uint32_t flags) {
    if (copy_from_user(&call->header, user, sizeof call->header))
        return -EFAULT;
    if (!call->header.name)
        call->header.name_length = 0;
    if (call->header.name_length < 0)
        return -EINVAL;
    if (call->header.vector_length > VECTOR_MAX)
        return -EMSGSIZE;
    int error = vector_get(&call->vector, call->header.vector, call->header.vector_length);
    if (error)
        return error;
    io_buffer_init(&call->data, call->vector.segments, call->vector.count, false);
    call->control = (struct socket_control){.rights = NULL};
    call->message = (struct socket_message){.data = &call->data, .control = &call->control, .flags = flags};
    return 0;
}

static int read_name(struct message_call *call) {
    if (call->header.name_length == 0)
        return 0;
    call->message.to = &call->name;
    return socket_name_get(&call->name, call->header.name, MIN(call->header.name_length, (int32_t)SOCKET_NAME_MAX));
}

static int64_t send_one(const struct socket_use *use, const struct user_message *user, uint32_t flags) {
    struct message_call call;
    int64_t result = begin_call(&call, user, flags);
    if (result)
        return result;
    result = read_name(&call);
    if (!result && call.header.control_length > INT32_MAX)
        result = -ENOBUFS;
    if (!result)
        result = socket_control_get(&call.control, call.header.control, call.header.control_length);
    if (!result)
        result = call_send(use, &call.message);
    socket_control_end(&call.control);
    vector_end(&call.vector);
    return result;
}

/* Where results of a receive go in the program's header. */
static int tell_lengths(struct user_message *user, const struct message_call *call, const struct control_room *room,
                        uint32_t flags) {
    uint64_t used = call->header.control_length - room->left;
    if (put_user(flags, user_member(user, flags)))
        return -EFAULT;
    return put_user(used, user_member(user, control_length));
}

static int tell_results(const struct socket_use *use, struct message_call *call, struct user_message *user) {
    uint32_t on_exec = call->message.flags & MSG_CMSG_CLOEXEC;
    struct control_room room = {.at = call->header.control, .left = call->header.control_length};
    int error = 0;
    socket_control_put(&room, use->socket, &call->control, on_exec != 0);
    if (call->header.name)
        error = socket_name_put(&call->name, call->header.name, user_member(user, name_length));
    uint32_t flags = call->message.result_flags | on_exec | (room.truncated ? (uint32_t)MSG_CTRUNC : 0u);
    int lengths_error = tell_lengths(user, call, &room, flags);
    return error ? error : lengths_error;
}

static int64_t receive_one(const struct socket_use *use, struct user_message *user, uint32_t flags) {
    struct message_call call;
    int64_t result = begin_call(&call, user, flags);
    if (result)
        return result;
    call.name.length = 0;
    call.message.from = call.header.name ? &call.name : NULL;
    result = call_receive(use, &call.message);
    if (result >= 0) {
        int error = tell_results(use, &call, user);
        result = error ? error : result;
    }
    socket_control_end(&call.control);
    vector_end(&call.vector);
    return result;
}

/* The flag is Linux's own mark of 32-bit calls; no program may set it. */
static int64_t begin_message(struct socket_use *use, int descriptor, uint32_t flags) {
    return (flags & MSG_CMSG_COMPAT) ? -EINVAL : socket_use_begin(use, descriptor);
}

int64_t sys_sendmsg(int descriptor, const void *message, uint32_t flags) {
    struct socket_use use;
    int64_t result = begin_message(&use, descriptor, flags);
    if (result)
        return result;
    result = send_one(&use, message, flags);
    socket_use_end(&use);
    return result;
}

int64_t sys_recvmsg(int descriptor, void *message, uint32_t flags) {
    struct socket_use use;
    int64_t result = begin_message(&use, descriptor, flags);
    if (result)
        return result;
    result = receive_one(&use, message, flags);
    socket_use_end(&use);
    return result;
}

/* ---- several messages ---- */

int64_t sys_sendmmsg(int descriptor, void *user_messages, uint32_t count, uint32_t flags) {
    struct user_counted_message *messages = user_messages;
    struct socket_use use;
    uint32_t done = 0;
    int64_t result = begin_message(&use, descriptor, flags);
    if (result)
        return result;
    for (count = MIN(count, VECTOR_MAX); done < count; done++) {
        result = send_one(&use, user_member(user_element(messages, done), message), flags);
        if (result < 0 || (result = put_user((uint32_t)result, user_member(user_element(messages, done), length))))
            break;
        if (thread_interrupted())
            break;
    }
    done += done < count && result == 0; /* interrupted after one that went well */
    socket_use_end(&use);
    return done > 0 ? (int64_t)done : result;
}

/* 0, -EINVAL, -EFAULT; *deadline_ns: when the call ends, WAIT_FOREVER without a limit. */
static int get_limit(const struct user_timespec *user, uint64_t *deadline_ns) {
    struct user_timespec limit;
    uint64_t ns;
    *deadline_ns = WAIT_FOREVER;
    if (!user)
        return 0;
    if (get_user(limit, user))
        return -EFAULT;
    if (!timespec_to_ns(&limit, &ns))
        return -EINVAL;
    *deadline_ns = deadline_after(ns);
    return 0;
}

/* Receives until one fails, there are enough, or the time is over, which is looked at after each. */
static int64_t receive_several(const struct socket_use *use, struct user_counted_message *messages, uint32_t count,
                               uint32_t flags, uint64_t deadline_ns) {
    uint32_t done = 0;
    while (done < count) {
        int64_t result = receive_one(use, user_member(user_element(messages, done), message), flags & ~(uint32_t)MSG_WAITFORONE);
        if (result >= 0)
            result = put_user((uint32_t)result, user_member(user_element(messages, done), length));
        if (result < 0) {
            if (done == 0)
                return result;
            if (result != -EAGAIN && result != -EINTR && result != -ERESTARTSYS) /* the next call tells it */
                atomic_store(&use->socket->error, (int32_t)-result);
            break;
        }
        done++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (deadline_ns != WAIT_FOREVER && clock_monotonic_ns() >= deadline_ns)
            break;
        if (messages[done - 1].message.flags & MSG_OOB)
            break;
    }
    return done;
}

int64_t sys_recvmmsg(int descriptor, void *messages, uint32_t count, uint32_t flags, void *timeout) {
    struct socket_use use;
    uint64_t deadline_ns;
    int64_t result = get_limit(timeout, &deadline_ns);
    if (!result)
        result = begin_message(&use, descriptor, flags);
    if (result)
        return result;
    result = socket_take_error(use.socket);
    if (!result)
        result = receive_several(&use, messages, MIN(count, VECTOR_MAX), flags, deadline_ns);
    socket_use_end(&use);
    if (result <= 0 || deadline_ns == WAIT_FOREVER)
        return result;
    uint64_t now_ns = clock_monotonic_ns();
    struct user_timespec left = timespec_from_ns(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
    return put_user(left, (struct user_timespec *)timeout) ? -EFAULT : result;
}
