/*
 * Signals through files. Which ones is the file's set; whose is a matter of who reads: an inherited
 * descriptor gives the child its own signals. So readers of all signalfds wait on one queue, that of
 * signals arriving (kernel/task/signal.h), and look again.
 */
#include "kernel/ipc/signalfd.h"

#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/view/view.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

struct signalfd {
    signal_set set; /* atomic */
};

/* struct signalfd_siginfo, linux/signalfd.h */
struct signalfd_info {
    uint32_t number;
    int32_t error, code;
    uint32_t pid, uid;
    int32_t fd;
    uint32_t timer_id, band, overrun, trap;
    int32_t status, value_int;
    uint64_t value_pointer, user_ticks, system_ticks, address;
    uint16_t address_lsb;
    uint8_t padding[46];
};
_Static_assert(sizeof(struct signalfd_info) == 128, "linux/signalfd.h");

static void set_value(struct signalfd_info *out, uint64_t value) {
    out->value_int = (int32_t)value;
    out->value_pointer = value;
}

/* Which member of siginfo_t is meant follows from si_code and the signal: sigaction(2). */
static void convert(const struct signal_info *info, struct signalfd_info *out) {
    *out = (struct signalfd_info){.number = (uint32_t)info->number, .error = info->error, .code = info->code};
    if (info->code == SI_TIMER) {
        out->timer_id = (uint32_t)info->u.timer.timer_id;
        out->overrun = (uint32_t)info->u.timer.overrun;
        set_value(out, info->u.timer.value);
    } else if (info->code <= 0) { /* a process sent it */
        out->pid = (uint32_t)info->u.queue.pid;
        out->uid = info->u.queue.uid;
        if (info->code < 0)
            set_value(out, info->u.queue.value);
    } else if (info->number == SIGCHLD) {
        out->pid = (uint32_t)info->u.child.pid;
        out->uid = info->u.child.uid;
        out->status = info->u.child.status;
        out->user_ticks = (uint64_t)info->u.child.user_ticks;
        out->system_ticks = (uint64_t)info->u.child.system_ticks;
    } else if (info->number == SIGIO && info->code != SI_KERNEL) {
        out->band = (uint32_t)info->u.poll.band;
        out->fd = info->u.poll.fd;
    }
}

static bool take(const struct signalfd *signalfd, struct signal_info *info) {
    struct task *task = current_task();
    uint64_t flags = spin_lock_irqsave(&task->process->lock);
    unsigned signal = signal_dequeue(task, atomic_load_relaxed(&signalfd->set), info);
    spin_unlock_irqrestore(&task->process->lock, flags);
    return signal != 0;
}

static bool is_readable(const struct signalfd *signalfd) {
    struct task *task = current_task();
    uint64_t flags = spin_lock_irqsave(&task->process->lock);
    signal_set pending = task->signals.pending.set | task->process->shared_pending.set;
    spin_unlock_irqrestore(&task->process->lock, flags);
    return (pending & atomic_load_relaxed(&signalfd->set)) != 0;
}

/* Waits for the first signal: 0, -EAGAIN, -ERESTARTSYS. */
static int take_first(struct file *file, struct signal_info *info) {
    struct signalfd *signalfd = file->private;

    while (!take(signalfd, info)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&signal_arrivals, is_readable(signalfd), WAIT_FOREVER))
            return -ERESTARTSYS;
    }
    return 0;
}

static int64_t signalfd_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct signalfd_info out;
    struct signal_info info;
    int64_t total = 0;
    (void)position;
    if (buffer->remaining < sizeof out)
        return -EINVAL;
    int error = take_first(file, &info);
    if (error)
        return error;
    do {
        convert(&info, &out);
        if (io_copy_to(buffer, &out, sizeof out) != sizeof out)
            return total ? total : -EFAULT;
        total += (int64_t)sizeof out;
    } while (buffer->remaining >= sizeof out && take(file->private, &info));
    return total;
}

static uint32_t signalfd_poll(struct file *file, struct poll_table *table) {
    poll_wait(table, &signal_arrivals);
    return is_readable(file->private) ? POLLIN : 0;
}

static void signalfd_release(struct file *file) {
    signal_arrivals_unwatch();
    kfree(file->private);
}

static void signalfd_show(struct file *file, struct view_buffer *buffer) {
    const struct signalfd *signalfd = file->private;
    view_printf(buffer, "sigmask:\t%016llx\n", (unsigned long long)atomic_load_relaxed(&signalfd->set));
}

static const struct file_ops signalfd_ops = {
    .show = signalfd_show,
    .release = signalfd_release,
    .read = signalfd_read,
    .seek = noop_seek,
    .poll = signalfd_poll,
};

struct file *signalfd_create(signal_set set, uint32_t flags) {
    struct signalfd *signalfd = kzalloc(sizeof *signalfd);
    if (!signalfd)
        return ERR_PTR(-ENOMEM);
    signalfd->set = set;
    struct file *file = file_create_anonymous("anon_inode:[signalfd]", &signalfd_ops, flags | O_RDWR, signalfd);
    if (IS_ERR(file))
        kfree(signalfd);
    else
        signal_arrivals_watch();
    return file;
}

bool file_is_signalfd(const struct file *file) {
    return file->ops == &signalfd_ops;
}

void signalfd_set(struct file *file, signal_set set) {
    struct signalfd *signalfd = file->private;
    atomic_store(&signalfd->set, set);
    wait_wake_all(&signal_arrivals); /* more may be readable */
}
