/*
 * Signal queues, masks and actions. Everything here is guarded by process->lock unless said otherwise;
 * handlers->lock (several processes may share one table) nests inside it.
 */
#include "kernel/task/signal.h"

#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "kernel/task/signal_send.h"
#include "kernel/task/task.h"
#include "lib/string.h"

DEFINE_LOCK_CLASS(handlers_class, "signal handlers");
static struct slab_cache *handlers_cache, *entry_cache;

/* Faults of the running thread are looked at before anything else, as on Linux. */
#define SYNCHRONOUS (signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) | signal_bit(SIGTRAP) | \
                     signal_bit(SIGFPE) | signal_bit(SIGSYS))

void signal_init(void) {
    wait_queue_init(&signal_arrivals);
    handlers_cache = slab_cache_create("signal_handlers", sizeof(struct signal_handlers), 0, NULL);
    entry_cache = slab_cache_create("signal_entry", sizeof(struct signal_entry), 0, NULL);
}

/* signal(7), "Standard signals" */
enum signal_default signal_default_action(unsigned signal) {
    switch (signal) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
        return SIGNAL_DISCARD;
    case SIGCONT:
        return SIGNAL_CONTINUE;
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return SIGNAL_STOP;
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS:
        return SIGNAL_CORE;
    default:
        return SIGNAL_TERMINATE;
    }
}

/* ---- queues ---- */

void signal_pending_init(struct signal_pending *pending) {
    pending->set = 0;
    list_init(&pending->queue);
}

struct user *signal_user(struct process *process) {
    const struct task *task = list_first_entry(&process->threads, struct task, process_node);
    return rcu_dereference(task->cred)->user; /* interrupts are off: it stays */
}

bool signal_enqueue(struct process *process, struct signal_pending *pending, const struct signal_info *info) {
    struct user *user = signal_user(process);

    if (!user_charge_signal(user, process->limits[RLIMIT_SIGPENDING].current))
        return false;
    struct signal_entry *entry = slab_alloc(entry_cache);
    if (entry == NULL) {
        user_uncharge_signal(user);
        return false;
    }
    entry->info = *info;
    entry->taken = NULL;
    entry->user = user;
    list_add_tail(&entry->node, &pending->queue);
    return true;
}

static void entry_free(struct signal_entry *entry) {
    list_remove(&entry->node);
    if (entry->taken != NULL) {
        entry->queue = NULL;
        return;
    }
    user_uncharge_signal(entry->user);
    slab_free(entry_cache, entry);
}

void signal_pending_flush(struct signal_pending *pending, signal_set set) {
    struct signal_entry *entry, *following;

    if ((pending->set & set) == 0)
        return;
    pending->set &= ~set;
    list_for_each_entry_safe(entry, following, &pending->queue, node) {
        if (set & signal_bit((unsigned)entry->info.number))
            entry_free(entry);
    }
}

void signal_withdraw(struct signal_entry *entry) {
    struct signal_pending *pending = entry->queue;
    const struct signal_entry *other;

    if (pending == NULL)
        return;
    list_remove(&entry->node);
    entry->queue = NULL;
    list_for_each_entry(other, &pending->queue, node) {
        if (other->info.number == entry->info.number)
            return;
    }
    pending->set &= ~signal_bit((unsigned)entry->info.number);
}

/* Takes the first entry of `signal`; one that found no memory carries no details. */
static void take(struct signal_pending *pending, unsigned signal, struct signal_info *info) {
    struct signal_entry *entry, *following;
    bool found = false, more = false;

    list_for_each_entry_safe(entry, following, &pending->queue, node) {
        if ((unsigned)entry->info.number != signal)
            continue;
        more = found;
        if (found)
            break;
        found = true;
        *info = entry->info;
        void (*taken)(struct signal_entry *, struct signal_info *) = entry->taken;
        entry_free(entry);
        if (taken != NULL)
            taken(entry, info);
    }
    if (!found)
        *info = (struct signal_info){.number = (int32_t)signal, .code = SI_USER};
    if (!more)
        pending->set &= ~signal_bit(signal);
}

static unsigned first_signal(signal_set set) {
    signal_set chosen = set & SYNCHRONOUS ? set & SYNCHRONOUS : set;
    return (unsigned)__builtin_ctzll(chosen) + 1;
}

unsigned signal_dequeue(struct task *task, signal_set set, struct signal_info *info) {
    struct process *process = task->process;
    struct signal_pending *pending = &task->signals.pending;

    if ((pending->set & set) == 0)
        pending = &process->shared_pending;
    if ((pending->set & set) == 0)
        return 0;
    unsigned signal = first_signal(pending->set & set);
    take(pending, signal, info);
    return signal;
}

signal_set signal_deliverable(const struct task *task) {
    signal_set pending = task->signals.pending.set | task->process->shared_pending.set;
    return pending & ~task->signals.mask;
}

void signal_recalculate(struct task *task) {
    const struct process *process = task->process;
    bool look = signal_deliverable(task) != 0 || process->stopping || process->exiting ||
                process->continue_notify || process->exec_task != NULL || task->signals.restore_mask;

    if (look)
        atomic_fetch_or(&task->thread.work, (uint32_t)THREAD_WORK_SIGNAL);
    else if (task->thread.work & THREAD_WORK_SIGNAL)
        atomic_fetch_and(&task->thread.work, ~(uint32_t)THREAD_WORK_SIGNAL);
}

void signal_set_mask(signal_set mask) {
    struct task *task = current_task();
    struct process *process = task->process;

    uint64_t flags = spin_lock_irqsave(&process->lock);
    signal_set newly_blocked = mask & ~task->signals.mask;
    task->signals.mask = mask & ~SIGNAL_SET_UNBLOCKABLE;
    signal_recalculate(task);
    if (newly_blocked & process->shared_pending.set)
        signal_retarget(process, newly_blocked & process->shared_pending.set);
    spin_unlock_irqrestore(&process->lock, flags);
}

/* ---- actions ---- */

struct signal_handlers *signal_handlers_create(void) {
    struct signal_handlers *handlers = slab_alloc_zero(handlers_cache);
    if (handlers == NULL)
        return NULL;
    refcount_init(&handlers->refcount, 1);
    spin_init(&handlers->lock, handlers_class);
    return handlers;
}

struct signal_handlers *signal_handlers_copy(struct signal_handlers *handlers) {
    struct signal_handlers *copy = slab_alloc(handlers_cache);
    if (copy == NULL)
        return NULL;
    refcount_init(&copy->refcount, 1);
    spin_init(&copy->lock, handlers_class);
    uint64_t flags = spin_lock_irqsave(&handlers->lock); /* a thread beside us may be changing one */
    memcpy(copy->actions, handlers->actions, sizeof copy->actions);
    spin_unlock_irqrestore(&handlers->lock, flags);
    return copy;
}

void signal_handlers_put(struct signal_handlers *handlers) {
    if (refcount_put(&handlers->refcount))
        slab_free(handlers_cache, handlers);
}

void signal_handlers_reset(struct signal_handlers *handlers) {
    uint64_t flags = spin_lock_irqsave(&handlers->lock);
    for (unsigned signal = 1; signal <= SIGNAL_COUNT; signal++) {
        struct signal_action *action = &handlers->actions[signal];
        uint64_t handler = action->handler == SIGNAL_IGNORE ? SIGNAL_IGNORE : SIGNAL_DEFAULT;
        *action = (struct signal_action){.handler = handler};
    }
    spin_unlock_irqrestore(&handlers->lock, flags);
}

bool signal_is_ignored(struct process *process, unsigned signal) {
    uint64_t handler = atomic_load_relaxed(&process->handlers->actions[signal].handler);
    if (handler == SIGNAL_IGNORE)
        return true;
    if (handler != SIGNAL_DEFAULT)
        return false;
    enum signal_default action = signal_default_action(signal);
    return action == SIGNAL_DISCARD || action == SIGNAL_CONTINUE || process == init_process;
}

bool signal_is_deadly(struct process *process, unsigned signal) {
    return atomic_load_relaxed(&process->handlers->actions[signal].handler) == SIGNAL_DEFAULT &&
           signal_default_action(signal) == SIGNAL_TERMINATE && process != init_process;
}

bool signal_is_blocked(struct task *task, unsigned signal) {
    return (atomic_load_relaxed(&task->signals.mask) & signal_bit(signal)) != 0;
}

void signal_set_action(unsigned signal, const struct signal_action *action) {
    struct process *process = current_process();
    struct signal_handlers *handlers = process->handlers;
    struct task *task;

    uint64_t flags = spin_lock_irqsave(&process->lock);
    spin_lock(&handlers->lock);
    handlers->actions[signal] = *action;
    handlers->actions[signal].mask &= ~SIGNAL_SET_UNBLOCKABLE;
    spin_unlock(&handlers->lock);
    if (signal_is_ignored(process, signal)) {
        signal_pending_flush(&process->shared_pending, signal_bit(signal));
        list_for_each_entry(task, &process->threads, process_node)
            signal_pending_flush(&task->signals.pending, signal_bit(signal));
    }
    spin_unlock_irqrestore(&process->lock, flags);
}
