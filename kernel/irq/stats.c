/* /proc/interrupts (proc(5)) and /kernel/hw/irq. Counters are read without locks: they only grow. */
#include "kernel/irq/stats.h"

#include "kernel/view/view.h"

static const struct {
    const char *tag, *text;
} local_names[IRQ_LOCAL_COUNT] = {
    [IRQ_LOCAL_TIMER] = {"LOC", "Local timer interrupts"},
    [IRQ_LOCAL_RESCHEDULE] = {"RES", "Rescheduling interrupts"},
    [IRQ_LOCAL_CALL] = {"CAL", "Function call interrupts"},
    [IRQ_LOCAL_DEFERRED] = {"DEF", "Deferred work interrupts"},
    [IRQ_LOCAL_ERROR] = {"ERR", "Local APIC errors"},
};

uint64_t irq_total(void) {
    uint64_t total = 0;

    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        const struct irq_counts *counts = per_cpu_ptr(irq_counts, cpu);
        total += counts->spurious;
        for (unsigned i = 0; i < IRQ_LOCAL_COUNT; i++)
            total += counts->local[i];
        for (unsigned i = 0; i < IRQ_LINES_MAX; i++)
            total += counts->lines[i];
    }
    return total;
}

static void show_name(void *context, const struct irq_handler *handler) {
    view_printf(context, "  %s", handler->name);
}

static void show_line(struct view_buffer *buffer, unsigned line) {
    view_printf(buffer, "%3u:", line);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        view_printf(buffer, " %10u", per_cpu_ptr(irq_counts, cpu)->lines[line]);
    view_printf(buffer, "   %s %3u-%s", irq_chip_name(), line, irq_line_is_level(line) ? "level" : "edge");
    irq_line_show(line, show_name, buffer);
    view_printf(buffer, "\n");
}

static void ignore_handler(void *context, const struct irq_handler *handler) {
    (void)context;
    (void)handler;
}

static void show_interrupts(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "    ");
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        view_printf(buffer, "       CPU%-2u", cpu);
    view_printf(buffer, "\n");
    for (unsigned line = 0; line < IRQ_LINES_MAX; line++) {
        if (irq_line_show(line, ignore_handler, NULL))
            show_line(buffer, line);
    }
    for (unsigned i = 0; i < IRQ_LOCAL_COUNT; i++) {
        view_printf(buffer, "%s:", local_names[i].tag);
        for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
            view_printf(buffer, " %10llu", (unsigned long long)per_cpu_ptr(irq_counts, cpu)->local[i]);
        view_printf(buffer, "   %s\n", local_names[i].text);
    }
    view_printf(buffer, "SPU:");
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        view_printf(buffer, " %10llu", (unsigned long long)per_cpu_ptr(irq_counts, cpu)->spurious);
    view_printf(buffer, "   Spurious interrupts\n");
}

static void show_handler(void *context, const struct irq_handler *handler) {
    view_printf(context, "%u %s %s %llu %s\n", handler->line, irq_chip_name(),
                irq_line_is_level(handler->line) ? "level" : "edge", (unsigned long long)handler->count,
                handler->name);
}

static void show_handlers(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "line chip trigger count handler\n");
    for (unsigned line = 0; line < IRQ_LINES_MAX; line++)
        irq_line_show(line, show_handler, buffer);
}

static struct view interrupts_view = {
    .tree = VIEW_PROC,
    .path = "interrupts",
    .help = "interrupts per line and CPU, as on Linux",
    .show = show_interrupts,
};
static struct view handlers_view = {
    .tree = VIEW_KERNEL,
    .path = "hw/irq",
    .help = "interrupt handlers: line, controller, trigger, interrupts handled, name",
    .show = show_handlers,
};

void irq_stats_init(void) {
    view_register(&interrupts_view);
    view_register(&handlers_view);
}
