/* /kernel/proc: processes, mounts and open files as tables. */
#include "fs/procfs/system.h"

#include "fs/procfs/process.h"
#include "fs/vfs/file.h"
#include "kernel/task/task.h"
#include "kernel/vm/space.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define ULL(x) ((unsigned long long)(x))

static const char *state_of(const struct process *process, const struct task *task) {
    if (process->state != PROCESS_ALIVE || !task)
        return "zombie";
    return process->stopped ? "stopped" : thread_state_name(&task->thread);
}

/* task_list_lock held, so the threads stay; credentials and spaces are freed after a grace period. */
static bool show_process(struct process *process, void *context) {
    const struct task *task = NULL;
    const struct space *space = NULL;
    uint32_t uid = process->exit_uid;
    uint64_t resident_kib = 0;
    if (!list_is_empty(&process->threads)) {
        task = list_first_entry(&process->threads, struct task, process_node);
        space = rcu_dereference(task->space);
        uid = rcu_dereference(task->cred)->uid;
    }
    if (space)
        resident_kib = (uint64_t)(space->resident_anon + space->resident_file) * KIB_PER_PAGE;
    view_printf(context, "%d %d %d %d %u %s %u %llu %s\n", process->pid->number,
                process->parent ? process->parent->pid->number : 0, process->group->number,
                process->session->number, uid, state_of(process, task), process->thread_count, ULL(resident_kib),
                task ? task->thread.name : process->exit_name);
    return true;
}

static void show_processes(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "pid ppid pgid sid uid state threads resident_kib name\n");
    process_each(show_process, buffer);
}

static void show_mounts(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "source place type options dump pass\n");
    if (proc_show_mounts(NULL, buffer) != 0)
        buffer->failed = true;
}

static void show_files(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "open_files %llu\ninodes %llu\n", ULL(file_count()), ULL(inode_count()));
}

static struct view views[] = {
    {.path = "proc/processes", .help = "processes: numbers, user, state, threads, KiB in memory, name", .show = show_processes},
    {.path = "proc/mounts", .help = "mounted file systems, as /proc/mounts", .show = show_mounts},
    {.path = "proc/files", .help = "open files and inodes of the system", .show = show_files},
};

void table_views_init(void) {
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        views[i].tree = VIEW_KERNEL;
        view_register(&views[i]);
    }
}
