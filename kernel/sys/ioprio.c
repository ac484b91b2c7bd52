/*
 * ioprio_set(2), ioprio_get(2): a thread's class and level for disks, kept for those who ask. Files are in memory,
 * so there is no queue of transfers that it could order. linux/ioprio.h.
 */
#include "kernel/sys/sys_sched.h"

#include "kernel/task/task.h"
#include "lib/errno.h"

enum ioprio_class { IOPRIO_CLASS_NONE, IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE };
enum ioprio_who { IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_PGRP, IOPRIO_WHO_USER };

#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_CLASS_MASK 7 /* below: a level of 3 bits, and hints */
#define NICE_LEAST (-20)
#define NICE_PER_LEVEL 5 /* of a thread that has not set any */

struct ioprio_call {
    int which, who;
    bool set;
    uint16_t value;   /* to set */
    int64_t result;   /* set: 0 or -errno; get: the best so far, or -ESRCH */
};

static int check_value(int value) {
    int class = value >> IOPRIO_CLASS_SHIFT & IOPRIO_CLASS_MASK, data = value & ((1 << IOPRIO_CLASS_SHIFT) - 1);
    const struct cred *cred = current_cred();

    if (class == IOPRIO_CLASS_RT && !cred_has(cred, CAP_SYS_ADMIN) && !cred_has(cred, CAP_SYS_NICE))
        return -EPERM;
    if (class == IOPRIO_CLASS_NONE)
        return data == 0 ? 0 : -EINVAL;
    return class <= IOPRIO_CLASS_IDLE ? 0 : -EINVAL;
}

static int set_one(struct task *task, uint16_t value) {
    const struct cred *own = current_cred(), *other = rcu_dereference(task->cred);

    if (other->uid != own->euid && other->uid != own->uid && !cred_has(own, CAP_SYS_NICE))
        return -EPERM;
    atomic_store_relaxed(&task->io_priority, value);
    return 0;
}

/* What counts when several are compared: without one of its own, a thread's nice value says. */
static uint16_t effective(const struct task *task) {
    uint16_t value = atomic_load_relaxed(&task->io_priority);
    uint8_t policy = task->thread.policy;
    int class = IOPRIO_CLASS_BE;
    if (value >> IOPRIO_CLASS_SHIFT != IOPRIO_CLASS_NONE)
        return value;
    if (policy == SCHED_IDLE)
        class = IOPRIO_CLASS_IDLE;
    else if (policy == SCHED_FIFO || policy == SCHED_RR)
        class = IOPRIO_CLASS_RT;
    return (uint16_t)(class << IOPRIO_CLASS_SHIFT | (task->thread.nice - NICE_LEAST) / NICE_PER_LEVEL);
}

static void visit(struct ioprio_call *call, struct task *task) {
    if (call->set) {
        int error = set_one(task, call->value);
        call->result = call->result == -ESRCH || error < 0 ? error : call->result;
    } else {
        int64_t value = effective(task);
        call->result = call->result < 0 || value < call->result ? value : call->result;
    }
}

static bool visit_process(struct process *process, void *context) {
    struct ioprio_call *call = context;
    struct task *task;

    list_for_each_entry(task, &process->threads, process_node) {
        bool match = call->which == IOPRIO_WHO_PGRP ? process->group->number == call->who
                                                    : task->cred->uid == (uint32_t)call->who;
        if (match && call->result != -EPERM)
            visit(call, task);
    }
    return true;
}

/* The thread `who`, 0 for the caller; its own value is told as it is, and not by its nice value. */
static int64_t one_thread(const struct ioprio_call *call) {
    int64_t result = -ESRCH;

    rcu_read_lock();
    const struct pid *pid = call->who == 0 ? NULL : pid_find(call->who);
    struct task *task = call->who == 0 ? current_task() : pid == NULL ? NULL : rcu_dereference(pid->task);
    if (task != NULL)
        result = call->set ? set_one(task, call->value) : atomic_load_relaxed(&task->io_priority);
    rcu_read_unlock();
    return result;
}

static int64_t run(struct ioprio_call *call) {
    if (call->which == IOPRIO_WHO_PROCESS)
        return one_thread(call);
    if (call->which != IOPRIO_WHO_PGRP && call->which != IOPRIO_WHO_USER)
        return -EINVAL;
    bool of_user = call->which == IOPRIO_WHO_USER;
    if (call->who == 0 && !(of_user && call->set)) /* setting for user 0 is meant for root, as on Linux */
        call->who = call->which == IOPRIO_WHO_PGRP ? current_process()->group->number : (int)current_cred()->uid;
    call->result = -ESRCH;
    process_each(visit_process, call);
    return call->result;
}

int64_t sys_ioprio_set(int which, int who, int value) {
    struct ioprio_call call = {.which = which, .who = who, .set = true, .value = (uint16_t)value};
    int error = check_value(value);
    return error < 0 ? error : run(&call);
}

int64_t sys_ioprio_get(int which, int who) {
    struct ioprio_call call = {.which = which, .who = who};
    return run(&call);
}
