/* Per-CPU lists of deferred work. A list belongs to its CPU, with interrupts off. */
#include "kernel/irq/deferred.h"

#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/irq/irq.h"
#include "lib/assert.h"

struct deferred_list {
    struct list_node head; /* next == NULL until first use */
    bool running;
};
static DEFINE_PER_CPU(struct deferred_list, deferred_list);

void deferred_init(struct deferred *deferred, void (*run)(struct deferred *deferred)) {
    list_init(&deferred->node);
    deferred->queued = false;
    deferred->run = run;
}

/* Makes an interrupt happen on this CPU, at whose exit the list is run. */
static void interrupt_self(uint64_t flags) {
    if (irq_send(cpu_id(), IRQ_LOCAL_DEFERRED))
        return;
    if (flags & RFLAGS_IF) /* no APIC: a software interrupt looks the same to irq_dispatch */
        __asm__ volatile("int %0" ::"i"(IRQ_VECTOR_LOCAL + IRQ_LOCAL_DEFERRED) : "memory");
}

void deferred_queue(struct deferred *deferred) {
    if (atomic_exchange(&deferred->queued, true))
        return;
    uint64_t flags = irq_save();
    struct deferred_list *list = this_cpu_ptr(deferred_list);
    bool inside = irq_in_progress();
    if (!list->head.next)
        list_init(&list->head);
    list_add_tail(&deferred->node, &list->head);
    irq_restore(flags);
    if (!inside)
        interrupt_self(flags);
}

static struct deferred *take_first(struct deferred_list *list) {
    if (!list->head.next || list_is_empty(&list->head))
        return NULL;
    struct deferred *deferred = list_first_entry(&list->head, struct deferred, node);
    list_remove(&deferred->node);
    atomic_store(&deferred->queued, false); /* from here on it may be queued again */
    return deferred;
}

void deferred_run_pending(void) {
    uint64_t flags = irq_save();
    struct deferred_list *list = this_cpu_ptr(deferred_list);
    struct deferred *deferred;

    if (!list->running) {
        list->running = true;
        while ((deferred = take_first(list))) {
            irq_enable();
            deferred->run(deferred);
            irq_disable();
        }
        list->running = false;
    }
    irq_restore(flags);
}

bool deferred_is_running(void) {
    return this_cpu_ptr(deferred_list)->running;
}
