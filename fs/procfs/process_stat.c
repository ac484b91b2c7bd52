/* /proc/PID/stat, status: numbers of a process or thread, in Linux's formats (proc(5)). */
#include "fs/procfs/process.h"

#include "fs/vfs/fs_context.h"
#include "kernel/sched/sched.h"
#include "kernel/task/signal.h"
#include "kernel/time/clock.h"
#include "kernel/tty/tty.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"
#include "lib/string.h"

#define TICK_NS (NS_PER_SEC / 100) /* times are in units of 1/100 s: USER_HZ */
#define RT_PRIORITY_BASE (-1) /* proc(5): a real-time priority p shows as -1 - p */
#define NICE_PRIORITY_BASE 20

/* Everything the two files tell, taken at one moment as far as that is possible. */
struct snapshot {
    char name[THREAD_NAME_MAX];
    char state;
    int pid, process_id, parent, group, session, terminal, foreground;
    uint32_t threads;
    uint64_t minor_faults, major_faults, children_faults;
    uint64_t user_ns, system_ns, children_user_ns, children_system_ns, start_ns;
    int nice, policy, rt_priority, run_priority;
    uint32_t cpu;
    int exit_signal, exit_status;
    uint64_t voluntary, involuntary, affinity;
    uint64_t stack_pointer, instruction_pointer;
    signal_set pending, shared_pending, blocked, ignored, caught;
    uint64_t file_limit, queued_limit, memory_limit;
    uint32_t queued, umask;
};

static char state_letter(const struct thread *thread, const struct process *process) {
    if (process->state != PROCESS_ALIVE)
        return 'Z';
    switch ((enum thread_state)thread->state) {
    case THREAD_NEW:
    case THREAD_RUNNABLE:
        return 'R';
    case THREAD_SLEEPING:
        return 'S';
    case THREAD_BLOCKED:
    case THREAD_KILLABLE:
        return 'D';
    case THREAD_STOPPED:
        return 'T';
    case THREAD_DEAD:
        return 'X';
    }
    return 'R';
}

/* task_list_lock held. */
static void take_tree(const struct process *process, struct snapshot *s) {
    s->process_id = process->pid->number;
    s->parent = process->parent ? process->parent->pid->number : 0;
    s->group = process->group->number;
    s->session = process->session->number;
    s->threads = process->thread_count;
    s->terminal = process->tty ? (int)DEVICE_NUMBER(process->tty->node.major, process->tty->node.minor) : 0;
    s->foreground = process->tty && process->tty->foreground ? process->tty->foreground->number : -1;
    s->children_user_ns = process->children_user_ns;
    s->children_system_ns = process->children_system_ns;
    s->children_faults = process->children_faults;
    s->start_ns = process->start_time_ns;
    s->exit_signal = process->exit_signal;
    s->exit_status = process->exit_status;
}

/* process->lock held. */
static void take_signals(const struct process *process, const struct task *task, struct snapshot *s) {
    s->shared_pending = process->shared_pending.set;
    s->file_limit = process->limits[RLIMIT_NOFILE].current;
    s->queued_limit = process->limits[RLIMIT_SIGPENDING].current;
    s->memory_limit = process->limits[RLIMIT_RSS].current;
    if (!task)
        return;
    s->queued = atomic_load_relaxed(&task->cred->user->signals);
    s->pending = task->signals.pending.set;
    s->blocked = task->signals.mask;
    for (unsigned signal = 1; process->handlers && signal <= SIGNAL_COUNT; signal++) {
        uint64_t handler = process->handlers->actions[signal].handler;
        if (handler == SIGNAL_IGNORE)
            s->ignored |= signal_bit(signal);
        else if (handler != SIGNAL_DEFAULT)
            s->caught |= signal_bit(signal);
    }
}

static void take_thread(struct task *task, struct process *process, struct snapshot *s) {
    struct thread *thread = &task->thread;
    memcpy(s->name, thread->name, sizeof s->name);
    s->state = state_letter(thread, process);
    s->nice = thread->nice;
    s->policy = thread->policy;
    s->rt_priority = thread->rt_priority;
    s->run_priority = thread->run_priority;
    s->cpu = thread->cpu;
    s->affinity = thread->affinity;
    s->voluntary = thread->voluntary_switches;
    s->involuntary = thread->involuntary_switches;
    s->minor_faults = task->minor_faults;
    s->major_faults = task->major_faults;
    const struct fs_context *context = atomic_load(&task->fs); /* freed after a grace period, like the task */
    s->umask = context ? context->umask : 0;
}

static int take(const struct proc_node *node, struct snapshot *s) {
    *s = (struct snapshot){.pid = node->pid->number, .state = 'Z'};
    struct process *process = proc_process(node);
    if (!process)
        return -ESRCH;
    strlcpy(s->name, process->exit_name, sizeof s->name);
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    if (process->state == PROCESS_REAPED) { /* meanwhile: it has no group any more */
        spin_unlock_irqrestore(&task_list_lock, flags);
        process_put(process);
        return -ESRCH;
    }
    struct task *task = proc_task_rcu(node);
    take_tree(process, s);
    if (task)
        take_thread(task, process, s);
    spin_lock(&process->lock);
    take_signals(process, task, s);
    spin_unlock(&process->lock);
    if (task && node->thread)
        thread_times(&task->thread, &s->user_ns, &s->system_ns);
    spin_unlock_irqrestore(&task_list_lock, flags);
    if (!node->thread)
        process_times(process, &s->user_ns, &s->system_ns);
    process_put(process);
    return 0;
}

/* ---- stat ---- */

static int64_t priority_of(const struct snapshot *s) {
    bool real_time = s->run_priority > 0; /* its own or lent to it */
    return real_time ? RT_PRIORITY_BASE - s->run_priority : NICE_PRIORITY_BASE + s->nice;
}

#define ULL(x) ((unsigned long long)(x))

int proc_show_stat(const struct proc_node *node, struct view_buffer *buffer) {
    static const struct space none;
    struct snapshot s;
    int error = take(node, &s);
    if (error)
        return error;
    bool allowed = proc_may_look(node) == 0;
    struct space *own = proc_space(node);
    const struct space *space = own ? own : &none, *secret = allowed ? space : &none;
    view_printf(buffer, "%d (%s) %c %d %d %d %d %d 0 ", s.pid, s.name, s.state, s.parent, s.group,
                s.session, s.terminal, s.foreground);
    view_printf(buffer, "%llu %llu %llu 0 %llu %llu %llu %llu ", ULL(s.minor_faults),
                ULL(s.children_faults), ULL(s.major_faults), ULL(s.user_ns / TICK_NS),
                ULL(s.system_ns / TICK_NS), ULL(s.children_user_ns / TICK_NS),
                ULL(s.children_system_ns / TICK_NS));
    view_printf(buffer, "%lld %d %u 0 %llu %llu %llu %llu ", (long long)priority_of(&s), s.nice, s.threads,
                ULL(s.start_ns / TICK_NS), ULL(space->total_pages * PAGE_SIZE),
                ULL(space->resident_anon + space->resident_file), ULL(s.memory_limit));
    view_printf(buffer, "%llu %llu %llu 0 0 ", ULL(secret->code_start), ULL(secret->code_end),
                ULL(secret->stack_start));
    view_printf(buffer, "%llu %llu %llu %llu 0 0 0 %d %u %d %d 0 0 0 ", ULL(s.pending & INT32_MAX),
                ULL(s.blocked & INT32_MAX), ULL(s.ignored & INT32_MAX), ULL(s.caught & INT32_MAX),
                s.exit_signal, s.cpu, s.rt_priority, s.policy);
    view_printf(buffer, "%llu %llu %llu %llu %llu %llu %llu %d\n", ULL(secret->data_start),
                ULL(secret->data_end), ULL(secret->brk_start), ULL(secret->arguments_start),
                ULL(secret->arguments_end), ULL(secret->environment_start),
                ULL(secret->environment_end), allowed ? s.exit_status : 0);
    if (own)
        space_put(own);
    return 0;
}

/* ---- status ---- */

static const char *state_name(char letter) {
    switch (letter) {
    case 'S':
        return "S (sleeping)";
    case 'D':
        return "D (disk sleep)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    case 'X':
        return "X (dead)";
    default:
        return "R (running)";
    }
}

static void show_cred(const struct cred *cred, struct view_buffer *buffer) {
    view_printf(buffer, "Uid:\t%u\t%u\t%u\t%u\n", cred->uid, cred->euid, cred->suid, cred->fsuid);
    view_printf(buffer, "Gid:\t%u\t%u\t%u\t%u\n", cred->gid, cred->egid, cred->sgid, cred->fsgid);
}

static void show_groups(const struct cred *cred, struct view_buffer *buffer) {
    view_printf(buffer, "Groups:\t");
    for (uint32_t i = 0; i < cred->group_count; i++)
        view_printf(buffer, "%u ", cred->groups[i]);
    view_printf(buffer, "\n");
}

static void show_signals(const struct snapshot *s, struct view_buffer *buffer) {
    view_printf(buffer, "SigQ:\t%u/%llu\n", s->queued, ULL(s->queued_limit));
    view_printf(buffer, "SigPnd:\t%016llx\nShdPnd:\t%016llx\n", ULL(s->pending), ULL(s->shared_pending));
    view_printf(buffer, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n", ULL(s->blocked),
                ULL(s->ignored), ULL(s->caught));
}

static void show_capabilities(const struct cred *cred, struct view_buffer *buffer) {
    view_printf(buffer, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n",
                ULL(cred->capabilities_inheritable), ULL(cred->capabilities_permitted),
                ULL(cred->capabilities_effective));
    view_printf(buffer, "CapBnd:\t%016llx\nCapAmb:\t%016llx\n", ULL(cred->capabilities_bounding),
                ULL(cred->capabilities_ambient));
}

/* As a mask and as a list: "3" and "0-1". */
static void show_affinity(uint64_t affinity, struct view_buffer *buffer) {
    view_printf(buffer, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t", ULL(affinity));
    view_ranges(buffer, affinity);
    view_printf(buffer, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

int proc_show_status(const struct proc_node *node, struct view_buffer *buffer) {
    struct snapshot s;
    int error = take(node, &s);
    if (error)
        return error;
    const struct cred *cred = proc_cred(node);
    struct space *space = proc_space(node);
    view_printf(buffer, "Name:\t%s\nUmask:\t0%03o\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
                s.name, s.umask, state_name(s.state), s.process_id, s.pid, s.parent);
    if (cred)
        show_cred(cred, buffer);
    view_printf(buffer, "FDSize:\t%d\n", 64);
    if (cred)
        show_groups(cred, buffer);
    view_printf(buffer, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", s.process_id, s.pid, s.group, s.session);
    if (space)
        proc_show_memory(space, buffer);
    if (space)
        view_printf(buffer, "CoreDumping:\t0\nTHP_enabled:\t0\n");
    view_printf(buffer, "Threads:\t%u\n", s.threads);
    show_signals(&s, buffer);
    if (cred)
        show_capabilities(cred, buffer);
    view_printf(buffer, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", cred && cred->no_new_privileges);
    view_printf(buffer, "Speculation_Store_Bypass:\tvulnerable\nSpeculationIndirectBranch:\talways enabled\n");
    show_affinity(s.affinity, buffer);
    view_printf(buffer, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
                ULL(s.voluntary), ULL(s.involuntary));
    if (space)
        space_put(space);
    if (cred)
        cred_put(cred);
    return 0;
}
