/* Making and ending threads. The scheduler frees a dead thread's stack and calls its `release`. */
#include "kernel/sched/thread.h"

#include "kernel/arch/frame.h"
#include "kernel/log/panic.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/switch.h"
#include "lib/errno.h"
#include "lib/string.h"

static uint64_t thread_count;

uint64_t thread_total(void) {
    return atomic_load_relaxed(&thread_count);
}

void thread_free_stack(struct thread *thread) {
    kernel_stack_free(thread->stack);
    atomic_fetch_sub(&thread_count, 1ull);
}

int thread_init(struct thread *thread, const char *name, void (*entry)(void *), void *argument) {
    DEBUG_ASSERT(thread->state == THREAD_NEW && thread->stack == NULL);
    thread->stack = kernel_stack_alloc();
    if (thread->stack == NULL)
        return -ENOMEM;
    atomic_fetch_add(&thread_count, 1ull);
    thread->kernel_stack_top = (uintptr_t)thread->stack + KERNEL_STACK_SIZE;
    thread->entry = entry;
    thread->argument = argument;
    thread->affinity = ~0ull;
    sched_weigh(thread);
    strlcpy(thread->name, name, sizeof thread->name);
    /* A user thread's registers lie at the top; a kernel thread wastes that room. */
    void *start = (void *)(uintptr_t)(thread->kernel_stack_top - sizeof(struct trap_frame));
    arch_thread_init(&thread->arch, start, thread_begin);
    return 0;
}

DEFINE_LOCK_CLASS(kernel_threads_class, "kernel threads");
static struct spinlock kernel_threads_lock = SPINLOCK_INIT(kernel_threads_class);
static struct list_node kernel_threads = LIST_INIT(kernel_threads); /* kernel_threads_lock */

/* Interrupts off. */
static void release_spawned(struct thread *thread) {
    spin_lock(&kernel_threads_lock);
    list_remove(&thread->kernel_node);
    spin_unlock(&kernel_threads_lock);
    kfree(thread);
}

struct thread *thread_spawn(const char *name, void (*entry)(void *), void *argument) {
    return thread_spawn_on(name, entry, argument, UINT64_MAX);
}

struct thread *thread_spawn_on(const char *name, void (*entry)(void *), void *argument, uint64_t cpus) {
    struct thread *thread = kzalloc(sizeof *thread);
    if (thread == NULL)
        return NULL;
    thread->release = release_spawned;
    if (thread_init(thread, name, entry, argument) < 0) {
        kfree(thread);
        return NULL;
    }
    thread->affinity = cpus;
    thread->cpu_time.in_kernel = true;
    uint64_t flags = spin_lock_irqsave(&kernel_threads_lock);
    list_add_tail(&thread->kernel_node, &kernel_threads);
    spin_unlock_irqrestore(&kernel_threads_lock, flags);
    thread_start(thread);
    return thread;
}

void kernel_thread_each(void (*visit)(struct thread *thread, void *context), void *context) {
    struct thread *thread;
    uint64_t flags = spin_lock_irqsave(&kernel_threads_lock);
    list_for_each_entry(thread, &kernel_threads, kernel_node)
        visit(thread, context);
    spin_unlock_irqrestore(&kernel_threads_lock, flags);
}

const char *thread_state_name(const struct thread *thread) {
    static const char *const names[] = {
        [THREAD_NEW] = "new",           [THREAD_RUNNABLE] = "runnable", [THREAD_SLEEPING] = "sleeping",
        [THREAD_BLOCKED] = "blocked",   [THREAD_KILLABLE] = "killable", [THREAD_STOPPED] = "stopped",
        [THREAD_DEAD] = "dead",
    };
    return names[atomic_load_relaxed(&thread->state)];
}

void thread_exit(void) {
    struct thread *self = current_thread();
    ASSERT(self->release != NULL);
    atomic_store(&self->state, (uint32_t)THREAD_DEAD);
    schedule();
    panic("a dead thread runs");
}
