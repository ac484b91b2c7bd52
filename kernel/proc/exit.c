/*
 * The end of tasks and processes. A thread gives up what it shares while it can still sleep; then,
 * under task_list_lock, it leaves its process. The last one makes the process a zombie, or reaps it at
 * once if the parent does not want to know.
 */
#include "kernel/proc/exit.h"

#include "fs/procfs/procfs.h"
#include "fs/vfs/file_table.h"
#include "fs/vfs/fs_context.h"
#include "kernel/ipc/sysv_sem.h"
#include "kernel/log/panic.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/itimer.h"
#include "kernel/proc/posix_timer.h"
#include "kernel/proc/last.h"
#include "kernel/task/job_control.h"
#include "kernel/task/signal_send.h"
#include "kernel/task/task.h"
#include "kernel/tty/job_control.h"
#include "kernel/vm/space.h"
#include "kernel/vm/uaccess.h"

void task_leave_user_memory(struct task *task) {
    if (task->space == NULL)
        return;
    futex_robust_exit(task);
    futex_pi_exit(task);
    /* Nobody else could be waiting in memory that ends with this thread. */
    if (task->clear_child_tid != 0 && refcount_read(&task->space->refcount) > 1 &&
        put_user((int32_t)0, (int32_t __user *)(uintptr_t)task->clear_child_tid) == 0)
        futex_wake_address(task->clear_child_tid, 1);
}

static void release_resources(struct task *task) {
    struct file_table *files = task->files;
    struct fs_context *fs = task->fs;

    if (task->space != NULL)
        space_install(NULL);
    atomic_store(&task->files, NULL);
    atomic_store(&task->fs, NULL);
    if (task->sem_undo != NULL)
        sem_undo_leave(task);
    if (files != NULL)
        file_table_put(files);
    if (fs != NULL)
        fs_context_put(fs);
}

/*
 * From now on signals for the process go to other threads, also those that this one was told of. The last to get here
 * ends what only they need; how it ends is how the process does, unless all were told to.
 */
static void stop_taking_signals(struct task *task, int status) {
    struct process *process = task->process;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    task->exiting = true;
    signal_retarget(process, process->shared_pending.set & ~task->signals.mask);
    cpu_watches_close(&task->cpu_watches);
    bool last = --process->live_threads == 0;
    if (last && !process->exiting)
        process->exit_status = status;
    process->exit_uid = task->cred->uid;
    spin_unlock_irqrestore(&process->lock, flags);
    if (!last)
        return;
    itimer_cancel_all(process);
    posix_timers_free(process);
    cpu_watches_close(&process->cpu_watches);
    if (process->session == process->pid)
        tty_session_leader_exit(process);
}

/* The nearest living ancestor that asked for orphans, prctl(PR_SET_CHILD_SUBREAPER), else init. */
static struct process *reaper_of(struct process *process) {
    struct process *ancestor = process->parent;

    while (ancestor != NULL && ancestor != init_process &&
           !(ancestor->child_subreaper && ancestor->state == PROCESS_ALIVE && !ancestor->exiting))
        ancestor = ancestor->parent;
    return ancestor != NULL ? ancestor : init_process;
}

/* A thread that is there to stay, if any is: children become its. task_list_lock held. */
static struct task *staying_thread(struct process *process) {
    struct task *task;

    list_for_each_entry(task, &process->threads, process_node) {
        if (!atomic_load_relaxed(&task->exiting))
            return task;
    }
    return list_is_empty(&process->threads) ? NULL : list_first_entry(&process->threads, struct task, process_node);
}

/* prctl(PR_SET_PDEATHSIG) means the thread that made the child, not its process: the new parent may be the old one. */
static void change_parent_task(struct process *child, struct task *parent) {
    struct task *task;

    child->parent_task = parent;
    if (parent != NULL)
        parent->has_children = true;
    list_for_each_entry(task, &child->threads, process_node) {
        unsigned signal = task->parent_death_signal;
        if (signal != 0 && signal_permitted(child, signal) == 0)
            (void)signal_send_process(child, signal, NULL);
    }
}

static void adopt(struct process *child, struct process *reaper) {
    list_remove(&child->sibling);
    list_add_tail(&child->sibling, &reaper->children);
    child->parent = reaper;
    child->exit_signal = SIGCHLD;
    change_parent_task(child, staying_thread(reaper));
}

static void notify_ended(struct process *process, bool *reap) {
    int status = process->exit_status;
    unsigned signal = (unsigned)status & 0x7f;

    if (signal == 0)
        *reap = process_notify_parent(process, CLD_EXITED, status >> 8);
    else
        *reap = process_notify_parent(process, status & EXIT_CORE_FLAG ? CLD_DUMPED : CLD_KILLED, (int)signal);
}

/* The reaper gets the children; zombies that it does not want to hear of go at once. task_list_lock held. */
static void give_away_children(struct process *process, struct list_node *reaped) {
    struct process *child, *following, *reaper = reaper_of(process);

    list_for_each_entry_safe(child, following, &process->children, sibling) {
        bool reap = false;
        adopt(child, reaper);
        if (child->state != PROCESS_ZOMBIE)
            continue;
        notify_ended(child, &reap);
        if (!reap)
            continue;
        process_unlink(child);
        list_add_tail(&child->sibling, reaped);
    }
}

void process_reap(struct process *process) {
    struct process *parent = process->parent;

    parent->children_user_ns += process->dead_user_ns + process->children_user_ns;
    parent->children_system_ns += process->dead_system_ns + process->children_system_ns;
    parent->children_faults += process->dead_faults + process->children_faults;
    process_unlink(process);
}

/* The last thread has left. task_list_lock held. */
static void process_end(struct process *process, struct list_node *reaped) {
    bool reap = false;

    if (process == init_process) { /* nobody adopts its children, nobody waits for it */
        process->state = PROCESS_ZOMBIE;
        first_process_ended(process->exit_status);
        return;
    }
    group_orphan_check(process);
    give_away_children(process, reaped);
    process->state = PROCESS_ZOMBIE;
    wait_wake_all(&process->pid->end_wait);
    if (process->pid->session_leader == process)
        process->pid->session_leader = NULL;
    notify_ended(process, &reap);
    if (!reap)
        return;
    process_unlink(process);
    list_add_tail(&process->sibling, reaped);
}

/* A thread has left; others remain, and take over its children. task_list_lock held. */
static void threads_remain(struct process *process, const struct task *gone) {
    bool stopped_now = false;
    struct process *child;

    list_for_each_entry(child, &process->children, sibling) {
        if (!gone->has_children)
            break;
        if (child->parent_task == gone)
            change_parent_task(child, staying_thread(process));
    }
    spin_lock(&process->lock);
    if (process->stopping && !process->stopped && process->stopped_threads == process->thread_count)
        stopped_now = process->stopped = true;
    spin_unlock(&process->lock);
    if (stopped_now)
        (void)process_notify_parent(process, CLD_STOPPED, process->stop_signal);
    if (process->exec_task != NULL && process->thread_count == 1)
        wait_wake_all(&process->child_wait);
}

static void leave_process(struct task *task) {
    struct process *process = task->process, *gone, *following;
    struct list_node reaped = LIST_INIT(reaped);

    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    if (task_unlink(task))
        process_end(process, &reaped);
    else
        threads_remain(process, task);
    spin_unlock_irqrestore(&task_list_lock, flags);
    list_for_each_entry_safe(gone, following, &reaped, sibling) {
        list_remove(&gone->sibling);
        procfs_forget(gone->pid->number);
        process_put(gone);
    }
}

void task_exit(int code) {
    struct task *task = current_task();
    struct process *process = task->process;

    task_leave_user_memory(task);
    stop_taking_signals(task, EXIT_STATUS(code));
    release_resources(task);
    if (process->vfork_done != NULL)
        process_vfork_finish(process);
    leave_process(task);
    thread_exit();
}

/* Makes every other thread of the process look at its signals, whatever it sleeps for. process->lock held. */
static void rouse_others(struct process *process) {
    struct task *task;
    list_for_each_entry(task, &process->threads, process_node) {
        if (&task->thread == current_thread())
            continue;
        thread_set_work(&task->thread, THREAD_WORK_SIGNAL);
        thread_wake(&task->thread, THREAD_WAKE_KILL, false);
    }
}

void process_begin_exit(struct process *process, int status) {
    if (process->exiting)
        return;
    process->exiting = true;
    process->exit_status = status;
    rouse_others(process);
}

void process_exit(int status) {
    struct process *process = current_process();

    uint64_t flags = spin_lock_irqsave(&process->lock);
    process_begin_exit(process, status);
    spin_unlock_irqrestore(&process->lock, flags);
    task_exit(0);
}

/* The one thread left becomes the leader: it takes over the process's number. task_list_lock held. */
static void become_leader(struct task *task, struct pid **old) {
    struct process *process = task->process;
    if (task->tid == process->pid)
        return;
    *old = task->tid;
    rcu_assign(task->tid->task, NULL);
    pid_get(process->pid);
    task->tid = process->pid;
    rcu_assign(task->tid->task, task);
}

int process_end_other_threads(void) {
    struct task *task = current_task();
    struct process *process = task->process;
    struct pid *old = NULL;

    if (process->thread_count == 1)
        return 0;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    bool first = !process->exiting && process->exec_task == NULL;
    if (first) {
        process->exec_task = task;
        rouse_others(process);
    }
    spin_unlock_irqrestore(&process->lock, flags);
    if (!first)
        return -EAGAIN;
    WAIT_EVENT(&process->child_wait, atomic_load_relaxed(&process->thread_count) == 1);

    flags = spin_lock_irqsave(&task_list_lock);
    process->exec_task = NULL;
    become_leader(task, &old);
    spin_unlock_irqrestore(&task_list_lock, flags);
    if (old != NULL)
        pid_put(old);
    return 0;
}
