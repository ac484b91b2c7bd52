/* Process groups, sessions, and what a parent is told about its children. */
#include "kernel/task/job_control.h"

#include "kernel/log/panic.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "lib/errno.h"

#define TICKS_PER_SEC 100u /* USER_HZ: the unit of si_utime and times(2) */

/* ---- orphaned groups ---- */

bool group_is_orphaned_without(struct pid *group, const struct process *leaving) {
    struct process *process;
    list_for_each_entry(process, &group->group_members, group_node) {
        const struct process *parent = process->parent;
        if (process == leaving || process->state != PROCESS_ALIVE || parent == NULL || parent == init_process)
            continue;
        if (parent != leaving && parent->group != group && parent->session == process->session)
            return false;
    }
    return true;
}

bool group_is_orphaned(struct pid *group) {
    return group_is_orphaned_without(group, NULL);
}

static bool has_stopped_member(struct pid *group, const struct process *leaving) {
    struct process *process;
    list_for_each_entry(process, &group->group_members, group_node) {
        if (process != leaving && process->stopped)
            return true;
    }
    return false;
}

static void hang_up(struct pid *group) {
    struct process *process;
    list_for_each_entry(process, &group->group_members, group_node) {
        (void)signal_send_process(process, SIGHUP, NULL);
        (void)signal_send_process(process, SIGCONT, NULL);
    }
}

/* Whether it is orphaned shows at once in a group that is not. */
static void check(struct pid *group, const struct process *leaving) {
    if (group_is_orphaned_without(group, leaving) && has_stopped_member(group, leaving))
        hang_up(group);
}

void group_orphan_check(struct process *process) {
    const struct process *parent = process->parent;
    struct process *child;

    if (parent != NULL && parent->group != process->group && parent->session == process->session)
        check(process->group, process);
    list_for_each_entry(child, &process->children, sibling) {
        if (child->group != process->group && child->session == process->session)
            check(child->group, process);
    }
}

/* ---- setpgid, setsid ---- */

/* May the running process move `target`? task_list_lock held. */
static int setpgid_check(const struct process *target) {
    const struct process *self = current_process();

    if (target != self && target->parent != self)
        return -ESRCH;
    if (target != self && target->session != self->session)
        return -EPERM;
    if (target != self && target->executed)
        return -EACCES;
    return target->session == target->pid ? -EPERM : 0;
}

/* The group with that number for `target`: its own, new one, or one that exists in its session. */
static struct pid *setpgid_group(struct process *target, int group_number) {
    if (group_number == target->pid->number)
        return target->pid;
    struct pid *group = pid_find(group_number);
    if (group == NULL || list_is_empty(&group->group_members))
        return NULL;
    const struct process *member = list_first_entry(&group->group_members, struct process, group_node);
    return member->session == target->session ? group : NULL;
}

int process_setpgid(int number, int group_number) {
    if (group_number < 0)
        return -EINVAL;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    const struct pid *pid = number == 0 ? current_process()->pid : pid_find(number);
    struct process *target = pid == NULL ? NULL : pid->process;
    int error = target == NULL ? -ESRCH : setpgid_check(target);

    if (error == 0) {
        struct pid *group = setpgid_group(target, group_number == 0 ? target->pid->number : group_number);
        if (group == NULL)
            error = -EPERM;
        else if (group != target->group)
            process_set_group(target, group);
    }
    spin_unlock_irqrestore(&task_list_lock, flags);
    return error;
}

int process_setsid(void) {
    struct process *self = current_process();
    int result = -EPERM;

    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    /* Neither a group's leader nor a number that is still somebody's group. */
    if (list_is_empty(&self->pid->group_members)) {
        process_set_session(self, self->pid);
        process_set_group(self, self->pid);
        self->pid->session_leader = self;
        self->tty = NULL;
        result = self->pid->number;
    }
    spin_unlock_irqrestore(&task_list_lock, flags);
    return result;
}

/* ---- telling the parent ---- */

static int64_t ticks(uint64_t ns) {
    return (int64_t)(ns / (NS_PER_SEC / TICKS_PER_SEC));
}

bool process_notify_parent(struct process *process, int code, int status) {
    struct process *parent = process->parent;
    unsigned signal = code == CLD_STOPPED || code == CLD_CONTINUED ? SIGCHLD : process->exit_signal;

    ASSERT(parent != NULL);
    const struct signal_action *action = &parent->handlers->actions[SIGCHLD];
    bool ended = code != CLD_STOPPED && code != CLD_CONTINUED;
    bool ignored = atomic_load_relaxed(&action->handler) == SIGNAL_IGNORE;
    uint64_t action_flags = atomic_load_relaxed(&action->flags);
    bool quiet = signal == SIGCHLD && (ignored || (!ended && (action_flags & SA_NOCLDSTOP)));

    if (signal != 0 && signal <= SIGNAL_COUNT && !quiet) {
        struct signal_info info = {.number = (int32_t)signal, .code = code};
        info.u.child.pid = process->pid->number;
        info.u.child.uid = process->exit_uid;
        info.u.child.status = status;
        info.u.child.user_ticks = ticks(process->dead_user_ns);
        info.u.child.system_ticks = ticks(process->dead_system_ns);
        (void)signal_send_process(parent, signal, &info);
    }
    wait_wake(&parent->child_wait, ~0u, 0, ended);
    return ended && signal == SIGCHLD && (ignored || (action_flags & SA_NOCLDWAIT));
}
