/* Resource limits and usage. */
#include "kernel/sys/rusage.h"
#include "kernel/sys/sys_process.h"
#include "kernel/task/task.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"

#define TICKS_PER_SEC 100u /* USER_HZ: sysconf(_SC_CLK_TCK) */

static bool limit_permitted(const struct process *target) {
    const struct cred *own = current_cred();
    bool same = false;

    if (target == current_process() || cred_has(own, CAP_SYS_RESOURCE))
        return true;
    if (!list_is_empty(&target->threads)) {
        const struct task *task = list_first_entry(&target->threads, struct task, process_node);
        const struct cred *other = rcu_dereference(task->cred);
        same = own->uid == other->euid && own->uid == other->suid && own->uid == other->uid &&
               own->gid == other->egid && own->gid == other->sgid && own->gid == other->gid;
    }
    return same;
}

static int limit_exchange(struct process *target, unsigned resource, const struct rlimit *new, struct rlimit *old) {
    bool privileged = cred_has(current_cred(), CAP_SYS_RESOURCE);
    int error = 0;

    uint64_t flags = spin_lock_irqsave(&target->lock);
    struct rlimit *limit = &target->limits[resource];
    *old = *limit;
    if (!limit_permitted(target) || (new != NULL && new->maximum > limit->maximum && !privileged))
        error = -EPERM;
    else if (new != NULL)
        *limit = *new;
    spin_unlock_irqrestore(&target->lock, flags);
    return error;
}

int64_t sys_prlimit64(int pid, unsigned resource, const struct rlimit __user *new_limit,
                      struct rlimit __user *old_limit) {
    struct rlimit new, old;

    if (resource >= RLIMIT_COUNT)
        return -EINVAL;
    if (new_limit != NULL && get_user(new, new_limit) < 0)
        return -EFAULT;
    if (new_limit != NULL && new.current > new.maximum)
        return -EINVAL;
    struct process *target = process_find(pid == 0 ? current_process()->pid->number : pid);
    if (target == NULL)
        return -ESRCH;
    int error = limit_exchange(target, resource, new_limit != NULL ? &new : NULL, &old);
    if (error == 0 && new_limit != NULL && (resource == RLIMIT_CPU || resource == RLIMIT_RTTIME))
        cpu_clock_attend_process(target);
    process_put(target);
    if (error == 0 && old_limit != NULL)
        error = copy_to_user(old_limit, &old, sizeof old);
    return error;
}

int64_t sys_getrlimit(unsigned resource, struct rlimit __user *limit) {
    if (limit == NULL)
        return -EFAULT;
    return sys_prlimit64(0, resource, NULL, limit);
}

int64_t sys_setrlimit(unsigned resource, const struct rlimit __user *limit) {
    if (limit == NULL)
        return -EFAULT;
    return sys_prlimit64(0, resource, limit, NULL);
}

/* ---- usage ---- */

enum rusage_who { RUSAGE_CHILDREN = -1, RUSAGE_SELF = 0, RUSAGE_THREAD = 1 };

void rusage_fill(struct rusage_user *usage, uint64_t user_ns, uint64_t system_ns, uint64_t faults) {
    *usage = (struct rusage_user){
        .user = timeval_from_ns(user_ns),
        .system = timeval_from_ns(system_ns),
        .minor_faults = (int64_t)faults,
    };
}

int64_t sys_getrusage(int who, struct rusage_user __user *usage) {
    struct task *task = current_task();
    struct process *process = task->process;
    struct rusage_user filled;
    uint64_t user_ns, system_ns;

    switch (who) {
    case RUSAGE_SELF:
        process_times(process, &user_ns, &system_ns);
        rusage_fill(&filled, user_ns, system_ns, process->dead_faults + task->minor_faults);
        break;
    case RUSAGE_CHILDREN:
        rusage_fill(&filled, process->children_user_ns, process->children_system_ns, process->children_faults);
        break;
    case RUSAGE_THREAD:
        thread_times(&task->thread, &user_ns, &system_ns);
        rusage_fill(&filled, user_ns, system_ns, task->minor_faults);
        break;
    default:
        return -EINVAL;
    }
    if (who != RUSAGE_CHILDREN) {
        filled.max_resident_kib = space_resident_peak(task->space) * (int64_t)(PAGE_SIZE / 1024);
        filled.voluntary_switches = (int64_t)task->thread.voluntary_switches;
        filled.involuntary_switches = (int64_t)task->thread.involuntary_switches;
    }
    return copy_to_user(usage, &filled, sizeof filled);
}

static int64_t ticks(uint64_t ns) {
    return (int64_t)(ns / (NS_PER_SEC / TICKS_PER_SEC));
}

int64_t sys_times(int64_t __user *times) {
    struct process *process = current_process();
    uint64_t user_ns, system_ns;

    if (times != NULL) {
        process_times(process, &user_ns, &system_ns);
        int64_t values[4] = {ticks(user_ns), ticks(system_ns), ticks(process->children_user_ns),
                             ticks(process->children_system_ns)};
        if (copy_to_user(times, values, sizeof values) < 0)
            return -EFAULT;
    }
    return ticks(clock_monotonic_ns());
}
