/* poll and ppoll. */
#include "kernel/sys/sys_file.h"

#include "kernel/mm/slab.h"
#include "kernel/sys/poller.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

struct user_pollfd { /* struct pollfd, asm-generic/poll.h */
    int32_t fd;
    uint16_t wanted, ready;
};

struct pollfd_list {
    struct user_pollfd *fds;
    uint32_t count;
};

#define SMALL_POLL 16u

/* One look at all files; how many have something to tell. */
static int look_at_all(struct poller *poller, void *context, bool first) {
    const struct pollfd_list *list = context;
    struct user_pollfd *fds = list->fds;
    int ready = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        fds[i].ready = 0;
        if (fds[i].fd < 0)
            continue;
        struct file_use use = file_use(fds[i].fd);
        uint32_t events = POLLNVAL;
        if (use.file)
            events = poller_look(poller, use.file, fds[i].wanted, first && ready == 0);
        file_use_end(use);
        fds[i].ready = (uint16_t)events;
        ready += events != 0;
    }
    return ready;
}

static int poll_files(struct user_pollfd *fds, uint32_t count, uint64_t deadline_ns) {
    struct pollfd_list list = {fds, count};
    return poller_run(look_at_all, &list, deadline_ns);
}

static int write_back(struct user_pollfd *to, const struct user_pollfd *fds, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (put_user(fds[i].ready, user_member(user_element(to, i), ready)))
            return -EFAULT;
    return 0;
}

static int64_t do_poll(struct user_pollfd *user, uint32_t count, uint64_t deadline_ns) {
    struct user_pollfd small[SMALL_POLL], *fds = small;
    if (count > rlimit_current(RLIMIT_NOFILE))
        return -EINVAL;
    if (count > SMALL_POLL)
        fds = kmalloc(count * sizeof *fds);
    if (!fds)
        return -ENOMEM;
    int64_t result = copy_from_user(fds, user, count * sizeof *fds);
    if (!result) {
        result = poll_files(fds, count, deadline_ns);
        if (result >= 0 && write_back(user, fds, count))
            result = -EFAULT;
    }
    if (fds != small)
        kfree(fds);
    return result;
}

/* After a stop and continue: the same arguments, still in the frame, and the same deadline. */
static int64_t poll_restart(struct restart_block *block) {
    const struct trap_frame *frame = task_frame(current_task());
    int64_t result = do_poll((struct user_pollfd *)frame->rdi, (uint32_t)frame->rsi, block->deadline_ns);
    return result == -EINTR ? -ERESTART_RESTARTBLOCK : result;
}

int64_t sys_poll(void *fds, uint32_t count, int timeout_ms) {
    uint64_t deadline_ns = 0;
    if (timeout_ms < 0)
        deadline_ns = WAIT_FOREVER;
    else if (timeout_ms > 0)
        deadline_ns = clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
    int64_t result = do_poll(fds, count, deadline_ns);
    if (result != -EINTR)
        return result;
    current_task()->restart = (struct restart_block){.restart = poll_restart, .deadline_ns = deadline_ns};
    return -ERESTART_RESTARTBLOCK;
}

int64_t sys_ppoll(void *fds, uint32_t count, void *user_timeout, const void *mask, size_t mask_size) {
    uint64_t deadline_ns = WAIT_FOREVER;
    struct user_timespec timeout;
    if (user_timeout) {
        if (copy_from_user(&timeout, user_timeout, sizeof timeout))
            return -EFAULT;
        if (deadline_from(timeout.seconds, timeout.nanoseconds, &deadline_ns))
            return -EINVAL;
        if (timeout.seconds == 0 && timeout.nanoseconds == 0)
            deadline_ns = 0;
    }
    int64_t result = temporary_mask_begin(mask, mask_size);
    if (result)
        return result;
    result = do_poll(fds, count, deadline_ns);
    temporary_mask_end(mask, result == -EINTR);
    if (user_timeout && deadline_ns != WAIT_FOREVER) {
        uint64_t left_ns = deadline_left_ns(deadline_ns);
        timeout = (struct user_timespec){(int64_t)(left_ns / NS_PER_SEC), (int64_t)(left_ns % NS_PER_SEC)};
        if (copy_to_user(user_timeout, &timeout, sizeof timeout) && result == -EINTR)
            return -EINTR; /* cannot be restarted with the right time */
    }
    return result == -EINTR ? -ERESTARTNOHAND : result;
}
