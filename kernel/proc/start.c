/* The first process: a task made by the kernel that executes a program. */
#include "kernel/proc/clone.h"

#define LOG_TAG "proc"

#include "fs/vfs/file_table.h"
#include "fs/vfs/fs_context.h"
#include "kernel/arch/boot.h"
#include "kernel/arch/context.h"
#include "kernel/arch/fpu.h"
#include "kernel/debug/monitor.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/proc/exec.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "lib/div64.h"
#include "lib/errno.h"
#include "lib/string.h"

struct program {
    const char *path;
    const char *const *arguments, *const *environment;
};
static struct program first_program; /* read by the first process alone */

/* When the program asked for cannot be executed: something to mend the system with. */
static const char *const rescue_programs[] = {"/sys/bin/init", "/sys/bin/sh", "/bin/sh"};

static bool try_program(const char *path, const struct program *like) {
    int error = exec_init(path, like->arguments, like->environment);
    if (error < 0)
        log_error("the first program, %s, cannot be started: error %d", path, -error);
    return error >= 0;
}

static void report_boot_time(void) {
    boot_trace_add(BOOT_EVENT_FIRST_PROGRAM, 0, 0);
    uint64_t ticks = boot_trace_tsc(BOOT_EVENT_FIRST_PROGRAM) - boot_trace_tsc(BOOT_EVENT_KERNEL_ENTRY);
    log_info("first program %lu us after the kernel's entry", mul_div_u64(ticks, US_PER_SEC, clock_tsc_hz()));
}

static void init_begin(void *argument) {
    const struct program *program = argument;
    bool started = try_program(program->path, program);

    for (size_t i = 0; !started && i < ARRAY_SIZE(rescue_programs); i++)
        started = try_program(rescue_programs[i], program);
    while (!started) {
        log_error("there is no program to run: check boot/ramfs.cpio and init= in boot/astra.cfg");
        monitor_run(NULL);
    }
    report_boot_time();
    arch_return_to_user(task_frame(current_task()));
}

static int fill_process(struct task *task) {
    struct process *process = process_create(task->tid);
    if (process == NULL)
        return -ENOMEM;
    process_get(process);
    task->process = process;
    process->handlers = signal_handlers_create();
    memcpy(process->limits, rlimit_defaults, sizeof process->limits);
    uint64_t threads = task_max() / 2; /* one user leaves others room */
    process->limits[RLIMIT_NPROC] = (struct rlimit){threads, threads};
    task->cred = cred_create_root();
    task->files = file_table_create();
    task->fs = fs_context_create();
    arch_fpu_area_init(task->thread.arch.fpu);
    return process->handlers == NULL || task->cred == NULL || task->files == NULL || task->fs == NULL ? -ENOMEM : 0;
}

int process_start_init(const char *path, const char *const arguments[], const char *const environment[]) {
    first_program = (struct program){path, arguments, environment};
    struct task *task = task_create("init", 0, init_begin, &first_program);
    if (task == NULL || fill_process(task) < 0)
        return -ENOMEM; /* the system cannot start: nothing is worth freeing */
    ASSERT(task->tid->number == 1);

    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    init_process = task->process;
    process_link(task->process, NULL, task->tid, task->tid);
    task->tid->session_leader = task->process;
    task_link(task);
    spin_unlock_irqrestore(&task_list_lock, flags);
    log_info("starting %s", path);
    thread_start(&task->thread);
    return 0;
}
