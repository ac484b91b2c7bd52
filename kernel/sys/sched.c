/* System calls about scheduling. sched(7), linux/sched/types.h. */
#include "kernel/sys/sys_sched.h"

#include "kernel/arch/percpu.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/rseq.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

#define SCHED_RESET_ON_FORK 0x40000000
#define NICE_MIN (-20)
#define NICE_MAX 19
#define RT_PRIORITY_MAX 99
#define SCHED_DEADLINE 6 /* no thread has it, but it has a range of priorities */

int64_t sys_sched_yield(void) {
    sched_yield();
    return 0;
}

/* Under rcu_read_lock; NULL if there is no such thread. 0 is the caller. */
static struct task *find_task(int tid) {
    if (tid == 0)
        return current_task();
    const struct pid *pid = pid_find(tid);
    return pid == NULL ? NULL : rcu_dereference(pid->task);
}

static bool may_change(const struct task *task) {
    const struct cred *own = current_cred(), *other = rcu_dereference(task->cred);
    return own->euid == other->euid || own->euid == other->uid || cred_has(own, CAP_SYS_NICE);
}

/* ---- policy ---- */

static bool is_realtime(int policy) {
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_valid(int policy) {
    return is_realtime(policy) || policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static int permit_policy(const struct task *task, int policy, int priority) {
    uint64_t limit = task->process->limits[RLIMIT_RTPRIO].current;

    if (!may_change(task))
        return -EPERM;
    if (cred_has(current_cred(), CAP_SYS_NICE) || !is_realtime(policy))
        return 0;
    bool no_higher = is_realtime(task->thread.policy) && priority <= task->thread.rt_priority;
    return (uint64_t)priority <= limit || no_higher ? 0 : -EPERM;
}

/* `policy` -1: keep. */
static int64_t set_policy(int tid, int policy, int priority) {
    int error;

    rcu_read_lock();
    struct task *task = tid < 0 ? NULL : find_task(tid);
    if (task != NULL && policy < 0)
        policy = task->thread.policy;
    if (tid < 0 || (task != NULL && !policy_valid(policy)))
        error = -EINVAL;
    else if (task == NULL)
        error = -ESRCH;
    else if (is_realtime(policy) ? priority < 1 || priority > RT_PRIORITY_MAX : priority != 0)
        error = -EINVAL;
    else
        error = permit_policy(task, policy, priority);
    if (error == 0) {
        sched_set_policy(&task->thread, (enum sched_policy)policy, (uint8_t)priority);
        futex_pi_rescheduled(task);
    }
    rcu_read_unlock();
    return error;
}

int64_t sys_sched_setscheduler(int tid, int policy, const int32_t __user *priority) {
    int32_t value;

    if (policy < 0 || priority == NULL || tid < 0)
        return -EINVAL;
    if (get_user(value, priority) < 0)
        return -EFAULT;
    return set_policy(tid, policy & ~SCHED_RESET_ON_FORK, value);
}

int64_t sys_sched_setparam(int tid, const int32_t __user *priority) {
    int32_t value;
    if (priority == NULL || tid < 0)
        return -EINVAL;
    return get_user(value, priority) < 0 ? -EFAULT : set_policy(tid, -1, value);
}

/* What the readers report, copied out under RCU. */
struct snapshot {
    int policy, priority, nice;
    uint64_t affinity;
};

/* -ESRCH, and `if_negative` for a number that cannot be one. */
static int read_task(int tid, struct snapshot *snapshot, int if_negative) {
    int error = tid < 0 ? if_negative : -ESRCH;

    rcu_read_lock();
    const struct task *task = tid < 0 ? NULL : find_task(tid);
    if (task != NULL) {
        const struct thread *thread = &task->thread;
        *snapshot = (struct snapshot){thread->policy, thread->rt_priority, thread->nice, thread->affinity};
        error = 0;
    }
    rcu_read_unlock();
    return error;
}

int64_t sys_sched_getscheduler(int tid) {
    struct snapshot snapshot;
    int error = read_task(tid, &snapshot, -EINVAL);
    return error < 0 ? error : snapshot.policy;
}

int64_t sys_sched_getparam(int tid, int32_t __user *priority) {
    struct snapshot snapshot;
    int error = priority == NULL ? -EINVAL : read_task(tid, &snapshot, -EINVAL);
    return error < 0 ? error : put_user((int32_t)snapshot.priority, priority);
}

struct sched_attr_user { /* struct sched_attr, version 0 */
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

int64_t sys_sched_getattr(int tid, struct sched_attr_user __user *attr, unsigned size, unsigned flags) {
    struct snapshot snapshot;

    if (attr == NULL || size < sizeof(struct sched_attr_user) || size > PAGE_SIZE || flags != 0)
        return -EINVAL;
    int error = read_task(tid, &snapshot, -EINVAL);
    if (error < 0)
        return error;
    struct sched_attr_user filled = {
        .size = sizeof filled,
        .policy = (uint32_t)snapshot.policy,
        .nice = snapshot.nice,
        .priority = (uint32_t)snapshot.priority,
    };
    return copy_to_user(attr, &filled, sizeof filled);
}

static int64_t set_nice(struct task *task, int nice);

#define SCHED_FLAG_RESET_ON_FORK 1u

/* Larger structures of later versions will do, if what we do not know in them is zero. */
static int attr_read(struct sched_attr_user __user *user, struct sched_attr_user *attr) {
    uint32_t size;

    if (get_user(size, &user->size) < 0)
        return -EFAULT;
    if (size == 0)
        size = sizeof *attr;
    bool fits = size >= sizeof *attr && size <= PAGE_SIZE;
    int error = fits ? copy_struct_from_user(attr, sizeof *attr, user, size) : -E2BIG;
    if (error == -E2BIG && put_user((uint32_t)sizeof *attr, &user->size) < 0)
        return -EFAULT;
    return error;
}

int64_t sys_sched_setattr(int tid, struct sched_attr_user __user *attr, unsigned flags) {
    struct sched_attr_user copy;

    if (attr == NULL || tid < 0 || flags != 0)
        return -EINVAL;
    int error = attr_read(attr, &copy);
    if (error < 0)
        return error;
    if ((int32_t)copy.policy < 0 || copy.flags & ~(uint64_t)SCHED_FLAG_RESET_ON_FORK)
        return -EINVAL;
    int64_t result = set_policy(tid, (int)copy.policy, (int)copy.priority);
    if (result < 0 || is_realtime((int)copy.policy))
        return result;
    rcu_read_lock();
    struct task *task = find_task(tid);
    result = task == NULL ? -ESRCH : set_nice(task, copy.nice);
    rcu_read_unlock();
    return result == -EACCES ? -EPERM : result; /* only setpriority tells the two apart */
}

int64_t sys_sched_get_priority_max(int policy) {
    bool known = policy_valid(policy) || policy == SCHED_DEADLINE;
    return !known ? -EINVAL : is_realtime(policy) ? RT_PRIORITY_MAX : 0;
}

int64_t sys_sched_get_priority_min(int policy) {
    bool known = policy_valid(policy) || policy == SCHED_DEADLINE;
    return !known ? -EINVAL : is_realtime(policy) ? 1 : 0;
}

int64_t sys_sched_rr_get_interval(int tid, struct user_timespec __user *interval) {
    struct snapshot snapshot;
    int error = read_task(tid, &snapshot, -EINVAL);
    if (error < 0)
        return error;
    return put_user(timespec_from_ns(snapshot.policy == SCHED_FIFO ? 0 : SCHED_SLICE_NS), interval);
}

/* ---- affinity ---- */

static uint64_t cpus_present(void) {
    return cpu_count >= 64 ? ~0ull : (1ull << cpu_count) - 1;
}

int64_t sys_sched_setaffinity(int tid, unsigned size, const uint64_t __user *mask) {
    uint64_t wanted = 0;
    int error = -ESRCH;

    if (copy_from_user(&wanted, mask, size < sizeof wanted ? size : sizeof wanted) < 0)
        return -EFAULT;
    wanted &= cpus_present();
    rcu_read_lock();
    struct task *task = tid < 0 ? NULL : find_task(tid);
    if (task != NULL)
        error = !may_change(task) ? -EPERM : wanted == 0 ? -EINVAL : 0;
    if (error == 0)
        sched_set_affinity(&task->thread, wanted);
    rcu_read_unlock();
    return error;
}

int64_t sys_sched_getaffinity(int tid, unsigned size, uint64_t __user *mask) {
    struct snapshot snapshot;

    if (size * 8 < cpu_count || size % sizeof snapshot.affinity != 0) /* the product wraps, as it does on Linux */
        return -EINVAL;
    int error = read_task(tid, &snapshot, -ESRCH);
    if (error < 0)
        return error;
    uint64_t allowed = snapshot.affinity & cpus_present();
    return put_user(allowed, mask) < 0 ? -EFAULT : (int64_t)sizeof allowed;
}

int64_t sys_getcpu(uint32_t __user *cpu, uint32_t __user *node) {
    if (cpu != NULL && put_user(cpu_id(), cpu) < 0)
        return -EFAULT;
    return node == NULL ? 0 : put_user(0u, node);
}

#define RSEQ_FLAG_UNREGISTER 1 /* linux/rseq.h */

int64_t sys_rseq(uint64_t area, uint32_t size, int flags, uint32_t signature) {
    if (flags == RSEQ_FLAG_UNREGISTER)
        return rseq_unregister(area, size, signature);
    return flags == 0 ? rseq_register(area, size, signature) : -EINVAL;
}

/* ---- nice ---- */

enum priority_which { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

struct priority_call {
    int which, who;
    int nice;     /* to set */
    bool set;
    int64_t result; /* set: 0 or -errno; get: the highest priority as 40..1 */
};

static int64_t set_nice(struct task *task, int nice) {
    uint64_t limit = task->process->limits[RLIMIT_NICE].current;
    bool privileged = cred_has(current_cred(), CAP_SYS_NICE);

    nice = nice < NICE_MIN ? NICE_MIN : nice > NICE_MAX ? NICE_MAX : nice;
    if (!may_change(task))
        return -EPERM;
    if (nice < task->thread.nice && !privileged && (uint64_t)(NICE_MAX + 1 - nice) > limit)
        return -EACCES;
    sched_set_nice(&task->thread, (int8_t)nice);
    return 0;
}

static void visit_task(struct priority_call *call, struct task *task) {
    int64_t value = call->set ? set_nice(task, call->nice) : NICE_MAX + 1 - task->thread.nice;
    bool better = call->set ? call->result == -ESRCH || value < 0 : value > call->result;
    if (better)
        call->result = value;
}

static bool visit_process(struct process *process, void *context) {
    struct priority_call *call = context;
    struct task *task;

    list_for_each_entry(task, &process->threads, process_node) {
        bool match = call->which == PRIO_PGRP ? process->group->number == call->who
                                              : task->cred->uid == (uint32_t)call->who;
        if (match)
            visit_task(call, task);
    }
    return true;
}

static int64_t priority(struct priority_call *call) {
    if (call->which < PRIO_PROCESS || call->which > PRIO_USER)
        return -EINVAL;
    call->result = -ESRCH;
    if (call->which == PRIO_PROCESS) {
        rcu_read_lock();
        struct task *task = find_task(call->who);
        if (task != NULL)
            visit_task(call, task);
        rcu_read_unlock();
        return call->result;
    }
    if (call->who == 0)
        call->who = call->which == PRIO_PGRP ? current_process()->group->number : (int)current_cred()->uid;
    process_each(visit_process, call);
    return call->result;
}

int64_t sys_getpriority(int which, int who) {
    struct priority_call call = {.which = which, .who = who};
    return priority(&call);
}

int64_t sys_setpriority(int which, int who, int nice) {
    struct priority_call call = {.which = which, .who = who, .nice = nice, .set = true};
    return priority(&call);
}
