/*
 * Sending signals: who may, what happens at once (stop and continue cancel each other, SIGCONT wakes),
 * and which thread is told. Delivery happens when that thread returns to user mode.
 * Locks: task_list_lock (groups only), then process->lock, then run queues. Any context.
 */
#include "kernel/task/signal_send.h"

#include "kernel/irq/irq.h"
#include "kernel/log/panic.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

/* Calls `flush` on the shared queue and every thread's. */
static void flush_everywhere(struct process *process, signal_set set) {
    struct task *task;
    signal_pending_flush(&process->shared_pending, set);
    list_for_each_entry(task, &process->threads, process_node)
        signal_pending_flush(&task->signals.pending, set);
}

static void continue_process(struct process *process) {
    struct task *task;

    flush_everywhere(process, SIGNAL_SET_STOP);
    if (!process->stopping)
        return;
    process->stopping = false;
    process->stopped_threads = 0;
    if (process->stopped) {
        process->stopped = false;
        process->continued_unreported = true;
        process->continue_notify = true;
    }
    list_for_each_entry(task, &process->threads, process_node) {
        thread_set_work(&task->thread, THREAD_WORK_SIGNAL);
        thread_wake(&task->thread, 1u << THREAD_STOPPED, false);
    }
}

static bool task_wants(const struct task *task, unsigned signal) {
    return !task->exiting && !(task->signals.mask & signal_bit(signal));
}

static void tell(struct task *task, unsigned states) {
    thread_set_work(&task->thread, THREAD_WORK_SIGNAL);
    thread_wake(&task->thread, states, false);
}

/* The thread to handle a signal of the whole process: the running one if it can, else the first that can. */
static struct task *choose(struct process *process, unsigned signal) {
    struct thread *running = current_thread();
    struct task *task;

    if (!irq_in_progress() && thread_is_user(running)) {
        task = thread_to_task(running);
        if (task->process == process && task_wants(task, signal))
            return task;
    }
    list_for_each_entry(task, &process->threads, process_node) {
        if (task_wants(task, signal))
            return task;
    }
    return NULL;
}

struct wait_queue signal_arrivals;
static uint32_t arrivals_watchers; /* atomic */

void signal_arrivals_watch(void) {
    atomic_fetch_add(&arrivals_watchers, 1u);
}

void signal_arrivals_unwatch(void) {
    atomic_fetch_sub(&arrivals_watchers, 1u);
}

static void tell_somebody(struct process *process, struct task *task, unsigned signal) {
    if (signal == SIGKILL) {
        list_for_each_entry(task, &process->threads, process_node)
            tell(task, THREAD_WAKE_KILL);
        return;
    }
    if (task == NULL)
        task = choose(process, signal);
    if (task != NULL && task_wants(task, signal))
        tell(task, THREAD_WAKE_SIGNAL);
    else if (atomic_load_relaxed(&arrivals_watchers) != 0)
        wait_wake_all(&signal_arrivals);
}

void signal_retarget(struct process *process, signal_set set) {
    for (; set != 0; set &= set - 1)
        tell_somebody(process, NULL, (unsigned)__builtin_ctzll(set) + 1);
}

/* A blocked signal stays pending even if it is ignored: the program may install a handler before it unblocks it. */
static bool discard(struct process *process, const struct task *task, unsigned signal) {
    if (list_is_empty(&process->threads) || process->exiting)
        return true;
    if (task == NULL)
        task = list_first_entry(&process->threads, struct task, process_node);
    signal_set kept = task->signals.mask | task->signals.awaited;
    return !(kept & signal_bit(signal)) && signal_is_ignored(process, signal);
}

/* What sending any signal does at once. False if there is no more to do. */
static bool prepare(struct process *process, const struct task *task, unsigned signal) {
    if (signal == SIGCONT)
        continue_process(process);
    else if (SIGNAL_SET_STOP & signal_bit(signal))
        flush_everywhere(process, signal_bit(SIGCONT));
    return !discard(process, task, signal);
}

void signal_send_kept(struct process *process, struct task *task, struct signal_entry *entry) {
    unsigned signal = (unsigned)entry->info.number;
    struct signal_pending *pending = task != NULL ? &task->signals.pending : &process->shared_pending;

    ASSERT(entry->taken != NULL && entry->queue == NULL);
    if (!prepare(process, task, signal))
        return;
    entry->queue = pending;
    list_add_tail(&entry->node, &pending->queue);
    pending->set |= signal_bit(signal);
    tell_somebody(process, task, signal);
}

static int send_locked(struct process *process, struct task *task, const struct signal_info *info) {
    unsigned signal = (unsigned)info->number;
    struct signal_pending *pending = task != NULL ? &task->signals.pending : &process->shared_pending;

    if (!prepare(process, task, signal))
        return 0;
    if (signal < SIGRTMIN && (pending->set & signal_bit(signal)))
        return 0;
    if (!signal_enqueue(process, pending, info) && signal >= SIGRTMIN && info->code != SI_USER)
        return -EAGAIN;
    pending->set |= signal_bit(signal);
    tell_somebody(process, task, signal);
    return 0;
}

/* `info`, or what the interface promises where it is NULL. */
static const struct signal_info *complete(const struct signal_info *info, unsigned signal, struct signal_info *room) {
    if (info != NULL)
        return info;
    *room = (struct signal_info){.number = (int32_t)signal, .code = SI_KERNEL};
    if (!irq_in_progress() && thread_is_user(current_thread())) {
        room->code = SI_USER;
        room->u.queue.pid = current_process()->pid->number;
        room->u.queue.uid = current_cred()->uid;
    }
    return room;
}

static int send(struct process *process, struct task *task, unsigned signal, const struct signal_info *info) {
    struct signal_info room;

    ASSERT(signal >= 1 && signal <= SIGNAL_COUNT);
    info = complete(info, signal, &room);
    uint64_t flags = spin_lock_irqsave(&process->lock);
    int error = send_locked(process, task, info);
    spin_unlock_irqrestore(&process->lock, flags);
    return error;
}

int signal_send_process(struct process *process, unsigned signal, const struct signal_info *info) {
    return send(process, NULL, signal, info);
}

int signal_send_task(struct task *task, unsigned signal, const struct signal_info *info) {
    return send(task->process, task, signal, info);
}

int signal_send_group(struct pid *group, unsigned signal, const struct signal_info *info) {
    struct process *process;
    int result = -ESRCH;

    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    list_for_each_entry(process, &group->group_members, group_node) {
        int error = signal_send_process(process, signal, info);
        result = result == -ESRCH || error == 0 ? error : result;
    }
    spin_unlock_irqrestore(&task_list_lock, flags);
    return result;
}

int signal_permitted(struct process *target, unsigned signal) {
    const struct cred *own = current_cred();
    const struct process *self = current_process();
    int error = 0;

    if (target == self || cred_has(own, CAP_KILL))
        return 0;
    uint64_t flags = spin_lock_irqsave(&target->lock);
    if (!list_is_empty(&target->threads)) {
        const struct task *task = list_first_entry(&target->threads, struct task, process_node);
        const struct cred *other = rcu_dereference(task->cred);
        bool same_user = own->euid == other->suid || own->euid == other->uid || own->uid == other->suid ||
                         own->uid == other->uid;
        bool same_session = signal == SIGCONT && target->session == self->session;
        error = same_user || same_session ? 0 : -EPERM;
    }
    spin_unlock_irqrestore(&target->lock, flags);
    return error;
}

void task_signal_fault(unsigned signal, int code, uint64_t address, struct trap_frame *frame) {
    struct task *task = current_task();
    struct process *process = task->process;
    struct signal_info info = {.number = (int32_t)signal, .code = code, .u.fault.address = address};

    (void)frame;
    task->fault_address = address;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    struct signal_handlers *handlers = process->handlers;
    spin_lock(&handlers->lock);
    struct signal_action *action = &handlers->actions[signal];
    /* Blocked or ignored, the program could only fault again: the default action ends it. */
    if ((task->signals.mask & signal_bit(signal)) || action->handler == SIGNAL_IGNORE)
        action->handler = SIGNAL_DEFAULT;
    spin_unlock(&handlers->lock);
    task->signals.mask &= ~signal_bit(signal);
    (void)signal_enqueue(process, &task->signals.pending, &info);
    task->signals.pending.set |= signal_bit(signal);
    thread_set_work(&task->thread, THREAD_WORK_SIGNAL);
    spin_unlock_irqrestore(&process->lock, flags);
}
