/*
 * What pipes count for their user: a page for each slot, whether it is in use or not. Who is privileged is counted too,
 * but not limited. Lock-free: the count is raised first, then compared, as on Linux.
 */
#include "kernel/ipc/pipe_charge.h"

#include "kernel/ipc/pipe.h"
#include "kernel/ipc/pipe_ring.h"
#include "kernel/task/task.h"
#include "kernel/task/user.h"
#include "lib/errno.h"

#define SLOTS_DEFAULT (PIPE_CAPACITY_DEFAULT / (uint32_t)PAGE_SIZE)
#define SLOTS_BEYOND_SOFT 2u /* of a new pipe: PIPE_MIN_DEF_BUFFERS, linux/pipe_fs_i.h */

struct pipe_limits pipe_limits = {.user_pages_soft = 16384, .user_pages_hard = 0};

/* How many there are then. */
static uint64_t count(struct user *user, uint32_t before, uint32_t slots) {
    uint64_t more = (uint64_t)slots - before; /* wraps around when there are fewer */
    return atomic_fetch_add(&user->pipe_pages, more) + more;
}

static bool exceeds(uint64_t pages, const uint64_t *setting) {
    uint64_t limit = atomic_load_relaxed(setting);
    return limit != 0 && pages > limit;
}

static bool is_limited(void) {
    return !cred_has(current_cred(), CAP_SYS_RESOURCE) && !cred_has(current_cred(), CAP_SYS_ADMIN);
}

uint32_t pipe_charge_new(struct pipe *pipe) {
    struct user *user = current_cred()->user;
    uint32_t slots = SLOTS_DEFAULT;

    user_get(user);
    pipe->user = user;
    uint64_t pages = count(user, 0, slots);
    if (exceeds(pages, &pipe_limits.user_pages_soft) && is_limited()) {
        pages = count(user, slots, SLOTS_BEYOND_SOFT);
        slots = SLOTS_BEYOND_SOFT;
    }
    pipe->slots = slots;
    return exceeds(pages, &pipe_limits.user_pages_hard) && is_limited() ? 0 : slots;
}

void pipe_uncharge(struct pipe *pipe) {
    (void)count(pipe->user, pipe->slots, 0);
    user_put(pipe->user);
}

int pipe_charge_change(struct pipe *pipe, uint32_t before, uint32_t slots) {
    bool more = slots > before;

    if (more && slots > PIPE_CAPACITY_MAX / PAGE_SIZE && !cred_has(current_cred(), CAP_SYS_RESOURCE))
        return -EPERM;
    uint64_t pages = count(pipe->user, before, slots);
    bool beyond = exceeds(pages, &pipe_limits.user_pages_soft) || exceeds(pages, &pipe_limits.user_pages_hard);
    if (!more || !beyond || !is_limited())
        return 0;
    pipe_charge_undo(pipe, before, slots);
    return -EPERM;
}

void pipe_charge_undo(struct pipe *pipe, uint32_t before, uint32_t slots) {
    (void)count(pipe->user, slots, before);
}
