/* /kernel/runtime/locks, in debug builds: the lock classes met so far, and which was taken inside which. */
#include "kernel/runtime/runtime.h"
#include "kernel/sync/lockdep.h"

#if CONFIG_DEBUG

static void show_inner(struct view_buffer *buffer, const struct lock_class *held) {
    const struct lock_class *taken;
    for (unsigned id = 1; (taken = lockdep_class(id)) != NULL; id++)
        if (lockdep_was_nested(held, taken))
            view_printf(buffer, " \"%s\"", taken->name);
}

static void show_locks(struct view_buffer *buffer, void *context) {
    const struct lock_class *class;
    (void)context;
    view_printf(buffer, "interrupts class inside_it...\n");
    for (unsigned id = 1; (class = lockdep_class(id)) != NULL; id++) {
        view_printf(buffer, "%s \"%s\"", class->used_in_irq ? "yes" : "no", class->name);
        show_inner(buffer, class);
        view_printf(buffer, "\n");
    }
}

static void show_reports(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "reports %u\n", lockdep_report_count());
}

static struct view views[] = {
    {.path = "runtime/locks", .help = "lock classes: taken in interrupts, name, classes that were taken while it was held",
     .show = show_locks},
    {.path = "runtime/lock_reports", .help = "violations of the lock order so far", .show = show_reports},
};

void runtime_locks_init(void) {
    runtime_register(views, ARRAY_SIZE(views));
}

#else

void runtime_locks_init(void) {
}

#endif
