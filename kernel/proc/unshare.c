/*
 * Undoing the sharing of clone(). Files and file-system context are copied, semaphore adjustments begin anew. Memory and
 * signal handlers cannot be unshared; asking for it succeeds if they are not shared. Every kind of namespace answers as in
 * a kernel built without it.
 */
#include "kernel/proc/unshare.h"

#include "fs/vfs/file_table.h"
#include "fs/vfs/fs_context.h"
#include "kernel/ipc/sysv_sem.h"
#include "kernel/proc/clone.h"
#include "kernel/task/task.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"

#define NAMESPACES_OF_ADMIN (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP | \
                             CLONE_NEWTIME)
#define ALONE (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)
#define KNOWN (ALONE | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_NEWUSER | NAMESPACES_OF_ADMIN)

static int validate(uint64_t flags) {
    const struct task *task = current_task();

    if (flags & ~(uint64_t)KNOWN)
        return -EINVAL;
    if (flags & CLONE_NEWUSER)
        flags |= CLONE_THREAD;
    if ((flags & ALONE) && task->process->thread_count > 1)
        return -EINVAL;
    if ((flags & (CLONE_SIGHAND | CLONE_VM)) && refcount_read(&task->process->handlers->refcount) > 1)
        return -EINVAL;
    if ((flags & CLONE_VM) && refcount_read(&task->space->refcount) > 1)
        return -EINVAL;
    if (flags & CLONE_NEWUSER)
        return -EINVAL;
    if (flags & NAMESPACES_OF_ADMIN)
        return cred_has(task->cred, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
    return 0;
}

int process_unshare(uint64_t flags) {
    struct task *task = current_task();
    struct file_table *files = NULL, *old_files = task->files;
    struct fs_context *fs = NULL, *old_fs = task->fs;
    int error = validate(flags);

    if (error < 0)
        return error;
    if ((flags & CLONE_FS) && (fs = fs_context_copy(old_fs)) == NULL)
        return -ENOMEM;
    if ((flags & CLONE_FILES) && (files = file_table_copy(old_files)) == NULL) {
        if (fs != NULL)
            fs_context_put(fs);
        return -ENOMEM;
    }
    if ((flags & (CLONE_SYSVSEM | CLONE_VM)) && task->sem_undo != NULL)
        sem_undo_leave(task);
    if (fs != NULL) {
        rcu_assign(task->fs, fs);
        fs_context_put(old_fs);
    }
    if (files != NULL) {
        rcu_assign(task->files, files);
        file_table_put(old_files);
    }
    return 0;
}
