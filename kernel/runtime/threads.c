/* /kernel/runtime/sched and threads: run queues, and every thread of kernel and programs. */
#include "kernel/arch/percpu.h"
#include "kernel/runtime/runtime.h"
#include "kernel/sched/sched.h"
#include "kernel/task/task.h"

#define LOAD_FRACTION_BITS 11u /* of sched_stats.load_average */

#define ULL(x) ((unsigned long long)(x))

static void show_sched(struct view_buffer *buffer, void *context) {
    static const char *const names[] = {"load_1_minute", "load_5_minutes", "load_15_minutes"};
    struct sched_stats stats;
    (void)context;
    sched_stats_read(&stats);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        uint64_t thousandths = stats.load_average[i] * 1000 >> LOAD_FRACTION_BITS;
        view_printf(buffer, "%s %llu.%03llu\n", names[i], ULL(thousandths / 1000), ULL(thousandths % 1000));
    }
    view_printf(buffer, "cpus %u\nthreads %llu\nrunnable %llu\nblocked %llu\nswitches %llu\n", cpu_count,
                ULL(stats.threads), ULL(stats.runnable), ULL(stats.blocked), ULL(stats.context_switches));
    view_printf(buffer, "user_ns %llu\nsystem_ns %llu\nidle_ns %llu\n", ULL(stats.user_ns), ULL(stats.system_ns),
                ULL(stats.idle_ns));
}

static void show_run_queues(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "cpu waiting switches user_ns system_ns idle_ns running\n");
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct sched_cpu_stats stats;
        sched_cpu_stats_read(cpu, &stats);
        view_printf(buffer, "%u %llu %llu %llu %llu %llu %s\n", cpu, ULL(stats.queued), ULL(stats.switches),
                    ULL(stats.user_ns), ULL(stats.system_ns), ULL(stats.idle_ns), stats.current);
    }
}

static const char *policy_name(const struct thread *thread) {
    switch ((enum sched_policy)thread->policy) {
    case SCHED_FIFO:
        return "fifo";
    case SCHED_RR:
        return "round-robin";
    case SCHED_BATCH:
        return "batch";
    case SCHED_IDLE:
        return "idle";
    case SCHED_OTHER:
        break;
    }
    return "fair";
}

static void show_thread(struct view_buffer *buffer, struct thread *thread, int tid, int pid) {
    uint64_t user_ns, system_ns;
    thread_times(thread, &user_ns, &system_ns);
    view_printf(buffer, "%d %d %s %u %s %d %llu %llu %llu %s\n", tid, pid, thread_state_name(thread),
                atomic_load_relaxed(&thread->cpu), policy_name(thread), thread->nice, ULL(user_ns), ULL(system_ns),
                ULL(thread->voluntary_switches + thread->involuntary_switches), thread->name);
}

static void show_kernel_thread(struct thread *thread, void *context) {
    show_thread(context, thread, 0, 0);
}

/* task_list_lock held. */
static bool show_process(struct process *process, void *context) {
    struct task *task;
    list_for_each_entry(task, &process->threads, process_node)
        show_thread(context, &task->thread, task->tid->number, process->pid->number);
    return true;
}

static void show_threads(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "tid pid state cpu policy nice user_ns system_ns switches name\n");
    kernel_thread_each(show_kernel_thread, buffer);
    process_each(show_process, buffer);
}

static struct view views[] = {
    {.path = "runtime/sched", .help = "load averages; threads; nanoseconds of processor time since boot", .show = show_sched},
    {.path = "runtime/run_queues", .help = "per CPU: threads that wait, switches, nanoseconds spent, thread that runs",
     .show = show_run_queues},
    {.path = "runtime/threads", .help = "threads, those of the kernel with number 0: state, CPU, policy, times, switches",
     .show = show_threads},
};

void runtime_threads_init(void) {
    runtime_register(views, ARRAY_SIZE(views));
}
