/*
 * Grace periods and callbacks of read-copy-update.
 *
 * Grace periods are numbered. One runs at a time: `pending_cpus` are those that have not passed a
 * quiescent state since it began; the last one ends it. Each CPU keeps its callbacks in three lists,
 * each in the order of rcu_defer:
 *
 *   next --(a grace period is chosen for them)--> waiting --(it has ended)--> ready --> run
 *
 * Invariants
 *  1. A callback gets a grace period that begins after its rcu_defer.
 *  2. The lists of a CPU are touched by that CPU alone, with interrupts off.
 *  3. The backlog is bounded in practice: from BACKLOG_HIGH on, every rcu_defer asks all CPUs for
 *     quiescent states and callbacks run at the next context switch, in any number.
 *
 * `rcu_lock` guards the grace-period state; it nests inside everything and calls nothing.
 */
#include "kernel/sync/rcu.h"

#include "kernel/arch/irqflags.h"
#include "kernel/log/panic.h"
#include "kernel/sync/spinlock.h"

#define BATCH 32u          /* ready callbacks that make it worth running them */
#define BACKLOG_HIGH 4096u /* callbacks on one CPU */

struct rcu_list {
    struct rcu_head *first, *last;
    uint32_t count;
};

struct rcu_cpu {
    struct rcu_list next, waiting, ready;
    uint64_t waiting_for; /* grace period of `waiting` */
    uint32_t running;     /* inside rcu_run_callbacks */
};

DEFINE_LOCK_CLASS(rcu_class, "rcu");
static struct spinlock rcu_lock = SPINLOCK_INIT(rcu_class);
static uint64_t gp_started, gp_completed; /* equal: none runs */
static uint64_t gp_wanted;                /* run grace periods up to this number */
static uint64_t online_cpus, pending_cpus;
static uint64_t waiting_cpus;             /* those with callbacks that wait for a grace period */
static uint32_t expediters;               /* somebody waits: do not batch */
static uint64_t callbacks_run;
static void (*kick_cpu)(uint32_t cpu);

static DEFINE_PER_CPU(struct rcu_cpu, rcu_cpu_data);
DEFINE_PER_CPU(uint32_t, rcu_attention);
DEFINE_PER_CPU(uint32_t, rcu_idle); /* it halts: not a reader, does not notice anything */

static void list_append(struct rcu_list *list, struct rcu_list *from) {
    if (from->first == NULL)
        return;
    if (list->first == NULL)
        list->first = from->first;
    else
        list->last->next = from->first;
    list->last = from->last;
    list->count += from->count;
    *from = (struct rcu_list){0};
}

/*
 * The running CPU never counts as idle, so a grace period waits for at least one. rcu_lock held.
 * Either a CPU about to halt sees its attention, or it is seen idle here: both sides have a full
 * barrier between their store and their load.
 */
static void gp_start(void) {
    gp_started++;
    pending_cpus = online_cpus;
    for (uint64_t left = online_cpus; left != 0; left &= left - 1) {
        unsigned cpu = (unsigned)__builtin_ctzll(left);
        atomic_exchange(per_cpu_ptr(rcu_attention, cpu), 1u);
        if (atomic_load(per_cpu_ptr(rcu_idle, cpu)))
            pending_cpus &= ~BIT(cpu);
    }
}

/*
 * The running CPU has passed a quiescent state. rcu_lock held. Returns the CPUs that have to be told
 * that the grace period they waited for is over.
 */
static uint64_t gp_pass(void) {
    uint64_t tell = 0;

    pending_cpus &= ~BIT(cpu_id());
    if (gp_started == gp_completed || pending_cpus != 0)
        return 0;
    gp_completed = gp_started;
    for (uint64_t left = waiting_cpus & ~BIT(cpu_id()); left != 0; left &= left - 1) {
        unsigned cpu = (unsigned)__builtin_ctzll(left);
        atomic_exchange(per_cpu_ptr(rcu_attention, cpu), 1u);
        if (atomic_load(per_cpu_ptr(rcu_idle, cpu)))
            tell |= BIT(cpu);
    }
    if (gp_wanted > gp_completed)
        gp_start();
    return tell;
}

/* Moves the running CPU's callbacks onward. rcu_lock held. */
static void callbacks_advance(struct rcu_cpu *rcu) {
    if (rcu->waiting.first != NULL && gp_completed >= rcu->waiting_for)
        list_append(&rcu->ready, &rcu->waiting);
    if (rcu->waiting.first == NULL && rcu->next.first != NULL) {
        list_append(&rcu->waiting, &rcu->next);
        rcu->waiting_for = gp_started + 1;
        gp_wanted = MAX(gp_wanted, rcu->waiting_for);
        if (gp_started == gp_completed)
            gp_start();
    }
}

static uint32_t backlog(const struct rcu_cpu *rcu) {
    return rcu->next.count + rcu->waiting.count + rcu->ready.count;
}

void rcu_cpu_online(void) {
    spin_lock(&rcu_lock);
    online_cpus |= BIT(cpu_id());
    spin_unlock(&rcu_lock);
}

void rcu_set_kick(void (*kick)(uint32_t cpu)) {
    kick_cpu = kick;
}

static void kick_all(void) {
    uint64_t left = atomic_load_relaxed(&online_cpus);
    for (; kick_cpu != NULL && left != 0; left &= left - 1)
        kick_cpu((uint32_t)__builtin_ctzll(left));
}

void rcu_expedite_begin(void) {
    atomic_fetch_add(&expediters, 1u);
    kick_all();
}

void rcu_expedite_end(void) {
    atomic_fetch_sub(&expediters, 1u);
}

void rcu_defer(struct rcu_head *head, void (*callback)(struct rcu_head *head)) {
    struct rcu_list one = {head, head, 1};
    head->next = NULL;
    head->callback = callback;

    uint64_t flags = irq_save();
    struct rcu_cpu *rcu = this_cpu_ptr(rcu_cpu_data);
    list_append(&rcu->next, &one);
    this_cpu(rcu_attention) = 1;
    if (unlikely(backlog(rcu) >= BACKLOG_HIGH) && backlog(rcu) % BATCH == 0)
        kick_all();
    irq_restore(flags);
}

void rcu_quiescent_slow(void) {
    uint64_t flags = irq_save(), self = BIT(cpu_id()), tell = 0;
    struct rcu_cpu *rcu = this_cpu_ptr(rcu_cpu_data);

    spin_lock(&rcu_lock);
    if (pending_cpus & self)
        tell = gp_pass();
    callbacks_advance(rcu);
    /* Callbacks that wait for other CPUs are no reason to look again: the last of those tells. */
    waiting_cpus = rcu->waiting.first != NULL ? waiting_cpus | self : waiting_cpus & ~self;
    this_cpu(rcu_attention) = (pending_cpus & self) != 0;
    spin_unlock(&rcu_lock);
    for (; kick_cpu != NULL && tell != 0; tell &= tell - 1)
        kick_cpu((uint32_t)__builtin_ctzll(tell));
    irq_restore(flags);
}

bool rcu_idle_enter(void) {
    atomic_exchange(this_cpu_ptr(rcu_idle), 1u);
    return this_cpu(rcu_attention) == 0;
}

void rcu_run_callbacks(bool all) {
    struct rcu_cpu *rcu = this_cpu_ptr(rcu_cpu_data);
    bool now = all || atomic_load_relaxed(&expediters) != 0;

    if (rcu->ready.count < (now ? 1u : BATCH) || rcu->running)
        return;
    DEBUG_ASSERT(irq_enabled());
    irq_disable();
    rcu->running = 1;
    struct rcu_list list = {0};
    list_append(&list, &rcu->ready);
    irq_enable();

    for (struct rcu_head *head = list.first, *next; head != NULL; head = next) {
        next = head->next;
        head->callback(head);
    }
    rcu->running = 0;
    atomic_fetch_add(&callbacks_run, (uint64_t)list.count);
}

void rcu_stats_read(struct rcu_stats *stats) {
    stats->grace_periods = atomic_load_relaxed(&gp_completed);
    stats->callbacks_run = atomic_load_relaxed(&callbacks_run);
    stats->pending_cpus = gp_started == gp_completed ? 0 : atomic_load_relaxed(&pending_cpus);
    stats->backlog = 0;
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        stats->backlog += backlog(per_cpu_ptr(rcu_cpu_data, cpu));
}
