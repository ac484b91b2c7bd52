/* System calls about scheduling, but for policies: CPUs, nice, rseq. sched(7). */
#include "kernel/sys/sys_sched.h"

#include "kernel/arch/percpu.h"
#include "kernel/proc/rseq.h"
#include "kernel/sys/sched_task.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

int64_t sys_sched_yield(void) {
    sched_yield();
    return 0;
}

struct task *sched_find_task(int tid) {
    if (tid == 0)
        return current_task();
    const struct pid *pid = pid_find(tid);
    return pid == NULL ? NULL : rcu_dereference(pid->task);
}

bool sched_may_change(const struct task *task) {
    const struct cred *own = current_cred(), *other = rcu_dereference(task->cred);
    return own->euid == other->euid || own->euid == other->uid || cred_has(own, CAP_SYS_NICE);
}

int sched_read_task(int tid, struct sched_snapshot *snapshot, int if_negative) {
    int error = tid < 0 ? if_negative : -ESRCH;

    rcu_read_lock();
    const struct task *task = tid < 0 ? NULL : sched_find_task(tid);
    if (task != NULL) {
        const struct thread *thread = &task->thread;
        *snapshot = (struct sched_snapshot){thread->policy, thread->rt_priority, thread->nice, thread->reset_on_fork,
                                            thread->affinity};
        error = 0;
    }
    rcu_read_unlock();
    return error;
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
    struct task *task = tid < 0 ? NULL : sched_find_task(tid);
    if (task != NULL)
        error = !sched_may_change(task) ? -EPERM : wanted == 0 ? -EINVAL : 0;
    if (error == 0)
        sched_set_affinity(&task->thread, wanted);
    rcu_read_unlock();
    return error;
}

int64_t sys_sched_getaffinity(int tid, unsigned size, uint64_t __user *mask) {
    struct sched_snapshot snapshot;

    if (size * 8 < cpu_count || size % sizeof snapshot.affinity != 0) /* the product wraps, as it does on Linux */
        return -EINVAL;
    int error = sched_read_task(tid, &snapshot, -ESRCH);
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

bool sched_may_nice(const struct task *task, int nice) {
    uint64_t limit = task->process->limits[RLIMIT_NICE].current;
    return (uint64_t)(NICE_MAX + 1 - nice) <= limit || cred_has(current_cred(), CAP_SYS_NICE);
}

static int64_t set_nice(struct task *task, int nice) {
    nice = nice < NICE_MIN ? NICE_MIN : nice > NICE_MAX ? NICE_MAX : nice;
    if (!sched_may_change(task))
        return -EPERM;
    if (nice < task->thread.nice && !sched_may_nice(task, nice))
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
        struct task *task = sched_find_task(call->who);
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
