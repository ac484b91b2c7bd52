/*
 * process_clone: a new task that shares with its parent, or copies, each of address space, files,
 * file-system context, signal handlers and process, as the flags of clone(2) say.
 */
#include "kernel/proc/clone.h"

#include "fs/vfs/file_table.h"
#include "fs/vfs/fs_context.h"
#include "kernel/arch/fpu.h"
#include "kernel/ipc/pidfd.h"
#include "kernel/ipc/sysv_sem.h"
#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/rseq.h"
#include "kernel/task/ports.h"
#include "kernel/task/task.h"
#include "kernel/vm/space.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"

#define SUPPORTED (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | CLONE_PARENT | CLONE_THREAD | \
                   CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED | \
                   CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_PTRACE | CLONE_IO)

#define NUMBER_GRACE_PERIODS 8u

static bool pid_in_use(const struct pid *pid) {
    return rcu_dereference(pid->task) != NULL || rcu_dereference(pid->process) != NULL ||
           !list_is_empty(&pid->group_members) || !list_is_empty(&pid->session_members);
}

/* One whose owner is gone stays taken for a few grace periods, or while there is a pidfd. May sleep. */
static bool number_is_free(int number) {
    for (unsigned i = 0; i < NUMBER_GRACE_PERIODS; i++) {
        rcu_read_lock();
        const struct pid *pid = pid_find(number);
        bool used = pid != NULL && pid_in_use(pid);
        rcu_read_unlock();
        if (pid == NULL || used)
            return !used;
        rcu_synchronize();
    }
    return false;
}

/* A number the program chooses, to bring back a process as it was. */
static int validate_number(int number) {
    const struct cred *cred = current_cred();

    if (number < 1 || number >= PID_MAX)
        return -EINVAL;
    if (!cred_has(cred, CAP_SYS_ADMIN) && !cred_has(cred, CAP_CHECKPOINT_RESTORE))
        return -EPERM;
    return number_is_free(number) ? 0 : -EEXIST;
}

static int validate(const struct clone_request *request) {
    uint64_t flags = request->flags;

    if (flags & ~(uint64_t)SUPPORTED)
        return -EINVAL;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && (!(flags & CLONE_VM) || (flags & CLONE_CLEAR_SIGHAND)))
        return -EINVAL;
    if ((flags & CLONE_THREAD) && (flags & CLONE_VFORK))
        return -EINVAL; /* a process has one parent that waits for its exec or exit, and that is no thread of its own */
    if ((flags & CLONE_PARENT) && current_process() == init_process)
        return -EINVAL; /* it would make a second root of the tree */
    if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)))
        return -EINVAL;
    if ((flags & CLONE_SETTLS) && request->tls >= USER_ADDRESS_END)
        return -EPERM;
    return request->tid == 0 ? 0 : validate_number(request->tid);
}

/* A bad address is the program's own affair, as on Linux. */
static void store_tid(uint64_t address, int number) {
    int error = put_user((int32_t)number, (int32_t __user *)(uintptr_t)address);
    (void)error;
}

/* Where a new thread starts: finishes what must happen in its own address space. */
static void child_begin(void *argument) {
    uint64_t set_child_tid = (uintptr_t)argument;
    struct task *task = current_task();

    if (set_child_tid != 0)
        store_tid(set_child_tid, task->tid->number);
    arch_return_to_user(task_frame(task));
}

static void copy_schedule(struct thread *child, const struct thread *parent) {
    bool realtime = parent->rt_priority != 0;

    child->nice = parent->nice;
    child->policy = parent->policy;
    child->rt_priority = child->run_priority = parent->rt_priority;
    if (parent->reset_on_fork) {
        child->nice = realtime || parent->nice < 0 ? 0 : parent->nice;
        child->policy = realtime ? SCHED_OTHER : parent->policy;
        child->rt_priority = child->run_priority = 0;
    }
    sched_weigh(child);
}

/* Registers, FPU, signal mask: what every child copies. */
static void copy_thread(struct task *child, const struct clone_request *request) {
    struct task *parent = current_task();
    struct trap_frame *frame = task_frame(child);

    *frame = *task_frame(parent);
    frame->rax = 0;
    if (request->stack != 0)
        frame->rsp = request->stack;
    arch_copy_segments(&child->thread.arch, &parent->thread.arch);
    if (request->flags & CLONE_SETTLS)
        arch_preset_fs_base(&child->thread.arch, request->tls);
    arch_fpu_copy(child->thread.arch.fpu, parent->thread.arch.fpu);
    ports_inherit(child, parent);
    copy_schedule(&child->thread, &parent->thread);
    child->thread.affinity = parent->thread.affinity;
    child->cred = cred_get(parent->cred);
    child->personality = parent->personality;
    child->memory_policy = parent->memory_policy;
    child->io_priority = parent->io_priority;
    child->timer_slack_ns = child->default_timer_slack_ns = parent->timer_slack_ns;
    child->memory_error_policy = parent->memory_error_policy;
    child->io_flusher = parent->io_flusher;
    child->signals.mask = parent->signals.mask;
    if (!(request->flags & CLONE_VM) || (request->flags & CLONE_VFORK)) {
        child->signals.altstack_base = parent->signals.altstack_base;
        child->signals.altstack_size = parent->signals.altstack_size;
        child->signals.altstack_flags = parent->signals.altstack_flags;
    }
    if (!(request->flags & CLONE_VM))
        rseq_inherit(child, parent);
    if (request->flags & CLONE_CHILD_CLEARTID)
        child->clear_child_tid = request->child_tid;
}

static int copy_space(struct task *child, uint64_t flags) {
    struct space *space = current_task()->space;

    if (flags & CLONE_VM)
        space_get(space);
    else
        space = space_fork(space);
    if (space == NULL)
        return -ENOMEM;
    child->space = space;
    child->thread.mmu = &space->mmu;
    return 0;
}

static int copy_files(struct task *child, uint64_t flags) {
    const struct task *parent = current_task();

    if (flags & CLONE_FILES)
        file_table_get(child->files = parent->files);
    else
        child->files = file_table_copy(parent->files);
    if (flags & CLONE_FS)
        fs_context_get(child->fs = parent->fs);
    else
        child->fs = fs_context_copy(parent->fs);
    if ((flags & CLONE_SYSVSEM) && sem_undo_share(child) < 0)
        return -ENOMEM;
    return child->files == NULL || child->fs == NULL ? -ENOMEM : 0;
}

/* The child's process: the parent's for a thread, else a new one that is in no list yet. */
static int copy_process(struct task *child, const struct clone_request *request) {
    struct process *parent = current_process();

    if (request->flags & CLONE_THREAD) {
        process_get(parent);
        child->process = parent;
        return 0;
    }
    struct process *process = process_create(child->tid);
    if (process == NULL)
        return -ENOMEM;
    process_get(process); /* the task's, beside that of its existence */
    child->process = process;
    if (request->flags & CLONE_SIGHAND) {
        refcount_get(&parent->handlers->refcount);
        process->handlers = parent->handlers;
    } else {
        process->handlers = signal_handlers_copy(parent->handlers);
    }
    if ((request->flags & CLONE_CLEAR_SIGHAND) && process->handlers != NULL)
        signal_handlers_reset(process->handlers);
    uint64_t flags = spin_lock_irqsave(&parent->lock);
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        process->limits[i] = parent->limits[i];
    process->oom_adjust = parent->oom_adjust;
    spin_unlock_irqrestore(&parent->lock, flags);
    process->exit_signal = request->flags & CLONE_PARENT ? parent->exit_signal : (uint8_t)request->exit_signal;
    process->not_dumpable = parent->not_dumpable;
    process->exit_uid = child->cred->uid;
    return process->handlers == NULL ? -ENOMEM : 0;
}

/* Undoes a copy of which the child has any part. */
static void discard_child(struct task *child, bool new_process) {
    struct process *process = child->process;

    if (child->sem_undo != NULL)
        sem_undo_leave(child);
    if (child->fs != NULL)
        fs_context_put(child->fs);
    if (child->files != NULL)
        file_table_put(child->files);
    if (child->space != NULL)
        space_put(child->space);
    if (new_process && process != NULL)
        process_put(process);
    task_destroy(child);
}

static bool dying(const struct task *task) {
    return task->process->exiting || (task->signals.pending.set & signal_bit(SIGKILL)) ||
           (task->process->shared_pending.set & signal_bit(SIGKILL));
}

/* Privileged programs go beyond their own limit, never beyond the system's. */
static bool may_start(const struct cred *cred) {
    bool unlimited = cred->uid == 0 || cred_has(cred, CAP_SYS_RESOURCE) || cred_has(cred, CAP_SYS_ADMIN);
    return user_may_start(cred->user, unlimited ? RLIM_INFINITY : rlimit_current(RLIMIT_NPROC));
}

/*
 * Enters the child in the tree. -EAGAIN if the process it was to join is ending, or others were faster to use up the limit; -EINTR
 * if that of the parent is ending: kill reaches both.
 */
static int publish(struct task *child, uint64_t clone_flags) {
    struct process *self = current_process(), *process = child->process;
    int error = 0;

    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    if (dying(current_task())) {
        error = -EINTR;
    } else if (!may_start(child->cred)) { /* threads are counted with the lock held */
        error = -EAGAIN;
    } else if (process != self) {
        bool sibling = clone_flags & CLONE_PARENT;
        process_link(process, sibling ? self->parent : self, self->group, self->session);
        process->parent_task = sibling ? self->parent_task : current_task();
        current_task()->has_children = true;
        process->tty = self->tty;
        task_link(child);
    } else if (self->exiting || self->exec_task != NULL) {
        error = -EAGAIN;
    } else {
        task_link(child);
        /* Begun since we looked: whoever began it either finds the child in the list or is seen here. */
        if (self->stopping || self->exiting || self->exec_task != NULL)
            thread_set_work(&child->thread, THREAD_WORK_SIGNAL);
    }
    spin_unlock_irqrestore(&task_list_lock, flags);
    return error;
}

/* Sleeps until the vfork child is done with our memory; only the parent's own death ends it early. */
static void vfork_wait(struct process *child, struct completion *done) {
    struct wait_entry entry = {0};
    bool detach = false;

    while (!detach) {
        wait_prepare(&done->waiters, &entry, THREAD_KILLABLE);
        if (atomic_load(&done->done))
            break;
        detach = dying(current_task());
        if (!detach)
            schedule();
    }
    wait_finish(&done->waiters, &entry);
    if (!detach)
        return;
    uint64_t flags = spin_lock_irqsave(&child->lock);
    bool ours = child->vfork_done == done;
    child->vfork_done = NULL;
    spin_unlock_irqrestore(&child->lock, flags);
    if (!ours)
        completion_wait(done);
}

/* CLONE_PIDFD: the descriptor is told before the child exists, and can be used once it does. */
static int prepare_pidfd(struct task *child, const struct clone_request *request, struct file **file) {
    if (!(request->flags & CLONE_PIDFD))
        return -1;
    int descriptor = descriptor_reserve(0, true);
    if (descriptor < 0)
        return descriptor;
    *file = pidfd_create(child->tid, 0);
    int error = IS_ERR(*file) ? PTR_ERR(*file) : 0;
    if (error == 0 && put_user((int32_t)descriptor, (int32_t __user *)(uintptr_t)request->pidfd) < 0) {
        file_put(*file);
        error = -EFAULT;
    }
    if (error == 0)
        return descriptor;
    *file = NULL;
    descriptor_cancel(descriptor);
    return error;
}

static void finish_pidfd(int descriptor, struct file *file, int error) {
    if (file == NULL)
        return;
    if (error == 0) {
        descriptor_install(descriptor, file);
        return;
    }
    descriptor_cancel(descriptor);
    file_put(file);
}

static int64_t start_child(struct task *child, const struct clone_request *request) {
    struct completion done;
    struct process *process = child->process;
    bool vfork = (request->flags & CLONE_VFORK) != 0;
    int64_t number = child->tid->number;

    if (request->flags & CLONE_PARENT_SETTID)
        store_tid(request->parent_tid, child->tid->number);
    if (vfork) {
        completion_init(&done);
        process_get(process);
        process->vfork_done = &done;
    }
    thread_start(&child->thread);
    if (vfork) {
        vfork_wait(process, &done);
        process_put(process);
    }
    return number;
}

int64_t process_clone(const struct clone_request *request) {
    int error = validate(request);
    if (error < 0)
        return error;
    /* A signal sent to the group before the fork reaches parent and child, not the parent alone. */
    if (thread_interrupted())
        return -ERESTARTNOINTR;
    if (!may_start(current_cred()))
        return -EAGAIN;
    uint64_t set_tid = request->flags & CLONE_CHILD_SETTID ? request->child_tid : 0;
    struct task *child = task_create(current_thread()->name, request->tid, child_begin, (void *)(uintptr_t)set_tid);
    if (child == NULL)
        return -EAGAIN;
    bool new_process = !(request->flags & CLONE_THREAD);

    copy_thread(child, request);
    error = copy_process(child, request);
    if (error == 0)
        error = copy_files(child, request->flags);
    if (error == 0)
        error = copy_space(child, request->flags);
    struct file *pidfd = NULL;
    int descriptor = error == 0 ? prepare_pidfd(child, request, &pidfd) : -1;
    if (error == 0 && (request->flags & CLONE_PIDFD) && descriptor < 0)
        error = descriptor;
    if (error == 0)
        error = publish(child, request->flags);
    finish_pidfd(descriptor, pidfd, error);
    if (error == 0)
        return start_child(child, request);
    discard_child(child, new_process);
    return error;
}
