/* The smaller text files of /proc/PID. */
#include "fs/procfs/process.h"

#include "kernel/mm/slab.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"
#include "lib/string.h"

#define COPY_PIECE 512u
#define STRINGS_MAX (2u << 20) /* arguments and environment are no longer than this */

/* Bytes [start, end) of the process's memory, as far as they can be read. */
static void copy_memory(struct space *space, uint64_t start, uint64_t end, struct view_buffer *buffer) {
    char piece[COPY_PIECE];
    end = MIN(end, start + STRINGS_MAX);
    while (start < end) {
        int64_t copied = space_read(space, start, piece, MIN((size_t)(end - start), sizeof piece));
        if (copied <= 0)
            return;
        view_write(buffer, piece, (size_t)copied);
        start += (uint64_t)copied;
    }
}

int proc_show_cmdline(const struct proc_node *node, struct view_buffer *buffer) {
    struct space *space = proc_space(node);
    if (!space)
        return 0;
    copy_memory(space, space->arguments_start, space->arguments_end, buffer);
    space_put(space);
    return 0;
}

int proc_show_environ(const struct proc_node *node, struct view_buffer *buffer) {
    int error = proc_may_look(node);
    struct space *space = error ? NULL : proc_space(node);
    if (!space)
        return error;
    copy_memory(space, space->environment_start, space->environment_end, buffer);
    space_put(space);
    return 0;
}

int proc_show_auxv(const struct proc_node *node, struct view_buffer *buffer) {
    int error = proc_may_look(node);
    struct space *space = error ? NULL : proc_space(node);
    if (!space)
        return error;
    size_t count = 0;
    while (count + 2 < ARRAY_SIZE(space->auxv) && space->auxv[count] != 0)
        count += 2;
    view_write(buffer, (const char *)space->auxv, (count + 2) * sizeof space->auxv[0]);
    space_put(space);
    return 0;
}

int proc_show_comm(const struct proc_node *node, struct view_buffer *buffer) {
    char name[THREAD_NAME_MAX];
    struct process *process = proc_process(node);
    if (!process)
        return -ESRCH;
    rcu_read_lock();
    const struct task *task = proc_task_rcu(node);
    strlcpy(name, task ? task->thread.name : process->exit_name, sizeof name);
    rcu_read_unlock();
    process_put(process);
    view_printf(buffer, "%s\n", name);
    return 0;
}

int proc_store_comm(const struct proc_node *node, const char *text, size_t length) {
    struct process *process = proc_process(node);
    bool own = process == current_process();
    if (process)
        process_put(process);
    if (!own)
        return -EINVAL;
    if (length > 0 && text[length - 1] == '\n')
        length--;
    rcu_read_lock();
    struct task *task = proc_task_rcu(node);
    if (task) {
        char name[THREAD_NAME_MAX] = {0};
        memcpy(name, text, MIN(length, sizeof name - 1));
        memcpy(task->thread.name, name, sizeof name);
    }
    rcu_read_unlock();
    return task ? 0 : -ESRCH;
}

static void show_limit(struct view_buffer *buffer, uint64_t limit) {
    if (limit == RLIM_INFINITY)
        view_printf(buffer, "%-20s ", "unlimited");
    else
        view_printf(buffer, "%-20llu ", (unsigned long long)limit);
}

int proc_show_limits(const struct proc_node *node, struct view_buffer *buffer) {
    static const struct { const char *name, *unit; } names[RLIMIT_COUNT] = {
        [RLIMIT_CPU] = {"Max cpu time", "seconds"},
        [RLIMIT_FSIZE] = {"Max file size", "bytes"},
        [RLIMIT_DATA] = {"Max data size", "bytes"},
        [RLIMIT_STACK] = {"Max stack size", "bytes"},
        [RLIMIT_CORE] = {"Max core file size", "bytes"},
        [RLIMIT_RSS] = {"Max resident set", "bytes"},
        [RLIMIT_NPROC] = {"Max processes", "processes"},
        [RLIMIT_NOFILE] = {"Max open files", "files"},
        [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
        [RLIMIT_AS] = {"Max address space", "bytes"},
        [RLIMIT_LOCKS] = {"Max file locks", "locks"},
        [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
        [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
        [RLIMIT_NICE] = {"Max nice priority", ""},
        [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
        [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
    };
    struct rlimit limits[RLIMIT_COUNT];
    struct process *process = proc_process(node);
    if (!process)
        return -ESRCH;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    memcpy(limits, process->limits, sizeof limits);
    spin_unlock_irqrestore(&process->lock, flags);
    process_put(process);
    view_printf(buffer, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t i = 0; i < RLIMIT_COUNT; i++) {
        view_printf(buffer, "%-25s ", names[i].name);
        show_limit(buffer, limits[i].current);
        show_limit(buffer, limits[i].maximum);
        view_printf(buffer, "%-10s\n", names[i].unit);
    }
    return 0;
}

int proc_show_wchan(const struct proc_node *node, struct view_buffer *buffer) {
    (void)node;
    view_printf(buffer, "0"); /* what Linux shows where the symbol is not to be told */
    return 0;
}

int proc_show_cgroup(const struct proc_node *node, struct view_buffer *buffer) {
    (void)node;
    view_printf(buffer, "0::/\n"); /* all are in the root group */
    return 0;
}
