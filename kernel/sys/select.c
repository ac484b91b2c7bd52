/* select and pselect6. */
#include "kernel/sys/sys_file.h"

#include "kernel/mm/slab.h"
#include "kernel/sys/poller.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/vm/uaccess.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/string.h"

#define FD_SETSIZE 1024u /* sets up to here need no allocation */

enum { READABLE, WRITABLE, EXCEPTIONAL, SETS };

/* What makes a file belong to each set of the answer, select(2). */
static const uint32_t set_events[SETS] = {
    POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
    POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
    POLLPRI,
};

struct selection {
    unsigned count;         /* descriptors 0 .. count - 1 */
    uint64_t *wanted[SETS]; /* bitmaps */
    uint64_t *ready[SETS];
    void *user[SETS];
};

/* Which events of descriptor `fd` were asked for. */
static uint32_t wanted_events(const struct selection *selection, unsigned fd) {
    uint32_t events = 0;
    for (unsigned set = 0; set < SETS; set++)
        if (bitmap_test(selection->wanted[set], fd))
            events |= set_events[set];
    return events;
}

/* Marks the sets that the events belong to; how many. */
static int mark_ready(struct selection *selection, unsigned fd, uint32_t events) {
    int marked = 0;
    for (unsigned set = 0; set < SETS; set++) {
        if (!(events & set_events[set]) || !bitmap_test(selection->wanted[set], fd))
            continue;
        bitmap_set(selection->ready[set], fd);
        marked++;
    }
    return marked;
}

/* One look at all files: how many marks, or -EBADF. */
static int look_at_all(struct poller *poller, void *context, bool first) {
    struct selection *selection = context;
    int ready = 0;
    for (unsigned fd = 0; fd < selection->count; fd++) {
        uint32_t wanted = wanted_events(selection, fd);
        if (!wanted)
            continue;
        struct file_use use = file_use_path((int)fd);
        if (!use.file)
            return -EBADF;
        bool is_path = use.file->abilities & FILE_IS_PATH; /* waits for nothing: as if all had happened */
        uint32_t events = is_path ? wanted : poller_look(poller, use.file, wanted, first && ready == 0);
        file_use_end(use);
        ready += mark_ready(selection, fd, events);
    }
    return ready;
}

static int select_files(struct selection *selection, uint64_t deadline_ns) {
    return poller_run(look_at_all, selection, deadline_ns);
}

static size_t set_bytes(unsigned count) {
    return BITMAP_WORDS((size_t)count) * sizeof(uint64_t);
}

static int get_sets(struct selection *selection) {
    for (unsigned set = 0; set < SETS; set++) {
        if (!selection->user[set])
            continue;
        if (copy_from_user(selection->wanted[set], selection->user[set], set_bytes(selection->count)))
            return -EFAULT;
        size_t beyond = set_bytes(selection->count) * 8 - selection->count;
        bitmap_clear_range(selection->wanted[set], selection->count, beyond);
    }
    return 0;
}

static int put_sets(const struct selection *selection) {
    for (unsigned set = 0; set < SETS; set++)
        if (selection->user[set] &&
            copy_to_user(selection->user[set], selection->ready[set], set_bytes(selection->count)))
            return -EFAULT;
    return 0;
}

static int64_t do_select(int count, void *const user[SETS], uint64_t deadline_ns) {
    uint64_t limit = rlimit_current(RLIMIT_NOFILE);
    if (count < 0)
        return -EINVAL;
    struct selection selection = {.count = (unsigned)MIN((uint64_t)count, MAX(limit, (uint64_t)FD_SETSIZE))};
    size_t words = set_bytes(selection.count) / sizeof(uint64_t);
    uint64_t *maps = kzalloc(2 * SETS * (words + 1) * sizeof(uint64_t));
    if (!maps)
        return -ENOMEM;
    for (unsigned set = 0; set < SETS; set++) {
        selection.user[set] = user[set];
        selection.wanted[set] = maps + set * words;
        selection.ready[set] = maps + (SETS + set) * words;
    }
    int64_t result = get_sets(&selection);
    if (!result)
        result = select_files(&selection, deadline_ns);
    if (result >= 0 && put_sets(&selection))
        result = -EFAULT;
    kfree(maps);
    return result;
}

/* Tells the program how much of its timeout is left; what a failure of that does to a restart. */
static int64_t finish(int64_t result, int write_error) {
    if (result != -EINTR)
        return result;
    return write_error ? -EINTR : -ERESTARTNOHAND;
}

int64_t sys_select(int count, void *readable, void *writable, void *exceptional, void *user_timeout) {
    void *const sets[SETS] = {readable, writable, exceptional};
    struct { int64_t seconds, microseconds; } timeout; /* struct timeval */
    uint64_t deadline_ns = WAIT_FOREVER;
    const int64_t us_per_s = (int64_t)(NS_PER_SEC / NS_PER_US);
    if (user_timeout) {
        if (copy_from_user(&timeout, user_timeout, sizeof timeout))
            return -EFAULT;
        int64_t seconds;
        if (timeout.microseconds < 0 ||
            __builtin_add_overflow(timeout.seconds, timeout.microseconds / us_per_s, &seconds) ||
            deadline_from(seconds, timeout.microseconds % us_per_s * (int64_t)NS_PER_US, &deadline_ns))
            return -EINVAL;
        if (timeout.seconds == 0 && timeout.microseconds == 0)
            deadline_ns = 0;
    }
    int64_t result = do_select(count, sets, deadline_ns);
    int error = 0;
    if (user_timeout && deadline_ns != WAIT_FOREVER) {
        uint64_t left_us = deadline_left_ns(deadline_ns) / NS_PER_US;
        timeout.seconds = (int64_t)left_us / us_per_s;
        timeout.microseconds = (int64_t)left_us % us_per_s;
        error = copy_to_user(user_timeout, &timeout, sizeof timeout);
    }
    return finish(result, error);
}

int64_t sys_pselect6(int count, void *readable, void *writable, void *exceptional,
                     void *user_timeout, const void *user_mask) {
    void *const sets[SETS] = {readable, writable, exceptional};
    struct { const void *mask; size_t size; } mask = {0};
    struct user_timespec timeout;
    uint64_t deadline_ns = WAIT_FOREVER;
    if (user_mask && copy_from_user(&mask, user_mask, sizeof mask))
        return -EFAULT;
    if (user_timeout) {
        if (copy_from_user(&timeout, user_timeout, sizeof timeout))
            return -EFAULT;
        if (deadline_from(timeout.seconds, timeout.nanoseconds, &deadline_ns))
            return -EINVAL;
        if (timeout.seconds == 0 && timeout.nanoseconds == 0)
            deadline_ns = 0;
    }
    int64_t result = temporary_mask_begin(mask.mask, mask.size);
    if (result)
        return result;
    result = do_select(count, sets, deadline_ns);
    temporary_mask_end(mask.mask, result == -EINTR);
    int error = 0;
    if (user_timeout && deadline_ns != WAIT_FOREVER) {
        uint64_t left_ns = deadline_left_ns(deadline_ns);
        timeout = (struct user_timespec){(int64_t)(left_ns / NS_PER_SEC), (int64_t)(left_ns % NS_PER_SEC)};
        error = copy_to_user(user_timeout, &timeout, sizeof timeout);
    }
    return finish(result, error);
}
