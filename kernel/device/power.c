/* Power-off and reboot: methods in order, then what every PC can do. `methods` is written at boot only. */
#define LOG_TAG "power"
#include "kernel/device/power.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/irqflags.h"
#include "kernel/log/log.h"
#include "kernel/time/clock.h"
#include "kernel/tty/tty.h"
#include "kernel/view/view.h"

#define DRAIN_NS (500 * NS_PER_MS)

static struct list_node methods = LIST_INIT(methods);

void power_register(struct power_method *method) {
    list_add_tail(&method->node, &methods);
}

/* Nothing runs after this but the method. */
static void quiesce(const char *what) {
    tty_drain_all(DRAIN_NS);
    log_notice("%s", what);
    irq_disable();
}

noreturn_fn void power_off(void) {
    struct power_method *method;

    quiesce("power off");
    list_for_each_entry(method, &methods, node) {
        if (method->off)
            method->off();
    }
    log_notice("this machine cannot switch itself off: it is safe to do so now");
    cpu_halt_forever();
}

noreturn_fn void power_reboot(void) {
    struct power_method *method;

    quiesce("restart");
    list_for_each_entry(method, &methods, node) {
        if (method->reset)
            method->reset();
    }
    cpu_reset();
}

noreturn_fn void power_halt(void) {
    quiesce("system halted");
    cpu_halt_forever();
}

static void show_methods(struct view_buffer *buffer, void *context) {
    const struct power_method *method;
    (void)context;
    view_printf(buffer, "method off reset\n");
    list_for_each_entry(method, &methods, node)
        view_printf(buffer, "%s %s %s\n", method->name, method->off ? "yes" : "no", method->reset ? "yes" : "no");
    view_printf(buffer, "any-pc no yes\n"); /* cpu_reset */
}

static struct view methods_view = {
    .tree = VIEW_KERNEL,
    .path = "hw/power",
    .help = "ways to switch off and to restart, in the order they are tried",
    .show = show_methods,
};

void power_init(void) {
    view_register(&methods_view);
}
