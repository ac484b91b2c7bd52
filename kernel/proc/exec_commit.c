/* See exec_commit.h. What can fail comes first; from space_install on nothing does. */
#include "kernel/proc/exec_commit.h"

#include "fs/vfs/file_table.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/segments.h"
#include "kernel/proc/exec_image.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/posix_timer.h"
#include "kernel/proc/rseq.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Handlers shared with another process (CLONE_SIGHAND) stay that process's. */
static int unshare_handlers(struct process *process) {
    struct signal_handlers *shared = process->handlers;

    if (refcount_read(&shared->refcount) == 1)
        return 0;
    struct signal_handlers *copy = signal_handlers_copy(shared);
    if (!copy)
        return -ENOMEM;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    process->handlers = copy;
    spin_unlock_irqrestore(&process->lock, flags);
    signal_handlers_put(shared);
    return 0;
}

static void change_space(struct task *task, struct exec_image *image) {
    task_leave_user_memory(task);
    task->clear_child_tid = task->robust_list = 0;
    task->pi.closed = false;
    rseq_forget(task);
    space_set_executable(image->space, image->file);
    space_install(image->space);
    image->space = NULL;
    if (task->process->vfork_done)
        process_vfork_finish(task->process);
}

static void reset_signals(struct task *task) {
    signal_handlers_reset(task->process->handlers);
    task->signals.altstack_base = task->signals.altstack_size = 0;
    task->signals.altstack_flags = 0;
}

static void reset_registers(struct task *task, const struct exec_image *image) {
    struct trap_frame *frame = task_frame(task);
    uint64_t flags = irq_save();

    arch_fpu_forget(task->thread.arch.fpu);
    arch_fpu_area_init(task->thread.arch.fpu);
    irq_restore(flags);
    thread_set_work(&task->thread, THREAD_WORK_FPU);
    arch_reset_segments(&task->thread.arch);
    *frame = (struct trap_frame){
        .vector = TRAP_SYSCALL,
        .error_code = UINT64_MAX, /* not a call that could be restarted */
        .rip = image->start,
        .cs = SELECTOR_USER_CODE,
        .rflags = RFLAGS_IF | RFLAGS_FIXED,
        .rsp = image->stack_pointer,
        .ss = SELECTOR_USER_DATA,
    };
}

static void set_name(struct task *task, const char *path) {
    const char *slash = strrchr(path, '/');

    strlcpy(task->thread.name, slash ? slash + 1 : path, sizeof task->thread.name);
}

static void become(struct task *task, struct exec_image *image) {
    struct process *process = task->process;

    process->executed = true;
    process->exit_signal = SIGCHLD;
    if (image->secure)
        task->parent_death_signal = 0;
    task->personality = image->personality;
    process->not_dumpable = image->not_dumpable; /* new rights may forbid it too */
    if (image->cred) {
        cred_commit(image->cred);
        image->cred = NULL;
    }
    set_name(task, image->name);
    file_table_close_on_exec(task->files);
    posix_timers_free(process);
    reset_signals(task);
    reset_registers(task, image);
}

int exec_commit(struct exec_image *image) {
    struct task *task = current_task();
    int error = file_table_unshare();

    if (!error)
        error = unshare_handlers(task->process);
    if (!error)
        error = process_end_other_threads();
    if (error)
        return error;
    change_space(task, image);
    become(task, image);
    return 0;
}
