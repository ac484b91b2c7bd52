/*
 * The work queue: one list, a few worker threads, so that work that sleeps does not hold up the rest.
 * `work_lock` guards the list and every `queued` flag; it nests outside run-queue locks.
 */
#include "kernel/sched/work.h"

#include "kernel/log/panic.h"
#include "kernel/sched/wait.h"

#define WORKER_COUNT 2u

DEFINE_LOCK_CLASS(work_class, "work queue");
static struct spinlock work_lock = SPINLOCK_INIT(work_class);
static struct list_node pending = LIST_INIT(pending);
static struct wait_queue workers;

void work_init(struct work *work, void (*run)(struct work *work)) {
    list_init(&work->node);
    work->queued = false;
    work->run = run;
}

bool work_queue(struct work *work) {
    uint64_t flags = spin_lock_irqsave(&work_lock);
    bool fresh = !work->queued;
    if (fresh) {
        work->queued = true;
        list_add_tail(&work->node, &pending);
    }
    spin_unlock_irqrestore(&work_lock, flags);
    if (fresh)
        wait_wake_one(&workers);
    return fresh;
}

static struct work *work_take(void) {
    struct work *work = NULL;
    uint64_t flags = spin_lock_irqsave(&work_lock);
    if (!list_is_empty(&pending)) {
        work = list_first_entry(&pending, struct work, node);
        list_remove(&work->node);
        work->queued = false;
    }
    spin_unlock_irqrestore(&work_lock, flags);
    return work;
}

static void wait_for_work(void) {
    struct wait_entry entry = {.exclusive = true};
    for (;;) {
        wait_prepare(&workers, &entry, THREAD_SLEEPING);
        if (!list_is_empty(&pending))
            break;
        schedule();
    }
    wait_finish(&workers, &entry);
}

static void worker(void *argument) {
    (void)argument;
    for (;;) {
        struct work *work = work_take();
        if (work != NULL)
            work->run(work);
        else
            wait_for_work();
    }
}

void work_start(void) {
    wait_queue_init(&workers);
    for (unsigned i = 0; i < WORKER_COUNT; i++)
        if (thread_spawn("worker", worker, NULL) == NULL)
            panic("no memory for worker threads");
}
