/*
 * Lines, their handlers, and the way from a vector to them.
 *
 * Locks: `lines_lock` (irqsave) guards the handler lists' writers and the chips; dispatch walks the
 * lists under RCU. Counters and irq_depth are per CPU and belong to its interrupt context.
 * Spec: SDM 3A ch. 6 and 10.
 */
#define LOG_TAG "irq"
#include "kernel/irq/irq.h"

#include "kernel/arch/percpu.h"
#include "kernel/firmware/acpi.h"
#include "kernel/irq/chip.h"
#include "kernel/irq/deferred.h"
#include "kernel/irq/io_apic.h"
#include "kernel/irq/local_apic.h"
#include "kernel/irq/pic.h"
#include "kernel/irq/stats.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "kernel/random/random.h"
#include "kernel/sync/cpu_call.h"
#include "kernel/sync/lockdep.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"
#include "lib/errno.h"

/* A level line that stays up although nobody claims it would stop the machine. */
#define UNCLAIMED_MAX 20000u

struct irq_line {
    struct list_node handlers; /* RCU; writers: lines_lock */
    uint32_t unclaimed;        /* in a row */
    bool in_use;
    enum irq_trigger trigger;
};

DEFINE_LOCK_CLASS(lines_lock_class, "irq_lines");
static struct spinlock lines_lock = SPINLOCK_INIT(lines_lock_class);
static struct irq_line lines[IRQ_LINES_MAX];
static const struct irq_chip *chip = &pic_chip; /* changes once, in irq_init */
static void (*local_handlers[IRQ_LOCAL_COUNT])(void);
static DEFINE_PER_CPU(uint32_t, irq_depth);
static DEFINE_PER_CPU(uint32_t, apic_id);
DEFINE_PER_CPU(struct irq_counts, irq_counts);

static unsigned first_vector(void) {
    return chip == &pic_chip ? IRQ_VECTOR_PIC : IRQ_VECTOR_LINE;
}

static bool line_exists(unsigned line) {
    return chip == &pic_chip ? line < IRQ_PIC_LINES : line < IRQ_LINES_MAX && io_apic_has_line(line);
}

static void handle_apic_error(void) {
    log_warn("local APIC of CPU %u reports error %#x", cpu_id(), local_apic_error());
}

/* Deferred work runs at the exit of any interrupt: this one only has to happen. */
static void handle_deferred(void) {
}

static void send_call(uint32_t cpu) {
    (void)irq_send(cpu, IRQ_LOCAL_CALL);
}

void irq_init_cpu(void) {
    local_apic_init_cpu();
    this_cpu(apic_id) = local_apic_id();
}

static bool use_apics(void) {
    const struct acpi_madt *madt = acpi_madt();

    if (!madt || madt->io_apic_count == 0 || cmdline_has("noapic"))
        return false;
    if (local_apic_init(madt->local_apic_phys) != 0)
        return false;
    irq_init_cpu();
    return io_apic_init(madt) == 0;
}

void irq_init(void) {
    for (unsigned line = 0; line < IRQ_LINES_MAX; line++)
        list_init(&lines[line].handlers);
    irq_set_local(IRQ_LOCAL_ERROR, handle_apic_error);
    irq_set_local(IRQ_LOCAL_DEFERRED, handle_deferred);
    irq_set_local(IRQ_LOCAL_CALL, cpu_call_handle);
    cpu_call_set_send(send_call);
    pic_init();
    if (use_apics())
        chip = &io_apic_chip;
    irq_stats_init();
    log_info("interrupt controller: %s", chip->name);
}

int irq_request_gsi(unsigned gsi, enum irq_trigger trigger, struct irq_handler *handler) {
    if (!line_exists(gsi))
        return -EINVAL;
    struct irq_line *line = &lines[gsi];
    uint64_t flags = spin_lock_irqsave(&lines_lock);

    handler->line = gsi;
    handler->count = 0;
    list_add_tail_rcu(&handler->node, &line->handlers);
    if (!line->in_use) {
        line->in_use = true;
        line->trigger = trigger;
        line->unclaimed = 0;
        chip->enable(gsi, trigger, first_vector() + gsi);
    }
    spin_unlock_irqrestore(&lines_lock, flags);
    return 0;
}

int irq_request_isa(unsigned isa_line, struct irq_handler *handler) {
    const struct acpi_madt *madt = acpi_madt();

    if (isa_line >= IRQ_PIC_LINES)
        return -EINVAL;
    if (chip == &pic_chip || !madt)
        return irq_request_gsi(isa_line, IRQ_EDGE_HIGH, handler);
    bool level = madt->isa[isa_line].trigger == ACPI_TRIGGER_LEVEL;
    bool low = madt->isa[isa_line].polarity == ACPI_POLARITY_LOW;
    enum irq_trigger trigger = level ? (low ? IRQ_LEVEL_LOW : IRQ_LEVEL_HIGH)
                                     : (low ? IRQ_EDGE_LOW : IRQ_EDGE_HIGH);
    return irq_request_gsi(madt->isa[isa_line].gsi, trigger, handler);
}

void irq_release(struct irq_handler *handler) {
    struct irq_line *line = &lines[handler->line];
    uint64_t flags = spin_lock_irqsave(&lines_lock);

    list_remove_rcu(&handler->node);
    if (list_is_empty(&line->handlers)) {
        chip->mask(handler->line);
        line->in_use = false;
    }
    spin_unlock_irqrestore(&lines_lock, flags);
    rcu_synchronize();
}

void irq_set_local(enum irq_local which, void (*handle)(void)) {
    ASSERT(which < IRQ_LOCAL_COUNT);
    local_handlers[which] = handle;
}

bool irq_send(uint32_t cpu, enum irq_local which) {
    if (!local_apic_in_use())
        return false;
    local_apic_send(*per_cpu_ptr(apic_id, cpu), IRQ_VECTOR_LOCAL + which);
    return true;
}

void irq_stop_others(void) {
    if (!local_apic_in_use())
        return;
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        if (cpu != cpu_id())
            local_apic_send_nmi(*per_cpu_ptr(apic_id, cpu));
}

/* Every handler of a shared edge line is asked: the edge may stand for several devices. */
static bool run_handlers(struct irq_line *line) {
    struct irq_handler *handler;
    bool claimed = false;

    list_for_each_entry_rcu(handler, &line->handlers, node) {
        if (handler->handle(handler)) {
            handler->count++;
            claimed = true;
        }
    }
    return claimed;
}

static void dispatch_line(unsigned number) {
    struct irq_line *line = &lines[number];

    if (number >= IRQ_LINES_MAX || (chip->is_spurious && chip->is_spurious(number))) {
        this_cpu_ptr(irq_counts)->spurious++;
        return;
    }
    this_cpu_ptr(irq_counts)->lines[number]++;
    if (run_handlers(line)) {
        line->unclaimed = 0;
    } else if (++line->unclaimed == UNCLAIMED_MAX) {
        chip->mask(number);
        log_error("line %u: nobody handles its interrupts; masked", number);
    }
    chip->end(number);
}

static void dispatch_local(unsigned which) {
    this_cpu_ptr(irq_counts)->local[which]++;
    if (local_apic_in_use())
        local_apic_end();
    if (local_handlers[which])
        local_handlers[which]();
}

static void dispatch_vector(unsigned vector) {
    if (vector >= IRQ_VECTOR_LOCAL && vector - IRQ_VECTOR_LOCAL < IRQ_LOCAL_COUNT)
        dispatch_local(vector - IRQ_VECTOR_LOCAL);
    else if (vector >= first_vector() && vector < IRQ_VECTOR_LOCAL)
        dispatch_line(vector - first_vector());
    else /* the APIC's spurious vector, or a line of the silenced 8259: neither wants an end */
        this_cpu_ptr(irq_counts)->spurious++;
}

void irq_dispatch(struct trap_frame *frame) {
    rcu_idle_exit(); /* handlers are readers */
    lockdep_irq_enter();
    this_cpu(irq_depth)++;
    random_mix_interrupt(frame->rip ^ frame->vector << 56);
    dispatch_vector((unsigned)frame->vector);
    this_cpu(irq_depth)--;
    if (this_cpu(irq_depth) == 0)
        deferred_run_pending();
    lockdep_irq_exit();
}

bool irq_in_progress(void) {
    return this_cpu(irq_depth) != 0 || deferred_is_running();
}

const char *irq_chip_name(void) {
    return chip->name;
}

bool irq_line_show(unsigned number, void (*show)(void *context, const struct irq_handler *handler), void *context) {
    struct irq_handler *handler;

    if (!lines[number].in_use)
        return false;
    rcu_read_lock();
    list_for_each_entry_rcu(handler, &lines[number].handlers, node)
        show(context, handler);
    rcu_read_unlock();
    return true;
}

bool irq_line_is_level(unsigned number) {
    return lines[number].trigger == IRQ_LEVEL_LOW || lines[number].trigger == IRQ_LEVEL_HIGH;
}
