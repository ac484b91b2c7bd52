/* System calls about signals. */
#include "kernel/sys/sys_signal.h"

#include "kernel/log/panic.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/signal_frame.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

static bool signal_valid(int signal) {
    return signal >= 1 && signal <= SIGNAL_COUNT;
}

/* ---- actions and masks ---- */

int64_t sys_rt_sigaction(int signal, const struct signal_action __user *action, struct signal_action __user *old,
                         size_t set_size) {
    struct signal_action new, previous;

    if (set_size != sizeof(signal_set) || !signal_valid(signal))
        return -EINVAL;
    if (action != NULL && (signal == SIGKILL || signal == SIGSTOP))
        return -EINVAL;
    if (action != NULL && get_user(new, action) < 0)
        return -EFAULT;
    struct signal_handlers *handlers = current_process()->handlers;
    uint64_t flags = spin_lock_irqsave(&handlers->lock);
    previous = handlers->actions[signal];
    spin_unlock_irqrestore(&handlers->lock, flags);
    if (action != NULL)
        signal_set_action((unsigned)signal, &new);
    return old == NULL ? 0 : copy_to_user(old, &previous, sizeof previous);
}

enum mask_how { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

int64_t sys_rt_sigprocmask(int how, const signal_set __user *set, signal_set __user *old, size_t set_size) {
    signal_set previous = current_task()->signals.mask, change;

    if (set_size != sizeof(signal_set))
        return -EINVAL;
    if (set != NULL) {
        if (get_user(change, set) < 0)
            return -EFAULT;
        switch (how) {
        case SIG_BLOCK:
            change |= previous;
            break;
        case SIG_UNBLOCK:
            change = previous & ~change;
            break;
        case SIG_SETMASK:
            break;
        default:
            return -EINVAL;
        }
        signal_set_mask(change);
    }
    return old == NULL ? 0 : put_user(previous, old);
}

int64_t sys_rt_sigpending(signal_set __user *set, size_t set_size) {
    const struct task *task = current_task();
    struct process *process = task->process;

    if (set_size > sizeof(signal_set))
        return -EINVAL;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    signal_set pending = (task->signals.pending.set | process->shared_pending.set) & task->signals.mask;
    spin_unlock_irqrestore(&process->lock, flags);
    return copy_to_user(set, &pending, set_size);
}

/* Sleeps until a signal is delivered. */
static int64_t sleep_for_signal(void) {
    struct thread *thread = current_thread();

    for (;;) {
        atomic_exchange(&thread->state, (uint32_t)THREAD_SLEEPING);
        if (thread_interrupted())
            break;
        schedule();
    }
    atomic_store(&thread->state, (uint32_t)THREAD_RUNNABLE);
    return -ERESTARTNOHAND;
}

int64_t sys_pause(void) {
    return sleep_for_signal();
}

int64_t sys_rt_sigsuspend(const signal_set __user *mask, size_t set_size) {
    struct signal_state *signals = &current_task()->signals;
    signal_set wanted;

    if (set_size != sizeof(signal_set))
        return -EINVAL;
    if (get_user(wanted, mask) < 0)
        return -EFAULT;
    signals->saved_mask = signals->mask;
    signal_set_mask(wanted);
    int64_t result = sleep_for_signal();
    signals->restore_mask = true;
    return result;
}

/* ---- waiting for signals ---- */

static unsigned take_signal(struct task *task, signal_set set, struct signal_info *info) {
    struct process *process = task->process;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    unsigned signal = signal_dequeue(task, set, info);
    spin_unlock_irqrestore(&process->lock, flags);
    return signal;
}

/*
 * Those of `set` that end the process when they are sent, whoever awaits them: Linux's complete_signal(). One that dumps
 * memory does so only when it is delivered, and so can be taken.
 */
static signal_set deadly(struct process *process, signal_set set) {
    signal_set found = 0;

    for (; set != 0; set &= set - 1) {
        unsigned signal = (unsigned)__builtin_ctzll(set) + 1;
        if (signal_is_deadly(process, signal))
            found |= signal_bit(signal);
    }
    return found;
}

/* The awaited signals are unblocked meanwhile, so that their senders wake this thread. */
static int64_t wait_for(signal_set set, uint64_t deadline_ns, struct signal_info *info) {
    struct task *task = current_task();
    signal_set mask = task->signals.mask;
    set &= ~deadly(task->process, set & ~mask);
    unsigned signal = take_signal(task, set, info);
    int timed_out = 0;

    if (signal != 0)
        return signal;
    task->signals.awaited = set & mask;
    signal_set_mask(mask & ~set);
    for (;;) {
        atomic_exchange(&task->thread.state, (uint32_t)THREAD_SLEEPING);
        signal = take_signal(task, set, info);
        if (signal != 0 || thread_interrupted() || timed_out < 0)
            break;
        timed_out = schedule_until(deadline_ns);
    }
    atomic_store(&task->thread.state, (uint32_t)THREAD_RUNNABLE);
    bool interrupted = signal == 0 && thread_interrupted();
    if (signal == 0)
        signal = take_signal(task, set, info);
    signal_set_mask(mask);
    task->signals.awaited = 0;
    if (signal != 0)
        return signal;
    return interrupted ? -EINTR : -EAGAIN;
}

int64_t sys_rt_sigtimedwait(const signal_set __user *set, struct signal_info __user *info,
                            const struct user_timespec __user *timeout, size_t set_size) {
    struct signal_info taken;
    struct user_timespec time;
    uint64_t delay_ns = 0;
    signal_set wanted;

    if (set_size != sizeof(signal_set))
        return -EINVAL;
    if (get_user(wanted, set) < 0 || (timeout != NULL && get_user(time, timeout) < 0))
        return -EFAULT;
    if (timeout != NULL && !timespec_to_ns(&time, &delay_ns))
        return -EINVAL;
    uint64_t deadline_ns = timeout == NULL ? WAIT_FOREVER : deadline_after(delay_ns);
    int64_t signal = wait_for(wanted & ~SIGNAL_SET_UNBLOCKABLE, deadline_ns, &taken);
    if (signal > 0 && info != NULL && copy_to_user(info, &taken, sizeof taken) < 0)
        return -EFAULT;
    return signal;
}

/* ---- sending ---- */

/* Asked once the receiver is found: a process that is not there is missed before a signal that is none. */
static int may_send(struct process *target, int signal) {
    return signal != 0 && !signal_valid(signal) ? -EINVAL : signal_permitted(target, (unsigned)signal);
}

/* signal 0 only asks whether it could be sent. */
static int send_checked(struct process *target, int signal, const struct signal_info *info) {
    int error = may_send(target, signal);
    return error < 0 || signal == 0 ? error : signal_send_process(target, (unsigned)signal, info);
}

static int kill_process(int pid, int signal, const struct signal_info *info) {
    struct process *target = process_find(pid);
    if (target == NULL)
        return -ESRCH;
    int error = send_checked(target, signal, info);
    process_put(target);
    return error;
}

struct broadcast {
    int signal;
    int result;
};

/* Success if any process could be signalled; -EPERM if none of several. */
static void broadcast_one(struct broadcast *broadcast, struct process *process) {
    int error = send_checked(process, broadcast->signal, NULL);
    if (error == 0 || broadcast->result == -ESRCH)
        broadcast->result = error;
}

static bool broadcast_visit(struct process *process, void *context) {
    if (process != init_process && process != current_process())
        broadcast_one(context, process);
    return true;
}

static int kill_group(int number, int signal) {
    struct broadcast broadcast = {signal, -ESRCH};
    struct process *process, *following;

    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    struct pid *group = number == 0 ? current_process()->group : pid_find(number);
    if (group != NULL) {
        list_for_each_entry_safe(process, following, &group->group_members, group_node)
            broadcast_one(&broadcast, process);
    }
    spin_unlock_irqrestore(&task_list_lock, flags);
    return broadcast.result;
}

int64_t sys_kill(int pid, int signal) {
    struct broadcast broadcast = {signal, -ESRCH};

    if (pid > 0)
        return kill_process(pid, signal, NULL);
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid != -1)
        return kill_group(-pid, signal);
    process_each(broadcast_visit, &broadcast);
    return broadcast.result;
}

/* To the thread `tid`; of process `pid`, if that is positive. */
static int kill_task(int pid, int tid, int signal, const struct signal_info *info) {
    int error = -ESRCH;

    rcu_read_lock(); /* task and process stay allocated until we sleep */
    const struct pid *number = pid_find(tid);
    struct task *task = number == NULL ? NULL : rcu_dereference(number->task);
    if (task != NULL && (pid <= 0 || task->process->pid->number == pid)) {
        error = may_send(task->process, signal);
        if (error == 0 && signal != 0)
            error = signal_send_task(task, (unsigned)signal, info);
    }
    rcu_read_unlock();
    return error;
}

static int64_t thread_kill(int pid, int tid, int signal) {
    struct signal_info info = {.number = signal, .code = SI_TKILL};

    if (tid <= 0)
        return -EINVAL;
    info.u.queue.pid = current_process()->pid->number;
    info.u.queue.uid = current_cred()->uid;
    return kill_task(pid, tid, signal, &info);
}

int64_t sys_tkill(int tid, int signal) {
    return thread_kill(0, tid, signal);
}

int64_t sys_tgkill(int pid, int tid, int signal) {
    return pid <= 0 ? -EINVAL : thread_kill(pid, tid, signal);
}

#define KERNEL_INFO_SIZE 48u /* as much of siginfo_t as has a meaning */

/* Programs may not pretend that the kernel, or kill(2), sent it - except to themselves. */
static int copy_info(struct signal_info *info, const struct signal_info __user *from, int signal, int pid) {
    *info = (struct signal_info){0};
    if (copy_from_user(info, from, KERNEL_INFO_SIZE) < 0)
        return -EFAULT;
    info->number = signal;
    bool forged = info->code >= 0 || info->code == SI_TKILL;
    return forged && pid != current_process()->pid->number ? -EPERM : 0;
}

int64_t sys_rt_sigqueueinfo(int pid, int signal, const struct signal_info __user *info) {
    struct signal_info copy;
    int error = copy_info(&copy, info, signal, pid);
    return error < 0 ? error : kill_process(pid, signal, &copy);
}

int64_t sys_rt_tgsigqueueinfo(int pid, int tid, int signal, const struct signal_info __user *info) {
    struct signal_info copy;
    int error = copy_info(&copy, info, signal, pid);

    if (error == -EFAULT)
        return error;
    if (pid <= 0 || tid <= 0)
        return -EINVAL;
    return error < 0 ? error : kill_task(pid, tid, signal, &copy);
}

/* ---- frames ---- */

int64_t sys_rt_sigreturn(void) {
    struct trap_frame *frame = task_frame(current_task());
    if (signal_frame_pop(frame) < 0)
        process_exit(EXIT_SIGNALED(SIGSEGV));
    return (int64_t)frame->rax;
}

int64_t sys_restart_syscall(void) {
    struct restart_block *block = &current_task()->restart;
    return block->restart == NULL ? -EINTR : block->restart(block);
}

struct altstack_user { /* stack_t */
    uint64_t base;
    uint32_t flags;
    uint32_t padding;
    uint64_t size;
};

int64_t sys_sigaltstack(const struct altstack_user __user *stack, struct altstack_user __user *old) {
    struct signal_state *signals = &current_task()->signals;
    bool in_use = signal_on_altstack(task_frame(current_task())->rsp);
    struct altstack_user new, previous = {signals->altstack_base, signals->altstack_flags, 0, signals->altstack_size};

    if (signals->altstack_size == 0)
        previous.flags = SS_DISABLE;
    else if (in_use)
        previous.flags |= SS_ONSTACK;
    if (stack != NULL) {
        if (get_user(new, stack) < 0)
            return -EFAULT;
        if (in_use)
            return -EPERM;
        uint32_t mode = new.flags & ~SS_AUTODISARM;
        if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
            return -EINVAL;
        if (mode != SS_DISABLE && new.size < MINSIGSTKSZ)
            return -ENOMEM;
        signals->altstack_base = mode == SS_DISABLE ? 0 : new.base;
        signals->altstack_size = mode == SS_DISABLE ? 0 : new.size;
        signals->altstack_flags = new.flags & SS_AUTODISARM;
    }
    return old == NULL ? 0 : copy_to_user(old, &previous, sizeof previous);
}
