/*
 * The virtual terminal. Output changes the emulator's cells at once; the display follows at most
 * once in REFRESH_NS, so that a flood of text costs one screenful of drawing, not one a line.
 *
 * Locks: `terminal.lock` (irqsave, inside tty->lock) guards the emulator, the scroll-back and the
 * display. The keyboard state belongs to the input class's reports, one at a time under `keyboard_lock`.
 */
#define LOG_TAG "vt"
#include "kernel/tty/vt_terminal.h"

#include "kernel/device/power.h"
#include "kernel/display/display.h"
#include "kernel/input/input.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/work.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"
#include "kernel/tty/console.h"
#include "kernel/tty/scrollback.h"
#include "kernel/tty/tty.h"
#include "lib/errno.h"
#include "lib/keymap.h"
#include "lib/string.h"

#define REFRESH_NS (16 * NS_PER_MS)
#define SCROLLBACK_LINES 200u
#define OUTPUT_CHUNK 128u
#define TTY_MAJOR 4u
#define TTY1_MINOR 1u

DEFINE_LOCK_CLASS(terminal_class, "vt");
DEFINE_LOCK_CLASS(keyboard_class, "vt_keyboard");

static struct {
    struct tty tty;
    struct spinlock lock;
    struct display *display;   /* NULL until one is there */
    struct vt vt;
    struct scrollback scrollback;
    unsigned view_back;        /* lines scrolled back; 0: the screen itself */
    struct timer refresh_timer;
    struct deferred refresh_work;
    bool refresh_due;          /* the timer or the work is on its way */
    struct vt_cell *drawing;   /* a row as the display shall show it */
    struct log_sink sink;
} terminal;

static struct spinlock keyboard_lock = SPINLOCK_INIT(keyboard_class);
static struct keymap keymap;
static struct work reboot_work;

/* ---- drawing; terminal.lock is held ---- */

/* The cells that row shows: the screen's, or older ones while scrolled back. */
static const struct vt_cell *visible_row(unsigned row) {
    if (row < terminal.view_back)
        return scrollback_line(&terminal.scrollback, terminal.view_back - row);
    return vt_row(&terminal.vt, row - terminal.view_back);
}

static void draw_row(unsigned row) {
    const struct vt_cell *cells = visible_row(row);

    for (unsigned column = 0; column < terminal.vt.cols; column++) {
        struct vt_cell *cell = &terminal.drawing[column];
        *cell = cells[column];
        vt_cell_colours(&terminal.vt, &cells[column], &cell->fg, &cell->bg);
    }
    terminal.display->ops->draw(terminal.display, row, 0, terminal.drawing, terminal.vt.cols);
}

static void draw_cursor(void) {
    bool visible = terminal.vt.cursor_visible && terminal.view_back == 0;
    terminal.display->ops->set_cursor(terminal.display, terminal.vt.cursor.row, terminal.vt.cursor.col, visible);
}

/* One dirty row; false when there is none left. */
static bool draw_next(unsigned *row) {
    *row = vt_take_dirty_row(&terminal.vt, *row);
    if (*row >= terminal.vt.rows)
        return false;
    draw_row((*row)++);
    return true;
}

/* Interrupts are off for a row at a time. */
static void refresh(struct deferred *deferred) {
    unsigned row = 0;
    bool more = true;
    (void)deferred;

    while (more) {
        uint64_t flags = spin_lock_irqsave(&terminal.lock);
        if (row == 0)
            terminal.refresh_due = false; /* what changes from here on asks anew */
        more = draw_next(&row);
        if (!more)
            draw_cursor();
        spin_unlock_irqrestore(&terminal.lock, flags);
    }
}

static void refresh_timer(struct timer *timer) {
    (void)timer;
    deferred_queue(&terminal.refresh_work);
}

static void want_refresh(void) {
    if (terminal.refresh_due)
        return;
    terminal.refresh_due = true;
    timer_start(&terminal.refresh_timer, clock_monotonic_ns() + REFRESH_NS);
}

static void view_scroll(int lines) {
    int back = (int)terminal.view_back + lines;

    terminal.view_back = (unsigned)MAX(0, MIN(back, (int)terminal.scrollback.count));
    vt_redraw(&terminal.vt);
    want_refresh();
}

/* ---- output ---- */

static void write_locked(const void *bytes, size_t count) {
    if (terminal.view_back > 0)
        view_scroll(-(int)terminal.view_back);
    vt_write(&terminal.vt, bytes, count);
    want_refresh();
}

static void vt_start_output(struct tty *tty) {
    uint8_t bytes[OUTPUT_CHUNK];
    size_t count;

    spin_lock(&terminal.lock);
    while ((count = tty_take_output(tty, bytes, sizeof bytes)) > 0)
        write_locked(bytes, count);
    spin_unlock(&terminal.lock);
}

static void reply(void *context, const char *bytes, size_t count) {
    (void)context;
    tty_input(&terminal.tty, (const uint8_t *)bytes, count);
}

static void scrolled_off(void *context, const struct vt_cell *cells, unsigned columns) {
    (void)context;
    (void)columns;
    scrollback_add(&terminal.scrollback, cells);
}

static const struct vt_ops vt_ops = {.reply = reply, .scrolled_off = scrolled_off};
/* The display has the size it has. */
static int vt_resize(struct tty *tty, const struct winsize *size) {
    return size->rows == tty->winsize.rows && size->columns == tty->winsize.columns ? 0 : -EINVAL;
}

static const struct tty_ops tty_ops = {.start_output = vt_start_output, .resize = vt_resize};

/* In a panic nothing comes later: draw now, whoever holds the lock. */
static void draw_all_in_panic(void) {
    for (unsigned row = 0; draw_next(&row);)
        continue;
    draw_cursor();
}

static void write_log(struct log_sink *sink, const char *text, size_t length) {
    bool panicking = panic_in_progress();
    uint64_t flags = irq_save();
    (void)sink;

    if (panicking)
        (void)spin_trylock(&terminal.lock);
    else
        spin_lock(&terminal.lock);
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        vt_write(&terminal.vt, text, (size_t)(stop - text));
        if (newline)
            vt_write(&terminal.vt, "\r\n", 2);
        text = stop + (newline ? 1 : 0);
    }
    if (panicking)
        draw_all_in_panic();
    else
        want_refresh();
    spin_unlock(&terminal.lock);
    irq_restore(flags);
}

/* ---- keys ---- */

static void reboot(struct work *work) {
    (void)work;
    power_reboot();
}

static void scroll_half(int direction) {
    uint64_t flags = spin_lock_irqsave(&terminal.lock);
    if (terminal.display)
        view_scroll(direction * terminal.vt.rows / 2);
    spin_unlock_irqrestore(&terminal.lock, flags);
}

static void key(uint8_t code, bool pressed, bool repeated) {
    uint64_t flags = spin_lock_irqsave(&keyboard_lock);
    struct keymap_result result = keymap_key(&keymap, code, pressed, repeated, terminal.vt.application_cursor_keys);
    uint8_t locks = keymap.locks;
    spin_unlock_irqrestore(&keyboard_lock, flags);

    switch (result.action) {
    case KEYMAP_NOTHING:
        if (result.count > 0)
            tty_input(&terminal.tty, (const uint8_t *)result.bytes, result.count);
        break;
    case KEYMAP_SCROLL_UP:
        scroll_half(1);
        break;
    case KEYMAP_SCROLL_DOWN:
        scroll_half(-1);
        break;
    case KEYMAP_LOCKS:
        input_set_leds(locks);
        break;
    case KEYMAP_REBOOT:
        work_queue(&reboot_work);
        break;
    }
}

static const struct input_handler input_handler = {.key = key};

/* ---- attaching ---- */

/* What the loader left on the screen becomes the terminal's first lines. */
static void adopt_screen(struct display *display) {
    uint32_t codepoints[VT_COLS_MAX / 4];

    if (!display->ops->read || display->columns > ARRAY_SIZE(codepoints))
        return;
    for (unsigned row = 0; row < display->cursor_row; row++) {
        unsigned length = display->columns;
        display->ops->read(display, row, codepoints);
        while (length > 0 && codepoints[length - 1] == ' ')
            length--;
        for (unsigned column = 0; column < length; column++) {
            char c = codepoints[column] < 0x7f ? (char)codepoints[column] : '?';
            vt_write(&terminal.vt, &c, 1);
        }
        vt_write(&terminal.vt, "\r\n", 2);
    }
}

static int set_up(struct display *display) {
    struct vt_cell *cells = kcalloc(VT_CELLS(display->rows, display->columns), sizeof *cells);
    terminal.drawing = kcalloc(display->columns, sizeof *terminal.drawing);

    if (!cells || !terminal.drawing) {
        kfree(cells);
        kfree(terminal.drawing);
        return -ENOMEM;
    }
    if (scrollback_init(&terminal.scrollback, SCROLLBACK_LINES, display->columns) != 0)
        log_warn("no memory for scroll-back");
    vt_init(&terminal.vt, display->rows, display->columns, cells, &vt_ops, NULL);
    timer_init(&terminal.refresh_timer, refresh_timer);
    deferred_init(&terminal.refresh_work, refresh);
    adopt_screen(display);
    terminal.display = display;
    return 0;
}

/* The first display gets the terminal. */
static void attach(struct display *display) {
    if (terminal.display)
        return;
    if (set_up(display) != 0) {
        log_error("no memory for a terminal on %s", display->name);
        return;
    }
    terminal.tty.name = "tty1";
    terminal.tty.ops = &tty_ops;
    int error = tty_register(&terminal.tty, TTY_MAJOR, TTY1_MINOR);
    if (error)
        log_error("/dev/tty1 could not be made (%d)", error);
    terminal.tty.winsize = (struct winsize){.rows = (uint16_t)display->rows, .columns = (uint16_t)display->columns};
    terminal.sink = (struct log_sink){.name = "tty1", .write = write_log};
    console_offer("tty1", &terminal.sink);
    input_set_handler(&input_handler);
    log_info("tty1 on %s, %u columns, %u rows", display->name, display->columns, display->rows);
}

static const struct display_client client = {.attach = attach};

void vt_terminal_init(void) {
    spin_init(&terminal.lock, terminal_class);
    work_init(&reboot_work, reboot);
    display_set_client(&client);
}
