/*
 * System calls about scheduling policies. sched(7), sched_setattr(2), linux/sched/types.h.
 *
 * SCHED_DEADLINE is known, and its parameters are checked, but no CPU time is set aside for it: admission fails with
 * EBUSY, as on a Linux whose CPUs are all promised to others.
 */
#include "kernel/proc/futex.h"
#include "kernel/sys/sched_task.h"
#include "kernel/sys/sys_sched.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

#define SCHED_RESET_ON_FORK 0x40000000
#define SCHED_DEADLINE 6
#define POLICY_KEEP (-1)

/* linux/sched.h */
enum sched_flag {
    SCHED_FLAG_RESET_ON_FORK = 1, SCHED_FLAG_RECLAIM = 2, SCHED_FLAG_DL_OVERRUN = 4, SCHED_FLAG_KEEP_POLICY = 8,
    SCHED_FLAG_KEEP_PARAMS = 0x10, SCHED_FLAG_UTIL_CLAMP = 0x60, SCHED_FLAG_ALL = 0x7f,
};

struct sched_attr_user { /* struct sched_attr */
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};
#define ATTR_SIZE_MIN 48u /* without the last two */

/* Limits of SCHED_DEADLINE, in ns: its smallest runtime; its smallest and largest period. */
#define DEADLINE_RUNTIME_MIN 1024u
#define DEADLINE_PERIOD_MIN 100000ull
#define DEADLINE_PERIOD_MAX 4194304000ull

static bool is_realtime(int policy) {
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_fair(int policy) {
    return policy == SCHED_OTHER || policy == SCHED_BATCH;
}

static bool policy_valid(int policy) {
    return is_realtime(policy) || is_fair(policy) || policy == SCHED_IDLE || policy == SCHED_DEADLINE;
}

/* ---- checks ---- */

static bool deadline_valid(const struct sched_attr_user *attr) {
    uint64_t period = attr->period != 0 ? attr->period : attr->deadline;

    return attr->deadline != 0 && attr->runtime >= DEADLINE_RUNTIME_MIN && attr->runtime <= attr->deadline &&
           attr->deadline <= period && period >= DEADLINE_PERIOD_MIN && period <= DEADLINE_PERIOD_MAX;
}

static bool parameters_valid(int policy, const struct sched_attr_user *attr) {
    if (!policy_valid(policy) || (attr->flags & ~(uint64_t)SCHED_FLAG_ALL) || attr->priority > RT_PRIORITY_MAX)
        return false;
    if (policy == SCHED_DEADLINE && !deadline_valid(attr))
        return false;
    return is_realtime(policy) == (attr->priority != 0);
}

static bool realtime_allowed(const struct task *task, int policy, uint32_t priority) {
    uint64_t limit = task->process->limits[RLIMIT_RTPRIO].current;
    const struct thread *thread = &task->thread;

    if (policy != thread->policy && limit == 0)
        return false;
    return priority <= thread->rt_priority || priority <= limit;
}

/* Does the change need a privilege? */
static bool is_promotion(const struct task *task, int policy, const struct sched_attr_user *attr) {
    const struct thread *thread = &task->thread;

    if (is_fair(policy) && attr->nice < thread->nice && !sched_may_nice(task, attr->nice))
        return true;
    if (is_realtime(policy) && !realtime_allowed(task, policy, attr->priority))
        return true;
    if (thread->policy == SCHED_IDLE && policy != SCHED_IDLE && !sched_may_nice(task, thread->nice))
        return true; /* SCHED_IDLE is like a nice beyond the highest */
    bool keeps_reset = attr->flags & SCHED_FLAG_RESET_ON_FORK;
    return policy == SCHED_DEADLINE || (thread->reset_on_fork && !keeps_reset);
}

static int permit(const struct task *task, int policy, const struct sched_attr_user *attr) {
    if (cred_has(current_cred(), CAP_SYS_NICE))
        return 0;
    return sched_may_change(task) && !is_promotion(task, policy, attr) ? 0 : -EPERM;
}

/* ---- setting ---- */

/* What the caller leaves as it is. */
static void keep(const struct thread *thread, int *policy, struct sched_attr_user *attr) {
    if (*policy == POLICY_KEEP) {
        *policy = thread->policy;
        attr->flags &= ~(uint64_t)SCHED_FLAG_RESET_ON_FORK;
        attr->flags |= thread->reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
    }
    if (attr->flags & SCHED_FLAG_KEEP_PARAMS) {
        attr->priority = thread->rt_priority;
        attr->nice = thread->nice;
    }
}

static void apply(struct task *task, int policy, const struct sched_attr_user *attr) {
    struct thread *thread = &task->thread;

    thread->reset_on_fork = attr->flags & SCHED_FLAG_RESET_ON_FORK;
    sched_set_policy(thread, (enum sched_policy)policy, (uint8_t)attr->priority);
    if (is_fair(policy) && attr->nice != thread->nice)
        sched_set_nice(thread, (int8_t)attr->nice);
    futex_pi_rescheduled(task);
}

/* RCU read lock held. */
static int set_task(struct task *task, int policy, struct sched_attr_user *attr) {
    keep(&task->thread, &policy, attr);
    if (!parameters_valid(policy, attr))
        return -EINVAL;
    if (attr->flags & SCHED_FLAG_UTIL_CLAMP)
        return -EOPNOTSUPP;
    int error = permit(task, policy, attr);
    if (error == 0 && policy == SCHED_DEADLINE)
        error = -EBUSY;
    if (error == 0)
        apply(task, policy, attr);
    return error;
}

static int64_t set_policy(int tid, int policy, struct sched_attr_user *attr) {
    rcu_read_lock();
    struct task *task = sched_find_task(tid);
    int error = task != NULL ? set_task(task, policy, attr) : -ESRCH;
    rcu_read_unlock();
    return error;
}

/* The calls that only know a priority leave nice alone. */
static int64_t set_priority(int tid, int policy, const int32_t __user *priority, uint64_t flags) {
    struct sched_snapshot snapshot;
    int32_t value;

    if (tid < 0 || priority == NULL)
        return -EINVAL;
    if (get_user(value, priority) < 0)
        return -EFAULT;
    int error = sched_read_task(tid, &snapshot, -EINVAL);
    if (error < 0)
        return error;
    struct sched_attr_user attr = {.flags = flags, .priority = (uint32_t)value, .nice = snapshot.nice};
    return set_policy(tid, policy, &attr);
}

int64_t sys_sched_setscheduler(int tid, int policy, const int32_t __user *priority) {
    bool reset = policy & SCHED_RESET_ON_FORK;

    if (policy < 0)
        return -EINVAL;
    return set_priority(tid, policy & ~SCHED_RESET_ON_FORK, priority, reset ? SCHED_FLAG_RESET_ON_FORK : 0);
}

int64_t sys_sched_setparam(int tid, const int32_t __user *priority) {
    return set_priority(tid, POLICY_KEEP, priority, 0);
}

/* -E2BIG tells the size that is known. */
static int take_attributes(struct sched_attr_user *attr, struct sched_attr_user __user *from) {
    uint32_t size;

    if (get_user(size, user_member(from, size)) < 0)
        return -EFAULT;
    size = size != 0 ? size : ATTR_SIZE_MIN;
    int error = size < ATTR_SIZE_MIN ? -E2BIG : copy_struct_from_user(attr, sizeof *attr, from, size);
    if (error == -E2BIG && put_user((uint32_t)sizeof *attr, user_member(from, size)) < 0)
        return -EFAULT;
    if (error < 0)
        return error;
    attr->nice = MAX(NICE_MIN, MIN(attr->nice, NICE_MAX));
    return (attr->flags & SCHED_FLAG_UTIL_CLAMP) && size < sizeof *attr ? -EINVAL : 0;
}

int64_t sys_sched_setattr(int tid, struct sched_attr_user __user *from, unsigned flags) {
    struct sched_attr_user attr;

    if (from == NULL || tid < 0 || flags != 0)
        return -EINVAL;
    int error = take_attributes(&attr, from);
    if (error < 0)
        return error;
    if ((int32_t)attr.policy < 0)
        return -EINVAL;
    return set_policy(tid, attr.flags & SCHED_FLAG_KEEP_POLICY ? POLICY_KEEP : (int)attr.policy, &attr);
}

/* ---- reading ---- */

int64_t sys_sched_getscheduler(int tid) {
    struct sched_snapshot snapshot;
    int error = sched_read_task(tid, &snapshot, -EINVAL);
    return error < 0 ? error : snapshot.policy | (snapshot.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

int64_t sys_sched_getparam(int tid, int32_t __user *priority) {
    struct sched_snapshot snapshot;

    if (priority == NULL)
        return -EINVAL;
    int error = sched_read_task(tid, &snapshot, -EINVAL);
    return error < 0 ? error : put_user((int32_t)snapshot.priority, priority);
}

int64_t sys_sched_getattr(int tid, struct sched_attr_user __user *attr, unsigned size, unsigned flags) {
    struct sched_snapshot snapshot;

    if (attr == NULL || size < ATTR_SIZE_MIN || size > PAGE_SIZE || flags != 0)
        return -EINVAL;
    int error = sched_read_task(tid, &snapshot, -EINVAL);
    if (error < 0)
        return error;
    struct sched_attr_user filled = {
        .size = MIN(size, (unsigned)sizeof filled),
        .policy = (uint32_t)snapshot.policy,
        .flags = snapshot.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
        .nice = is_realtime(snapshot.policy) ? 0 : snapshot.nice,
        .priority = (uint32_t)snapshot.priority,
    };
    return copy_to_user(attr, &filled, filled.size);
}

int64_t sys_sched_get_priority_max(int policy) {
    return !policy_valid(policy) ? -EINVAL : is_realtime(policy) ? RT_PRIORITY_MAX : 0;
}

int64_t sys_sched_get_priority_min(int policy) {
    return !policy_valid(policy) ? -EINVAL : is_realtime(policy) ? 1 : 0;
}

int64_t sys_sched_rr_get_interval(int tid, struct user_timespec __user *interval) {
    struct sched_snapshot snapshot;
    int error = sched_read_task(tid, &snapshot, -EINVAL);
    if (error < 0)
        return error;
    return put_user(timespec_from_ns(sched_slice_ns(snapshot.policy)), interval);
}
