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

int thread_init(struct thread *thread, const char *name, void (*entry)(void *), void *argument) {
    DEBUG_ASSERT(thread->state == THREAD_NEW && thread->stack == NULL);
    thread->stack = kernel_stack_alloc();
    if (thread->stack == NULL)
        return -ENOMEM;
    thread->kernel_stack_top = (uintptr_t)thread->stack + KERNEL_STACK_SIZE;
    thread->entry = entry;
    thread->argument = argument;
    thread->affinity = ~0ull;
    strlcpy(thread->name, name, sizeof thread->name);
    /* A user thread's registers lie at the top; a kernel thread wastes that room. */
    void *start = (void *)(uintptr_t)(thread->kernel_stack_top - sizeof(struct trap_frame));
    arch_thread_init(&thread->arch, start, thread_begin);
    return 0;
}

static void release_spawned(struct thread *thread) {
    kfree(thread);
}

struct thread *thread_spawn(const char *name, void (*entry)(void *), void *argument) {
    struct thread *thread = kzalloc(sizeof *thread);
    if (thread == NULL)
        return NULL;
    thread->release = release_spawned;
    if (thread_init(thread, name, entry, argument) < 0) {
        kfree(thread);
        return NULL;
    }
    thread_start(thread);
    return thread;
}

void thread_exit(void) {
    struct thread *self = current_thread();
    ASSERT(self->release != NULL);
    atomic_store(&self->state, (uint32_t)THREAD_DEAD);
    schedule();
    panic("a dead thread runs");
}
