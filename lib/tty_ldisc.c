/* Line discipline: settings, the read side, output processing. Input is in tty_ldisc_input.c. */
#include "lib/tty_ldisc.h"

#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/tty_ldisc_internal.h"

/* asm-generic/termios.h: INIT_C_CC; drivers/tty/tty_io.c of Linux documents the flags. */
const struct termios ldisc_default_termios = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B38400 | CS8 | CREAD | HUPCL,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc = {
        [VINTR] = CONTROL('C'), [VQUIT] = CONTROL('\\'), [VERASE] = DELETE, [VKILL] = CONTROL('U'),
        [VEOF] = CONTROL('D'), [VMIN] = 1, [VSTART] = CONTROL('Q'), [VSTOP] = CONTROL('S'),
        [VSUSP] = CONTROL('Z'), [VREPRINT] = CONTROL('R'), [VDISCARD] = CONTROL('O'),
        [VWERASE] = CONTROL('W'), [VLNEXT] = CONTROL('V'),
    },
};

void tty_ldisc_init(struct tty_ldisc *ld, const struct ldisc_ops *ops, void *ctx) {
    memset(ld, 0, sizeof(*ld));
    ld->termios = ldisc_default_termios;
    ld->ops = ops;
    ld->ctx = ctx;
}

void tty_ldisc_set_termios(struct tty_ldisc *ld, const struct termios *termios) {
    bool was_canonical = ldisc_has(ld, ICANON);

    ld->termios = *termios;
    if (!(termios->c_iflag & IXON))
        tty_ldisc_set_stopped(ld, false);
    if (was_canonical == ldisc_has(ld, ICANON))
        return;
    memset(ld->delimiter, 0, sizeof(ld->delimiter));
    ld->literal = false;
    ld->line_end = ld->tail;
    if (!was_canonical && ld->head != ld->tail) {
        ld->line_end = ld->head;
        bitmap_set(ld->delimiter, (ld->head - 1) % LDISC_BUFFER_BYTES);
    }
}

void tty_ldisc_set_stopped(struct tty_ldisc *ld, bool stopped) {
    if (ld->stopped != stopped) {
        ld->stopped = stopped;
        ld->ops->set_stopped(ld->ctx, stopped);
    }
}

void tty_ldisc_flush_input(struct tty_ldisc *ld) {
    ld->head = ld->line_end = ld->tail = 0;
    memset(ld->delimiter, 0, sizeof(ld->delimiter));
    ldisc_update_throttle(ld);
}

static bool is_delimiter(const struct tty_ldisc *ld, uint32_t at) {
    return bitmap_test(ld->delimiter, at % LDISC_BUFFER_BYTES);
}

static bool is_eof_mark(const struct tty_ldisc *ld, uint32_t at) {
    return is_delimiter(ld, at) && ld->buffer[at % LDISC_BUFFER_BYTES] == EOF_MARK;
}

bool tty_ldisc_has_input(const struct tty_ldisc *ld, size_t min) {
    if (ldisc_has(ld, ICANON))
        return ld->line_end != ld->tail;
    return ld->head - ld->tail >= MAX(min, (size_t)1);
}

size_t tty_ldisc_poll_min(const struct tty_ldisc *ld) {
    return ld->termios.c_cc[VTIME] ? 1 : MAX(ld->termios.c_cc[VMIN], 1);
}

size_t tty_ldisc_input_bytes(const struct tty_ldisc *ld) {
    size_t count = 0;

    if (!ldisc_has(ld, ICANON))
        return ld->head - ld->tail;
    for (uint32_t at = ld->tail; at != ld->line_end; at++)
        count += !is_eof_mark(ld, at);
    return count;
}

/*
 * Takes from the line at tail up to its delimiter. A mark of end of file that directly follows
 * a full `buf` goes too, so that it ends this line rather than the file.
 */
static size_t read_line(struct tty_ldisc *ld, uint8_t *buf, size_t size) {
    size_t done = 0;
    bool ended = false;

    while (!ended && ld->tail != ld->line_end && (done < size || is_eof_mark(ld, ld->tail))) {
        ended = is_delimiter(ld, ld->tail);
        if (!is_eof_mark(ld, ld->tail))
            buf[done++] = ld->buffer[ld->tail % LDISC_BUFFER_BYTES];
        bitmap_clear(ld->delimiter, ld->tail++ % LDISC_BUFFER_BYTES);
    }
    ld->mid_line = !ended;
    return done;
}

static size_t read_raw(struct tty_ldisc *ld, uint8_t *buf, size_t size) {
    size_t done = 0;

    while (done < size && ld->tail != ld->head)
        buf[done++] = ld->buffer[ld->tail++ % LDISC_BUFFER_BYTES];
    ld->line_end = ld->tail;
    ld->mid_line = false;
    return done;
}

int tty_ldisc_read(struct tty_ldisc *ld, uint8_t *buf, size_t size) {
    if (!size)
        return 0;
    if (!tty_ldisc_has_input(ld, 1))
        return -EAGAIN;
    size_t done = (ldisc_has(ld, ICANON) ? read_line : read_raw)(ld, buf, size);
    ASSERT(ld->head - ld->tail <= LDISC_BUFFER_BYTES);
    ldisc_update_throttle(ld);
    return (int)done;
}

static size_t output_newline(struct tty_ldisc *ld, uint8_t out[LDISC_OUTPUT_MAX]) {
    uint32_t oflag = ld->termios.c_oflag;
    size_t count = 0;

    if (oflag & (ONLRET | ONLCR))
        ld->column = 0;
    if (oflag & ONLCR)
        out[count++] = '\r';
    ld->line_start_column = ld->column;
    out[count++] = '\n';
    return count;
}

static size_t output_return(struct tty_ldisc *ld, uint8_t out[LDISC_OUTPUT_MAX]) {
    uint32_t oflag = ld->termios.c_oflag;

    if (oflag & ONOCR && ld->column == 0)
        return 0;
    out[0] = oflag & OCRNL ? '\n' : '\r';
    if (!(oflag & OCRNL) || oflag & ONLRET)
        ld->line_start_column = ld->column = 0;
    return 1;
}

static size_t output_tab(struct tty_ldisc *ld, uint8_t out[LDISC_OUTPUT_MAX]) {
    unsigned spaces = LDISC_TAB_COLUMNS - ld->column % LDISC_TAB_COLUMNS;

    ld->column += spaces;
    if ((ld->termios.c_oflag & TABDLY) != TAB3) {
        out[0] = '\t';
        return 1;
    }
    memset(out, ' ', spaces);
    return spaces;
}

size_t tty_ldisc_output(struct tty_ldisc *ld, uint8_t byte, uint8_t out[LDISC_OUTPUT_MAX]) {
    out[0] = byte;
    if (!(ld->termios.c_oflag & OPOST))
        return 1;
    switch (byte) {
    case '\n': return output_newline(ld, out);
    case '\r': return output_return(ld, out);
    case '\t': return output_tab(ld, out);
    case '\b':
        ld->column -= ld->column > 0;
        return 1;
    default:
        if (ld->termios.c_oflag & OLCUC && byte >= 'a' && byte <= 'z')
            out[0] = (uint8_t)(byte - 'a' + 'A');
        ld->column += !ldisc_is_control(byte) && !ldisc_is_continuation(ld, byte);
        return 1;
    }
}
