/* Waiting for children. The list of children and their states are read under task_list_lock. */
#include "kernel/proc/wait.h"

#include "fs/procfs/procfs.h"
#include "kernel/proc/exit.h"
#include "kernel/task/task.h"

#define STATUS_STOPPED(signal) ((int)(signal) << 8 | 0x7f)
#define STATUS_CONTINUED 0xffff

static bool matches(const struct wait_request *request, const struct process *child) {
    bool clone_child = child->exit_signal != SIGCHLD;

    if ((request->options & WNOTHREAD) && child->parent_task != current_task())
        return false;
    if (!(request->options & WALL) && clone_child != ((request->options & WCLONE) != 0))
        return false;
    return request->kind != WAIT_GROUP || child->group->number == request->number;
}

static void describe(const struct process *child, struct wait_result *result, int code, int status) {
    *result = (struct wait_result){
        .pid = child->pid->number,
        .code = code,
        .status = status,
        .uid = child->exit_uid,
        .user_ns = child->dead_user_ns + child->children_user_ns,
        .system_ns = child->dead_system_ns + child->children_system_ns,
        .faults = child->dead_faults + child->children_faults,
    };
}

static int end_code(int status) {
    if ((status & 0x7f) == 0)
        return CLD_EXITED;
    return status & EXIT_CORE_FLAG ? CLD_DUMPED : CLD_KILLED;
}

/* Whether the child has something to report; that is then consumed, unless WNOWAIT. */
static bool collect(const struct wait_request *request, struct process *child, struct wait_result *result) {
    bool consume = !(request->options & WNOWAIT);

    if (child->state == PROCESS_ZOMBIE && (request->options & WEXITED)) {
        describe(child, result, end_code(child->exit_status), child->exit_status);
        return true;
    }
    if (child->stopped && !child->stop_reported && (request->options & WSTOPPED)) {
        describe(child, result, CLD_STOPPED, STATUS_STOPPED(child->stop_signal));
        child->stop_reported = consume;
        return true;
    }
    if (child->continued_unreported && (request->options & WCONTINUED)) {
        describe(child, result, CLD_CONTINUED, STATUS_CONTINUED);
        child->continued_unreported = !consume;
        return true;
    }
    return false;
}

/* 1, 0 (it could still report), -ECHILD: not one that is waited for. task_list_lock held. */
static int look_at(const struct wait_request *request, struct process *child, struct wait_result *result) {
    return !matches(request, child) ? -ECHILD : collect(request, child, result);
}

/* The one child that a number means: found without looking at the others. task_list_lock held. */
static struct process *numbered_child(int number) {
    const struct pid *pid = pid_find(number);
    struct process *child = pid != NULL ? pid->process : NULL;

    return child != NULL && child->parent == current_process() ? child : NULL;
}

/* The first child that reports, in *child; results as of look_at. task_list_lock held. */
static int look_at_all(const struct wait_request *request, struct process **child, struct wait_result *result) {
    int found = -ECHILD, answer;

    list_for_each_entry(*child, &current_process()->children, sibling) {
        answer = look_at(request, *child, result);
        found = MAX(found, answer);
        if (answer == 1)
            break;
    }
    return found;
}

static int look(const struct wait_request *request, struct wait_result *result) {
    struct process *child = NULL, *reaped = NULL;
    int found = -ECHILD;

    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    if (request->kind != WAIT_PID)
        found = look_at_all(request, &child, result);
    else if ((child = numbered_child(request->number)) != NULL)
        found = look_at(request, child, result);
    if (found == 1 && child->state == PROCESS_ZOMBIE && !(request->options & WNOWAIT))
        process_reap(reaped = child);
    spin_unlock_irqrestore(&task_list_lock, flags);
    if (reaped != NULL) {
        procfs_forget(reaped->pid->number);
        process_put(reaped);
    }
    return found;
}

int process_wait(const struct wait_request *request, struct wait_result *result) {
    struct wait_queue *queue = &current_process()->child_wait;
    struct wait_entry entry = {0};
    int found = look(request, result);

    if (found != 0 || (request->options & WNOHANG))
        return found;
    for (;;) {
        wait_prepare(queue, &entry, THREAD_SLEEPING);
        found = look(request, result);
        if (found == 0 && thread_interrupted())
            found = -ERESTARTSYS;
        if (found != 0)
            break;
        schedule();
    }
    wait_finish(queue, &entry);
    return found;
}
