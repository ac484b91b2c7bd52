/* pidfd_open, pidfd_send_signal, pidfd_getfd. */
#include "fs/procfs/procfs.h"
#include "fs/vfs/file_table.h"
#include "kernel/ipc/pidfd.h"
#include "kernel/sys/sys_process.h"
#include "kernel/task/inspect.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"

int64_t sys_pidfd_open(int number, unsigned flags) {
    if (flags & ~(unsigned)O_NONBLOCK || number <= 0)
        return -EINVAL;
    struct pid *pid = pid_find_get(number);
    if (pid == NULL)
        return -ESRCH;
    struct file *file = rcu_dereference(pid->process) != NULL ? pidfd_create(pid, flags) : ERR_PTR(-EINVAL);
    pid_put(pid);
    return descriptor_open(file, true);
}

/* Programs may not pretend that the kernel, or kill(2), sent it - except to themselves. */
static int take_info(struct signal_info *info, const struct signal_info __user *from, int signal, const struct pid *pid) {
    if (get_user(*info, from) < 0)
        return -EFAULT;
    if (info->number != signal)
        return -EINVAL;
    bool forged = info->code >= 0 || info->code == SI_TKILL;
    return forged && pid != current_process()->pid ? -EPERM : 0;
}

static int send_to(const struct pid *pid, int signal, const struct signal_info *info) {
    struct process *process = process_find(pid->number);

    if (process == NULL || process->pid != pid) {
        if (process != NULL)
            process_put(process);
        return -ESRCH;
    }
    int error = signal < 0 || signal > SIGNAL_COUNT ? -EINVAL : signal_permitted(process, (unsigned)signal);
    if (error == 0 && signal != 0)
        error = signal_send_process(process, (unsigned)signal, info);
    process_put(process);
    return error;
}

/* Who is meant: pidfd_send_signal(2) takes an open /proc/PID too. */
static const struct pid *target_of(const struct file *file) {
    const struct pid *pid = pidfd_pid(file);
    return pid != NULL ? pid : procfs_directory_pid(file);
}

int64_t sys_pidfd_send_signal(int descriptor, int signal, const struct signal_info __user *info, unsigned flags) {
    struct signal_info copy;

    if (flags != 0)
        return -EINVAL;
    struct file_use use = file_use(descriptor);
    const struct pid *pid = use.file != NULL ? target_of(use.file) : NULL;
    int error = pid == NULL ? -EBADF : info != NULL ? take_info(&copy, info, signal, pid) : 0;
    if (error == 0)
        error = send_to(pid, signal, info != NULL ? &copy : NULL);
    file_use_end(use);
    return error;
}

/* A file of another process; or ERR_PTR(-ESRCH, -EPERM, -EBADF). */
static struct file *foreign_file(const struct pid *pid, int descriptor) {
    rcu_read_lock();
    const struct task *task = rcu_dereference(pid->task);
    int error = task != NULL ? task_may_inspect(task) : -ESRCH;
    struct file_table *files = error == 0 ? rcu_dereference(task->files) : NULL;
    if (files != NULL && !file_table_get_not_zero(files))
        files = NULL;
    rcu_read_unlock();
    if (files == NULL)
        return ERR_PTR(error != 0 ? error : -ESRCH);
    struct file *file = file_table_file(files, descriptor);
    file_table_put(files);
    return file != NULL ? file : ERR_PTR(-EBADF);
}

int64_t sys_pidfd_getfd(int pidfd, int foreign, unsigned flags) {
    if (flags != 0)
        return -EINVAL;
    struct file_use use = file_use(pidfd);
    const struct pid *pid = use.file != NULL ? pidfd_pid(use.file) : NULL;
    struct file *file = pid != NULL ? foreign_file(pid, foreign) : ERR_PTR(-EBADF);
    file_use_end(use);
    return descriptor_open(file, true);
}
