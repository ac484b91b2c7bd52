/*
 * Delivery of signals at the return to user mode.
 *
 * The loop holds process->lock while it looks, and drops it for everything that sleeps or takes
 * another lock. A system call that the signal interrupted returned one of the ERESTART codes: it fails
 * with EINTR or is executed again, as the handler's SA_RESTART says; without a handler it is always
 * executed again (signal(7), "Interruption of system calls").
 */
#define LOG_TAG "signal"

#include "kernel/proc/signal_deliver.h"

#include "kernel/arch/frame.h"
#include "kernel/log/log.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/rseq.h"
#include "kernel/proc/signal_frame.h"
#include "kernel/task/job_control.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

#define SYSCALL_INSTRUCTION_BYTES 2
#define SYSCALL_RESTART 219u /* restart_syscall: kernel/sys/table.h */

static bool kill_pending(const struct task *task) {
    return ((task->signals.pending.set | task->process->shared_pending.set) & signal_bit(SIGKILL)) != 0;
}

/* ---- interrupted system calls ---- */

static int64_t restart_code(const struct trap_frame *frame) {
    int64_t result = (int64_t)frame->rax;
    bool restart = frame->vector == TRAP_SYSCALL && (result == -ERESTARTSYS || result == -ERESTARTNOINTR ||
                                                     result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK);
    return restart ? -result : 0;
}

static void execute_again(struct trap_frame *frame, uint64_t number) {
    frame->rax = number;
    frame->rip -= SYSCALL_INSTRUCTION_BYTES;
}

static void restart_without_handler(struct trap_frame *frame) {
    int64_t code = restart_code(frame);
    if (code != 0)
        execute_again(frame, code == ERESTART_RESTARTBLOCK ? SYSCALL_RESTART : frame->error_code);
}

static void restart_with_handler(struct trap_frame *frame, uint64_t action_flags) {
    int64_t code = restart_code(frame);
    if (code == 0)
        return;
    if (code == ERESTARTNOINTR || (code == ERESTARTSYS && (action_flags & SA_RESTART)))
        execute_again(frame, frame->error_code);
    else
        frame->rax = (uint64_t)-EINTR;
}

/* ---- stopping ---- */

/* The whole process is to stop: every thread gets here and sleeps. process->lock held. */
static void begin_stop(struct process *process, unsigned signal) {
    struct task *task;

    if (process->stopping || process->exiting)
        return;
    process->stopping = true;
    process->stopped = false;
    process->stop_reported = false;
    process->continued_unreported = false;
    process->continue_notify = false;
    process->stopped_threads = 0;
    process->stop_signal = (uint8_t)signal;
    list_for_each_entry(task, &process->threads, process_node) {
        thread_set_work(&task->thread, THREAD_WORK_SIGNAL);
        thread_wake(&task->thread, THREAD_WAKE_SIGNAL, false);
    }
}

static void notify(struct process *process, int code, int status) {
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    (void)process_notify_parent(process, code, status);
    spin_unlock_irqrestore(&task_list_lock, flags);
}

/* Sleeps until SIGCONT or SIGKILL. process->lock held; released and taken again. */
static void stop_here(struct task *task, uint64_t *flags) {
    struct process *process = task->process;
    bool last = ++process->stopped_threads == process->thread_count;

    process->exit_uid = task->cred->uid;
    process->stopped = process->stopped || last;
    atomic_exchange(&task->thread.state, (uint32_t)THREAD_STOPPED);
    spin_unlock_irqrestore(&process->lock, *flags);
    if (last)
        notify(process, CLD_STOPPED, process->stop_signal);
    schedule();
    atomic_store(&task->thread.state, (uint32_t)THREAD_RUNNABLE);
    *flags = spin_lock_irqsave(&process->lock);
}

/* Terminal stop signals do not stop orphaned groups: nobody could continue them. Lock released and taken again. */
static void stop_by_signal(struct process *process, unsigned signal, uint64_t *flags) {
    if (signal != SIGSTOP) {
        spin_unlock_irqrestore(&process->lock, *flags);
        *flags = spin_lock_irqsave(&task_list_lock);
        bool orphaned = group_is_orphaned(process->group);
        spin_unlock_irqrestore(&task_list_lock, *flags);
        *flags = spin_lock_irqsave(&process->lock);
        if (orphaned || (process->shared_pending.set & signal_bit(SIGCONT)))
            return;
    }
    begin_stop(process, signal);
}

/* ---- handlers ---- */

static struct signal_action take_action(struct process *process, unsigned signal) {
    struct signal_handlers *handlers = process->handlers;

    spin_lock(&handlers->lock);
    struct signal_action action = handlers->actions[signal];
    if ((action.flags & SA_RESETHAND) && action.handler > SIGNAL_IGNORE)
        handlers->actions[signal].handler = SIGNAL_DEFAULT;
    spin_unlock(&handlers->lock);
    return action;
}

/* No lock held. */
static void run_handler(struct trap_frame *frame, const struct signal_action *action, const struct signal_info *info) {
    struct task *task = current_task();
    unsigned signal = (unsigned)info->number;
    signal_set restore = task->signals.restore_mask ? task->signals.saved_mask : task->signals.mask;

    restart_with_handler(frame, action->flags);
    if (task->rseq.address != 0)
        rseq_resume(frame); /* the handler returns to the abort address */
    if (signal_frame_push(frame, action, info, restore) < 0) {
        if (log_may_repeat())
            log_info("%s (%d): no room for the frame of signal %u at %#lx", task->thread.name,
                     task->process->pid->number, signal, (unsigned long)frame->rsp);
        process_exit(EXIT_SIGNALED(SIGSEGV));
    }
    task->signals.restore_mask = false;
    signal_set blocked = action->mask | (action->flags & SA_NODEFER ? 0 : signal_bit(signal));
    signal_set_mask(task->signals.mask | blocked);
}

/* A fault in kernel mode's eyes: raised by task_signal_fault, not sent by a program. */
static bool is_fault(const struct signal_info *info) {
    return info->code > 0 && info->code != SI_KERNEL;
}

static void die(const struct signal_info *info) {
    const struct task *task = current_task();
    unsigned signal = (unsigned)info->number;

    if (is_fault(info) && signal_default_action(signal) == SIGNAL_CORE && log_may_repeat())
        log_info("%s (%d) ended by signal %u, address %#lx, at %#lx", task->thread.name,
                 task->process->pid->number, signal, (unsigned long)info->u.fault.address,
                 (unsigned long)task_frame(current_task())->rip);
    process_exit(EXIT_SIGNALED(signal));
}

/* The default action, lock held on entry and return. May not return. */
static void default_action(struct process *process, const struct signal_info *info, uint64_t *flags) {
    unsigned signal = (unsigned)info->number;
    enum signal_default action = signal_default_action(signal);
    /* The first process is protected from what it does not handle, but not from its own faults. */
    bool protected = process == init_process && !is_fault(info);

    if (protected || action == SIGNAL_DISCARD || action == SIGNAL_CONTINUE)
        return;
    if (action == SIGNAL_STOP) {
        stop_by_signal(process, signal, flags);
        return;
    }
    /* Before anybody can see that the signal is taken: a thread it woke too would return to its program with EINTR. */
    process_begin_exit(process, EXIT_SIGNALED(signal));
    spin_unlock_irqrestore(&process->lock, *flags);
    die(info);
}

/* The process ends, or another thread executes a new program. */
static bool must_end(const struct task *task) {
    const struct process *process = task->process;
    return process->exiting || (process->exec_task != NULL && process->exec_task != task);
}

/* One thing to do besides signals: false when there is none. Lock held on entry and return. */
static bool process_events(struct task *task, uint64_t *flags) {
    struct process *process = task->process;

    if (must_end(task)) {
        spin_unlock_irqrestore(&process->lock, *flags);
        task_exit(0);
    }
    if (process->continue_notify) {
        process->continue_notify = false;
        spin_unlock_irqrestore(&process->lock, *flags);
        notify(process, CLD_CONTINUED, SIGCONT);
        *flags = spin_lock_irqsave(&process->lock);
        return true;
    }
    if (process->stopping && !kill_pending(task)) {
        stop_here(task, flags);
        return true;
    }
    return false;
}

void signal_deliver(struct trap_frame *frame) {
    struct task *task = current_task();
    struct process *process = task->process;
    struct signal_info info;
    unsigned signal;

    uint64_t flags = spin_lock_irqsave(&process->lock);
    for (;;) {
        if (process_events(task, &flags))
            continue;
        signal = signal_dequeue(task, ~task->signals.mask, &info);
        if (signal == 0)
            break;
        struct signal_action action = take_action(process, signal);
        if (action.handler == SIGNAL_DEFAULT) {
            default_action(process, &info, &flags);
        } else if (action.handler != SIGNAL_IGNORE) {
            spin_unlock_irqrestore(&process->lock, flags);
            run_handler(frame, &action, &info);
            flags = spin_lock_irqsave(&process->lock);
        }
    }
    restart_without_handler(frame);
    if (task->signals.restore_mask) {
        task->signals.restore_mask = false;
        task->signals.mask = task->signals.saved_mask;
    }
    signal_recalculate(task);
    spin_unlock_irqrestore(&process->lock, flags);
}
