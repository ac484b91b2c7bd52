/*
 * Line discipline: what a byte from the device does. In order: the flags of c_iflag, flow
 * control, signals, line editing, and last it is stored and echoed.
 */
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "lib/tty_ldisc_internal.h"

/* With IXOFF, input is stopped above the one fill and started again below the other. */
#define THROTTLE_BYTES (LDISC_BUFFER_BYTES - 128)
#define UNTHROTTLE_BYTES 128

void ldisc_update_throttle(struct tty_ldisc *ld) {
    uint32_t held = ld->head - ld->tail;
    bool ixoff = ld->termios.c_iflag & IXOFF;
    bool readable = !ldisc_has(ld, ICANON) || ld->line_end != ld->tail; /* so that it can drain */

    if (ixoff && !ld->throttled && readable && held >= THROTTLE_BYTES) {
        ld->throttled = true;
        ld->ops->send_urgent(ld->ctx, ld->termios.c_cc[VSTOP]);
    } else if (ld->throttled && (!ixoff || held <= UNTHROTTLE_BYTES)) {
        ld->throttled = false;
        ld->ops->send_urgent(ld->ctx, ld->termios.c_cc[VSTART]);
    }
}

/* Whether `byte` is the control character `which`, and that is not disabled. */
static bool is_char(const struct tty_ldisc *ld, uint8_t byte, int which) {
    return byte && ld->termios.c_cc[which] == byte;
}

/* ---- echo ---- */

static void echo_byte(struct tty_ldisc *ld, uint8_t byte) {
    uint8_t out[LDISC_OUTPUT_MAX];
    size_t count = tty_ldisc_output(ld, byte, out);

    if (count)
        ld->ops->echo(ld->ctx, out, count);
}

static void echo_text(struct tty_ldisc *ld, const char *text) {
    while (*text)
        echo_byte(ld, (uint8_t)*text++);
}

/* Control characters other than tab show as ^X (ECHOCTL). */
static void echo_visibly(struct tty_ldisc *ld, uint8_t byte) {
    if (ldisc_has(ld, ECHOCTL) && ldisc_is_control(byte) && byte != '\t') {
        uint8_t caret[] = { '^', byte ^ 0x40 };
        ld->ops->echo(ld->ctx, caret, sizeof(caret));
        ld->column += sizeof(caret);
    } else {
        echo_byte(ld, byte);
    }
}

static void echo_input(struct tty_ldisc *ld, uint8_t byte) {
    if (!ldisc_has(ld, ECHO))
        return;
    if (ld->head == ld->line_end)
        ld->line_start_column = ld->column;
    echo_visibly(ld, byte);
}

/* ---- the buffer ---- */

static uint8_t *slot(struct tty_ldisc *ld, uint32_t at) {
    return &ld->buffer[at % LDISC_BUFFER_BYTES];
}

size_t tty_ldisc_room(const struct tty_ldisc *ld) {
    uint32_t room = LDISC_BUFFER_BYTES - 1 - MIN(ld->head - ld->tail, LDISC_BUFFER_BYTES - 1);

    return room || !ldisc_has(ld, ICANON) || ld->line_end != ld->tail ? room : 1;
}

/* Stores and echoes a byte; one slot stays free for the delimiter of a line. */
static void store(struct tty_ldisc *ld, uint8_t byte, bool is_return) {
    if (ld->head - ld->tail >= LDISC_BUFFER_BYTES - 1) {
        if (ld->termios.c_iflag & IMAXBEL)
            echo_byte(ld, BELL);
        return;
    }
    if (is_return && byte == '\n' && ldisc_has(ld, ECHO)) /* moves the cursor rather than showing ^J */
        echo_byte(ld, byte);
    else
        echo_input(ld, byte);
    *slot(ld, ld->head++) = byte;
    if (!ldisc_has(ld, ICANON))
        ld->line_end = ld->tail;
}

/* Completes the line being edited with its delimiter. */
static void end_line(struct tty_ldisc *ld, uint8_t delimiter) {
    if (ld->head - ld->tail == LDISC_BUFFER_BYTES)
        return;
    bitmap_set(ld->delimiter, ld->head % LDISC_BUFFER_BYTES);
    *slot(ld, ld->head++) = delimiter;
    ld->line_end = ld->head;
}

/* ---- editing ---- */

/* Columns that the echo of the edited line takes between its last tab (or its start) and head. */
static unsigned columns_before_head(struct tty_ldisc *ld) {
    unsigned columns = 0;

    for (uint32_t at = ld->head; at != ld->line_end; at--) {
        uint8_t byte = *slot(ld, at - 1);
        if (byte == '\t')
            return columns;
        if (ldisc_is_control(byte))
            columns += ldisc_has(ld, ECHOCTL) ? 2 : 0;
        else
            columns += !ldisc_is_continuation(ld, byte);
    }
    return columns + ld->line_start_column;
}

/* Takes the echo of `byte`, which was the last character before head, off the screen. */
static void erase_echo(struct tty_ldisc *ld, uint8_t byte) {
    if (byte == '\t') {
        unsigned columns = columns_before_head(ld) % LDISC_TAB_COLUMNS;
        unsigned back = LDISC_TAB_COLUMNS - columns;
        ld->column -= MIN(back, ld->column);
        ld->ops->echo(ld->ctx, (const uint8_t *)"\b\b\b\b\b\b\b\b", back);
        return;
    }
    if (ldisc_is_control(byte) && !ldisc_has(ld, ECHOCTL))
        return;
    echo_text(ld, ldisc_is_control(byte) ? "\b \b\b \b" : "\b \b");
}

/*
 * Where the last character of the edited line begins; head when there is none. Continuation
 * bytes without a first one are none: a character is never erased in part.
 */
static uint32_t last_character(struct tty_ldisc *ld) {
    for (uint32_t at = ld->head; at != ld->line_end;)
        if (!ldisc_is_continuation(ld, *slot(ld, --at)))
            return at;
    return ld->head;
}

/* Drops the last character of the edited line and, where asked, its echo. False: there is none. */
static bool drop_character(struct tty_ldisc *ld, bool on_screen) {
    uint32_t at = last_character(ld);

    if (at == ld->head)
        return false;
    ld->head = at;
    if (on_screen)
        erase_echo(ld, *slot(ld, at));
    return true;
}

static void erase_character(struct tty_ldisc *ld) {
    bool dropped = drop_character(ld, ldisc_has(ld, ECHO | ECHOE));

    if (dropped && ldisc_has(ld, ECHO) && !ldisc_has(ld, ECHOE))
        echo_visibly(ld, ld->termios.c_cc[VERASE]);
}

/* Letters (of Latin-1 too, which takes in all that begins a UTF-8 character), digits and _. */
static bool is_word(uint8_t byte) {
    uint8_t lower = byte | 0x20;

    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
           (byte >= 0xc0 && lower != 0xf7);
}

/* Erases back over what is no word, and then one word. */
static void erase_word(struct tty_ldisc *ld) {
    bool in_word = false, word;

    do {
        word = ld->head != ld->line_end && is_word(*slot(ld, last_character(ld)));
        if (in_word && !word)
            return;
        in_word |= word;
    } while (drop_character(ld, ldisc_has(ld, ECHO)));
}

static void kill_line(struct tty_ldisc *ld) {
    if (ld->head == ld->line_end)
        return;
    if (!ldisc_has(ld, ECHO)) {
        ld->head = ld->line_end;
    } else if (ldisc_has(ld, ECHOE | ECHOK | ECHOKE)) {
        while (drop_character(ld, true))
            continue;
    } else {
        ld->head = ld->line_end;
        echo_visibly(ld, ld->termios.c_cc[VKILL]);
        if (ldisc_has(ld, ECHOK))
            echo_byte(ld, '\n');
    }
}

static void reprint_line(struct tty_ldisc *ld) {
    echo_visibly(ld, ld->termios.c_cc[VREPRINT]);
    echo_byte(ld, '\n');
    for (uint32_t at = ld->line_end; at != ld->head; at++)
        echo_visibly(ld, *slot(ld, at));
}

/* Whether the byte ends a line, and if so with which delimiter. */
static bool is_line_end(struct tty_ldisc *ld, uint8_t byte, uint8_t *delimiter) {
    *delimiter = is_char(ld, byte, VEOF) ? EOF_MARK : byte;
    return byte == '\n' || is_char(ld, byte, VEOF) || is_char(ld, byte, VEOL) ||
           (is_char(ld, byte, VEOL2) && ldisc_has(ld, IEXTEN));
}

/* True when the byte was an editing character or ended the line. */
static bool edit(struct tty_ldisc *ld, uint8_t byte) {
    bool extended = ldisc_has(ld, IEXTEN);
    uint8_t delimiter;

    if (is_char(ld, byte, VERASE)) {
        erase_character(ld);
    } else if (is_char(ld, byte, VKILL)) {
        kill_line(ld);
    } else if (extended && is_char(ld, byte, VWERASE)) {
        erase_word(ld);
    } else if (extended && is_char(ld, byte, VLNEXT)) {
        ld->literal = true;
        if (ldisc_has(ld, ECHO | ECHOCTL))
            echo_text(ld, "^\b");
    } else if (extended && ldisc_has(ld, ECHO) && is_char(ld, byte, VREPRINT)) {
        reprint_line(ld);
    } else if (is_line_end(ld, byte, &delimiter)) {
        if (byte == '\n' && (ldisc_has(ld, ECHO) || ldisc_has(ld, ECHONL)))
            echo_byte(ld, byte);
        else if (byte != '\n' && delimiter != EOF_MARK)
            echo_input(ld, byte);
        end_line(ld, delimiter);
    } else {
        return false;
    }
    return true;
}

/* ---- signals and flow control ---- */

static void raise_signal(struct tty_ldisc *ld, enum ldisc_signal signal) {
    ld->ops->signal(ld->ctx, signal);
    if (!ldisc_has(ld, NOFLSH)) {
        ld->ops->flush_output(ld->ctx);
        tty_ldisc_flush_input(ld);
    }
    if (ld->termios.c_iflag & IXON)
        tty_ldisc_set_stopped(ld, false);
}

/* True when the byte was a signal character. */
static bool raise_by_char(struct tty_ldisc *ld, uint8_t byte) {
    if (is_char(ld, byte, VINTR))
        raise_signal(ld, LDISC_SIGINT);
    else if (is_char(ld, byte, VQUIT))
        raise_signal(ld, LDISC_SIGQUIT);
    else if (is_char(ld, byte, VSUSP))
        raise_signal(ld, LDISC_SIGTSTP);
    else
        return false;
    if (ldisc_has(ld, ECHO))
        echo_visibly(ld, byte);
    return true;
}

/* True when the byte was a flow-control character. */
static bool control_flow(struct tty_ldisc *ld, uint8_t byte) {
    bool start = is_char(ld, byte, VSTART), stop = is_char(ld, byte, VSTOP);

    if (start || stop)
        tty_ldisc_set_stopped(ld, !start);
    else if (ld->stopped && ld->termios.c_iflag & IXANY)
        tty_ldisc_set_stopped(ld, false);
    return start || stop;
}

/* The flags that change single bytes. False when the byte is to be ignored. */
static bool translate(const struct tty_ldisc *ld, uint8_t *byte) {
    uint32_t iflag = ld->termios.c_iflag;

    if (*byte == '\r' && iflag & IGNCR)
        return false;
    if (*byte == '\r' && iflag & ICRNL)
        *byte = '\n';
    else if (*byte == '\n' && iflag & INLCR)
        *byte = '\r';
    return true;
}

static void dispatch(struct tty_ldisc *ld, uint8_t byte) {
    if (ld->termios.c_iflag & IXON && control_flow(ld, byte))
        return;
    if (ldisc_has(ld, ISIG) && raise_by_char(ld, byte))
        return;
    bool is_return = byte == '\r';
    if (!translate(ld, &byte))
        return;
    if (!ldisc_has(ld, ICANON) || !edit(ld, byte))
        store(ld, byte, is_return);
}

void tty_ldisc_input(struct tty_ldisc *ld, uint8_t byte) {
    uint32_t iflag = ld->termios.c_iflag;

    if (iflag & ISTRIP)
        byte &= 0x7f;
    if (iflag & IUCLC && ldisc_has(ld, IEXTEN) && byte >= 'A' && byte <= 'Z')
        byte = (uint8_t)(byte - 'A' + 'a');
    if (ld->literal) {
        ld->literal = false;
        store(ld, byte, false);
    } else {
        dispatch(ld, byte);
    }
    ldisc_update_throttle(ld);
}

void tty_ldisc_input_break(struct tty_ldisc *ld) {
    if (ld->termios.c_iflag & IGNBRK)
        return;
    if (ld->termios.c_iflag & BRKINT)
        raise_signal(ld, LDISC_SIGINT);
    else
        store(ld, '\0', false);
}
