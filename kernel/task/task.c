/* Making, linking and freeing tasks and processes. Lock order: task_list_lock, process->lock, run queue. */
#include "kernel/task/task.h"

#include "kernel/arch/fpu.h"
#include "kernel/log/panic.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/task/ports.h"
#include "kernel/time/clock.h"
#include "lib/string.h"

DEFINE_LOCK_CLASS(task_list_class, "task list");
DEFINE_LOCK_CLASS(process_class, "process");
struct spinlock task_list_lock = SPINLOCK_INIT(task_list_class);
struct process *init_process;

static struct slab_cache *task_cache, *process_cache, *fpu_cache;
static struct list_node all_processes = LIST_INIT(all_processes); /* task_list_lock */

/* Kernel stacks may take a tenth of memory: a fork bomb leaves room to end it. */
#define STACK_SHARE 10u
#define TASKS_MIN 64u
static uint32_t task_count, task_limit;

void task_init(void) {
    struct page_stats memory;

    page_stats_read(&memory);
    uint64_t fitting = memory.managed_pages * PAGE_SIZE / (STACK_SHARE * KERNEL_STACK_SIZE);
    task_limit = (uint32_t)MIN(MAX(fitting, (uint64_t)TASKS_MIN), (uint64_t)PID_MAX);
    pid_init();
    signal_init();
    user_init();
    task_cache = slab_cache_create("task", sizeof(struct task), 0, NULL);
    process_cache = slab_cache_create("process", sizeof(struct process), 0, NULL);
    fpu_cache = slab_cache_create("fpu", arch_fpu_area_size(), FPU_AREA_ALIGN, NULL);
}

uint32_t task_max(void) {
    return task_limit;
}

/* ---- tasks ---- */

static void task_free(struct rcu_head *head) {
    slab_free(task_cache, container_of(head, struct task, rcu));
}

/* The thread's last reference to anything; its stack is gone already. Interrupts off. */
static void task_release(struct thread *thread) {
    struct task *task = thread_to_task(thread);

    arch_fpu_forget(task->thread.arch.fpu);
    slab_free(fpu_cache, task->thread.arch.fpu);
    ports_drop(task);
    if (task->tid != NULL)
        pid_put(task->tid);
    if (task->cred != NULL)
        cred_put(task->cred);
    if (task->process != NULL)
        process_put(task->process);
    atomic_fetch_sub(&task_count, 1u);
    rcu_defer(&task->rcu, task_free);
}

struct task *task_create(const char *name, int tid, void (*entry)(void *), void *argument) {
    if (atomic_fetch_add(&task_count, 1u) >= task_limit)
        goto uncount;
    struct task *task = slab_alloc_zero(task_cache);
    if (task == NULL)
        goto uncount;
    signal_pending_init(&task->signals.pending);
    cpu_watches_init(&task->cpu_watches);
    task->timer_slack_ns = task->default_timer_slack_ns = TIMER_SLACK_NS;
    task->thread.release = task_release;
    task->thread.arch.fpu = slab_alloc(fpu_cache);
    if (task->thread.arch.fpu == NULL)
        goto free_task;
    task->tid = pid_alloc(tid);
    if (task->tid == NULL)
        goto free_fpu;
    if (thread_init(&task->thread, name, entry, argument) < 0)
        goto free_tid;
    return task;
free_tid:
    pid_put(task->tid);
free_fpu:
    slab_free(fpu_cache, task->thread.arch.fpu);
free_task:
    slab_free(task_cache, task);
uncount:
    atomic_fetch_sub(&task_count, 1u);
    return NULL;
}

void task_destroy(struct task *task) {
    ASSERT(task->thread.state == THREAD_NEW);
    thread_free_stack(&task->thread);
    task_release(&task->thread);
}

void task_link(struct task *task) {
    struct process *process = task->process;

    spin_lock(&process->lock);
    list_add_tail(&task->process_node, &process->threads);
    process->thread_count++;
    process->live_threads++;
    bool limited = process->limits[RLIMIT_CPU].current != RLIM_INFINITY ||
                   process->limits[RLIMIT_RTTIME].current != RLIM_INFINITY;
    if (!list_is_empty(&process->cpu_watches.list) || limited)
        task->thread.switch_work |= THREAD_WORK_CPU_CLOCK; /* before it runs first */
    spin_unlock(&process->lock);
    user_charge(task->cred->user);
    rcu_assign(task->tid->task, task);
}

bool task_unlink(struct task *task) {
    struct process *process = task->process;
    uint64_t user_ns, system_ns;

    rcu_assign(task->tid->task, NULL);
    spin_lock(&process->lock);
    thread_times(&task->thread, &user_ns, &system_ns); /* under the lock: process_times never sees less than before */
    process->dead_user_ns += user_ns;
    process->dead_system_ns += system_ns;
    process->dead_faults += task->minor_faults;
    list_remove(&task->process_node);
    bool last = --process->thread_count == 0;
    strlcpy(process->exit_name, task->thread.name, sizeof process->exit_name);
    signal_pending_flush(&task->signals.pending, ~0ull);
    if (last)
        signal_pending_flush(&process->shared_pending, ~0ull); /* nobody takes them, and they count */
    spin_unlock(&process->lock);
    if (last) {
        process->user = task->cred->user; /* which stays charged until the process is reaped */
        user_get(process->user);
    } else {
        user_uncharge(task->cred->user);
    }
    return last;
}

/* ---- processes ---- */

struct process *process_create(struct pid *pid) {
    struct process *process = slab_alloc_zero(process_cache);
    if (process == NULL)
        return NULL;
    refcount_init(&process->refcount, 1);
    pid_get(pid);
    process->pid = pid;
    list_init(&process->sibling);
    list_init(&process->children);
    list_init(&process->threads);
    list_init(&process->group_node);
    list_init(&process->session_node);
    list_init(&process->all_node);
    wait_queue_init(&process->child_wait);
    spin_init(&process->lock, process_class);
    signal_pending_init(&process->shared_pending);
    cpu_watches_init(&process->cpu_watches);
    process->exit_signal = SIGCHLD;
    process->start_time_ns = clock_monotonic_ns();
    return process;
}

void process_get(struct process *process) {
    refcount_get(&process->refcount);
}

static void process_free(struct rcu_head *head) {
    struct process *process = container_of(head, struct process, rcu);
    signal_pending_flush(&process->shared_pending, ~0ull);
    if (process->handlers != NULL)
        signal_handlers_put(process->handlers);
    pid_put(process->pid);
    slab_free(process_cache, process);
}

void process_put(struct process *process) {
    if (refcount_put(&process->refcount))
        rcu_defer(&process->rcu, process_free);
}

void process_set_group(struct process *process, struct pid *group) {
    struct pid *old = process->group;

    pid_get(group);
    process->group = group;
    list_remove(&process->group_node);
    list_add_tail(&process->group_node, &group->group_members);
    if (old != NULL)
        pid_put(old);
}

void process_set_session(struct process *process, struct pid *session) {
    struct pid *old = process->session;

    pid_get(session);
    process->session = session;
    list_remove(&process->session_node);
    list_add_tail(&process->session_node, &session->session_members);
    if (old != NULL)
        pid_put(old);
}

void process_link(struct process *process, struct process *parent, struct pid *group, struct pid *session) {
    process->parent = parent;
    if (parent != NULL)
        list_add_tail(&process->sibling, &parent->children);
    process_set_group(process, group);
    process_set_session(process, session);
    list_add_tail(&process->all_node, &all_processes);
    rcu_assign(process->pid->process, process);
}

void process_unlink(struct process *process) {
    rcu_assign(process->pid->process, NULL);
    process->state = PROCESS_REAPED;
    list_remove(&process->all_node);
    list_remove(&process->sibling);
    list_remove(&process->group_node);
    list_remove(&process->session_node);
    pid_put(process->group);
    pid_put(process->session);
    process->group = process->session = NULL;
    user_uncharge(process->user);
    user_put(process->user);
}

struct process *process_find(int number) {
    rcu_read_lock();
    const struct pid *pid = pid_find(number);
    struct process *process = pid == NULL ? NULL : rcu_dereference(pid->process);
    if (process != NULL && !refcount_get_not_zero(&process->refcount))
        process = NULL;
    rcu_read_unlock();
    return process;
}

void process_each(bool (*visit)(struct process *process, void *context), void *context) {
    struct process *process;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    list_for_each_entry(process, &all_processes, all_node) {
        if (!visit(process, context))
            break;
    }
    spin_unlock_irqrestore(&task_list_lock, flags);
}

void process_vfork_finish(struct process *process) {
    uint64_t flags = spin_lock_irqsave(&process->lock);
    struct completion *done = process->vfork_done;
    process->vfork_done = NULL;
    spin_unlock_irqrestore(&process->lock, flags);
    if (done != NULL)
        completion_done(done);
}

void process_times(struct process *process, uint64_t *user_ns, uint64_t *system_ns) {
    struct task *task;
    uint64_t flags = spin_lock_irqsave(&process->lock);
    *user_ns = process->dead_user_ns;
    *system_ns = process->dead_system_ns;
    list_for_each_entry(task, &process->threads, process_node) {
        uint64_t user, system;
        thread_times(&task->thread, &user, &system);
        *user_ns += user;
        *system_ns += system;
    }
    spin_unlock_irqrestore(&process->lock, flags);
}
