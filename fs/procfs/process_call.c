/* /proc/PID/syscall: the system call a thread is in, its arguments, stack pointer and the address it returns to. */
#include "fs/procfs/process.h"

#include "kernel/arch/frame.h"
#include "kernel/task/pid.h"
#include "lib/errno.h"
#include "lib/string.h"

/* The first thread, or the one that is meant; process->lock held, which keeps its kernel stack. */
static struct task *find_thread(const struct proc_node *node, const struct process *process) {
    struct task *task;

    list_for_each_entry(task, &process->threads, process_node)
        if (!node->thread || task->tid == node->pid)
            return task;
    return NULL;
}

/* 1 with the registers of a thread that waits or reads this, 0 of one that runs, -ESRCH: it has ended. */
static int read_frame(const struct proc_node *node, struct trap_frame *frame) {
    struct process *process = proc_process(node);
    int result = -ESRCH;

    if (!process)
        return result;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    struct task *task = find_thread(node, process);
    if (task) {
        *frame = *task_frame(task);
        result = task == current_task() || atomic_load(&task->thread.state) != THREAD_RUNNABLE;
    }
    spin_unlock_irqrestore(&process->lock, flags);
    process_put(process);
    return result;
}

int proc_show_call(const struct proc_node *node, struct view_buffer *buffer) {
    struct trap_frame frame;
    int error = proc_may_look(node), waits = error ? 0 : read_frame(node, &frame);

    if (error == -EACCES)
        return -EPERM;
    if (error < 0 || waits < 0)
        return error < 0 ? error : waits;
    if (!waits) {
        view_printf(buffer, "running\n");
        return 0;
    }
    view_printf(buffer, "%lld", frame.vector == TRAP_SYSCALL ? (long long)frame.error_code : -1ll);
    const uint64_t arguments[] = {frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9};
    for (size_t i = 0; frame.vector == TRAP_SYSCALL && i < ARRAY_SIZE(arguments); i++)
        view_printf(buffer, " 0x%llx", (unsigned long long)arguments[i]);
    view_printf(buffer, " 0x%llx 0x%llx\n", (unsigned long long)frame.rsp, (unsigned long long)frame.rip);
    return 0;
}
