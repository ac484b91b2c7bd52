/* /kernel/hw/terminals, /proc/consoles and /proc/tty/drivers (proc(5)). */
#include "kernel/log/log.h"
#include "kernel/tty/console.h"
#include "kernel/tty/tty_internal.h"
#include "kernel/view/view.h"
#include "lib/string.h"

#define SERIAL_PREFIX "ttyS"

static void show_terminal(struct tty *tty, void *context) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    view_printf(context, "%s %u %u %ux%u %u %u %llu %s\n", tty->name, tty->open_count,
                tty_speed(&tty->ldisc.termios), tty->winsize.columns, tty->winsize.rows, ring_count(&tty->input),
                ring_count(&tty->output), (unsigned long long)tty->input_lost, tty->exclusive ? "yes" : "no");
    spin_unlock_irqrestore(&tty->lock, flags);
}

static void show_terminals(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "name opened baud columns_x_rows input_bytes output_bytes lost_bytes exclusive\n");
    tty_each(show_terminal, buffer);
}

/* The log's sinks are named after their terminals. */
static void show_console(const struct log_sink *sink, void *context) {
    struct tty *tty = tty_find(sink->name, strlen(sink->name));
    if (!tty)
        return;
    view_printf(context, "%-20s -W- (E%c)  %4u:%u\n", sink->name, tty == console_tty() ? 'C' : ' ',
                tty->node.major, tty->node.minor);
}

static void show_consoles(struct view_buffer *buffer, void *context) {
    (void)context;
    log_sink_each(show_console, buffer);
}

static void show_driver(struct tty *tty, void *context) {
    bool serial = strncmp(tty->name, SERIAL_PREFIX, strlen(SERIAL_PREFIX)) == 0;
    view_printf(context, "%-20s /dev/%-8s %3u %7u %s\n", tty->name, tty->name, tty->node.major, tty->node.minor,
                serial ? "serial" : "console");
}

static void show_drivers(struct view_buffer *buffer, void *context) {
    (void)context;
    tty_each(show_driver, buffer);
}

static struct view views[] = {
    {.tree = VIEW_KERNEL, .path = "hw/terminals",
     .help = "terminals: openings, line speed, size, bytes that wait, bytes lost", .show = show_terminals},
    {.tree = VIEW_PROC, .path = "consoles", .help = "terminals that show the log", .show = show_consoles},
    {.tree = VIEW_PROC, .path = "tty/drivers", .help = "terminals: name, device, numbers, type", .show = show_drivers},
};

void tty_views_init(void) {
    for (size_t i = 0; i < ARRAY_SIZE(views); i++)
        view_register(&views[i]);
}
