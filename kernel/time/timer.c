/*
 * Timer queues: a red-black tree per CPU, ordered by deadline, equal ones in order of arrival.
 *
 * Locks: a queue's `lock` (irqsave) guards the queue and the fields of the timers on it. timer->cpu
 * says which queue that is; it changes only under the old queue's lock, so whoever holds the lock
 * of the queue it names knows that it stays.
 *
 * Invariants: 1. a timer is in a tree exactly if `queued`; 2. the hardware is armed for the first
 * timer's deadline or an earlier moment; 3. a time of day is made a deadline under the lock of the queue the timer
 * enters, so timers_follow_realtime finds it there or it was made of the new offset.
 */
#include "kernel/time/timer.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/sync/cpu_call.h"
#include "kernel/sync/spinlock.h"
#include "kernel/time/event.h"
#include "lib/assert.h"

#define DELTA_MIN_NS NS_PER_US
#define DELTA_MAX_NS (4 * NS_PER_SEC) /* bounds the error of hardware that runs a little off */

struct timer_queue {
    struct spinlock lock;
    struct rb_root timers;
    struct timer *running; /* whose callback this CPU is in */
    uint64_t interrupts;
    uint64_t armed_ns;     /* what the hardware waits for; UINT64_MAX: nothing */
};

DEFINE_LOCK_CLASS(timer_lock_class, "timer_queue");
static DEFINE_PER_CPU(struct timer_queue, timer_queue);
static const struct clock_event *clock_event;

void timer_init_cpu(void) {
    struct timer_queue *queue = this_cpu_ptr(timer_queue);

    spin_init(&queue->lock, timer_lock_class);
    queue->armed_ns = UINT64_MAX;
}

static struct timer *first_timer(const struct timer_queue *queue) {
    struct rb_node *node = rb_first(&queue->timers);
    return node ? container_of(node, struct timer, node) : NULL;
}

/* Makes the running CPU's hardware agree with its queue; only ever sets it earlier or anew. */
static void arm(struct timer_queue *queue) {
    struct timer *first = first_timer(queue);

    if (!first || !clock_event || first->deadline_ns >= queue->armed_ns)
        return;
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t delta_ns = first->deadline_ns > now_ns ? first->deadline_ns - now_ns : 0;
    delta_ns = MAX(MIN(delta_ns, DELTA_MAX_NS), DELTA_MIN_NS);
    queue->armed_ns = now_ns + delta_ns;
    clock_event->arm(queue->armed_ns, delta_ns);
}

static void insert(struct timer_queue *queue, struct timer *timer) {
    struct rb_node *parent = NULL, **link = &queue->timers.top;

    while (*link) {
        parent = *link;
        bool right = timer->deadline_ns >= container_of(parent, struct timer, node)->deadline_ns;
        link = &parent->child[right ? RB_RIGHT : RB_LEFT];
    }
    rb_link_node(&timer->node, parent, link);
    rb_insert_fixup(&queue->timers, &timer->node);
    timer->queued = true;
}

static bool remove(struct timer_queue *queue, struct timer *timer) {
    if (!timer->queued)
        return false;
    rb_erase(&queue->timers, &timer->node);
    timer->queued = false;
    return true;
}

/* Locks the queue the timer is on, or was on last. Interrupts are off. */
static struct timer_queue *lock_queue_of(struct timer *timer) {
    for (;;) {
        uint32_t cpu = atomic_load_relaxed(&timer->cpu);
        struct timer_queue *queue = per_cpu_ptr(timer_queue, cpu);
        spin_lock(&queue->lock);
        if (likely(atomic_load_relaxed(&timer->cpu) == cpu))
            return queue;
        spin_unlock(&queue->lock);
    }
}

void timer_init(struct timer *timer, void (*expire)(struct timer *timer)) {
    *timer = (struct timer){.cpu = cpu_id(), .expire = expire};
}

/* Until the queue that is locked is this CPU's: another CPU may start the same timer, and so move it, in between. */
static struct timer_queue *bring_here(struct timer *timer) {
    struct timer_queue *queue, *own = this_cpu_ptr(timer_queue);

    for (;;) {
        queue = lock_queue_of(timer);
        remove(queue, timer);
        if (queue == own)
            return own;
        atomic_store_relaxed(&timer->cpu, cpu_id());
        spin_unlock(&queue->lock);
    }
}

void timer_start(struct timer *timer, uint64_t deadline) {
    bool realtime = deadline_is_realtime(deadline);
    uint64_t flags = irq_save();
    struct timer_queue *queue = bring_here(timer);

    timer->realtime_ns = realtime ? deadline & ~DEADLINE_REALTIME : 0;
    timer->deadline_ns = realtime ? clock_realtime_moment_ns(timer->realtime_ns) : deadline;
    insert(queue, timer);
    arm(queue);
    spin_unlock(&queue->lock);
    irq_restore(flags);
}

bool timer_cancel(struct timer *timer) {
    uint64_t flags = irq_save();
    struct timer_queue *queue = lock_queue_of(timer);
    bool was_queued = remove(queue, timer);
    spin_unlock(&queue->lock);
    irq_restore(flags);
    return was_queued;
}

/* On any CPU: it may have been started elsewhere since its callback began. Returns whether it ran. */
static bool wait_for_callback(const struct timer *timer) {
    bool ran = false;

    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct timer_queue *queue = per_cpu_ptr(timer_queue, cpu);
        while (atomic_load(&queue->running) == timer) {
            ran = true;
            cpu_pause();
        }
    }
    return ran;
}

bool timer_cancel_sync(struct timer *timer) {
    bool was_queued = timer_cancel(timer);

    while (wait_for_callback(timer)) /* which may have started it again */
        was_queued |= timer_cancel(timer);
    return was_queued;
}

/* Takes the first timer off the queue if it is due. The lock is held. */
static struct timer *take_due(struct timer_queue *queue) {
    struct timer *timer = first_timer(queue);

    if (!timer || timer->deadline_ns > clock_monotonic_ns())
        return NULL;
    remove(queue, timer);
    return timer;
}

void timer_interrupt(void) {
    struct timer_queue *queue = this_cpu_ptr(timer_queue);
    struct timer *timer;

    ASSERT(!irq_enabled());
    spin_lock(&queue->lock);
    queue->interrupts++;
    queue->armed_ns = 0; /* callbacks that start timers leave the hardware alone */
    while ((timer = take_due(queue))) {
        atomic_store(&queue->running, timer);
        spin_unlock(&queue->lock);
        timer->expire(timer); /* may free the timer */
        spin_lock(&queue->lock);
        atomic_store(&queue->running, NULL);
    }
    queue->armed_ns = UINT64_MAX;
    arm(queue);
    spin_unlock(&queue->lock);
}

/* The tree anew: deadlines that follow the time of day have moved among the others. */
static void follow_here(void *unused) {
    struct timer_queue *queue = this_cpu_ptr(timer_queue);
    struct rb_node *node;

    (void)unused;
    uint64_t flags = spin_lock_irqsave(&queue->lock);
    struct rb_root old = queue->timers;
    queue->timers = (struct rb_root){NULL};
    while ((node = rb_first(&old))) {
        struct timer *timer = container_of(node, struct timer, node);
        rb_erase(&old, node);
        if (timer->realtime_ns != 0)
            timer->deadline_ns = clock_realtime_moment_ns(timer->realtime_ns);
        insert(queue, timer);
    }
    arm(queue);
    spin_unlock_irqrestore(&queue->lock, flags);
}

void timers_follow_realtime(void) {
    cpu_call(cpu_mask_all(), follow_here, NULL);
    follow_here(NULL);
}

void timer_set_event(const struct clock_event *event) {
    uint64_t flags = spin_lock_irqsave(&this_cpu_ptr(timer_queue)->lock);
    clock_event = event;
    arm(this_cpu_ptr(timer_queue));
    spin_unlock_irqrestore(&this_cpu_ptr(timer_queue)->lock, flags);
}

void timer_stats_read(uint32_t cpu, struct timer_stats *stats) {
    struct timer_queue *queue = per_cpu_ptr(timer_queue, cpu);
    uint64_t flags = spin_lock_irqsave(&queue->lock);
    const struct timer *first = first_timer(queue);

    *stats = (struct timer_stats){.next_deadline_ns = first ? first->deadline_ns : 0, .interrupts = queue->interrupts};
    for (struct rb_node *node = rb_first(&queue->timers); node; node = rb_next(node)) {
        stats->queued++;
        stats->last_deadline_ns = container_of(node, struct timer, node)->deadline_ns;
    }
    spin_unlock_irqrestore(&queue->lock, flags);
}
