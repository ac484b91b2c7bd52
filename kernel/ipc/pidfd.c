/* See pidfd.h. The file holds the number, not the process: it may have been waited for long ago. */
#include "kernel/ipc/pidfd.h"

#include "kernel/task/task.h"
#include "kernel/view/view.h"
#include "lib/errno.h"
#include "lib/errptr.h"

static uint32_t pidfd_poll(struct file *file, struct poll_table *table) {
    struct pid *pid = file->private;

    poll_wait(table, &pid->end_wait);
    rcu_read_lock();
    const struct process *process = rcu_dereference(pid->process);
    bool ended = process == NULL || process->state != PROCESS_ALIVE;
    rcu_read_unlock();
    return ended ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct file *file) {
    pid_put(file->private);
}

static void pidfd_show(struct file *file, struct view_buffer *buffer) {
    const struct pid *pid = file->private;

    rcu_read_lock();
    int number = rcu_dereference(pid->process) != NULL ? pid->number : -1;
    rcu_read_unlock();
    view_printf(buffer, "Pid:\t%d\nNSpid:\t%d\n", number, number);
}

static const struct file_ops pidfd_ops = {
    .release = pidfd_release, .seek = stream_seek, .poll = pidfd_poll, .show = pidfd_show,
};

struct file *pidfd_create(struct pid *pid, uint32_t flags) {
    pid_get(pid);
    struct file *file = file_create_anonymous("anon_inode:[pidfd]", &pidfd_ops, flags | O_RDWR, pid);
    if (IS_ERR(file))
        pid_put(pid);
    return file;
}

struct pid *pidfd_pid(const struct file *file) {
    return file->ops == &pidfd_ops ? file->private : NULL;
}
