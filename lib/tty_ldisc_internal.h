/* What the two halves of the line discipline share. Not for others. */
#pragma once

#include "lib/tty_ldisc.h"

#define CONTROL(letter) ((letter) & 0x1f)
#define DELETE 0x7f
#define BELL '\a'
#define EOF_MARK 0 /* the byte a delimiter has where VEOF ended the line */
#define LDISC_TAB_COLUMNS 8u

static inline bool ldisc_has(const struct tty_ldisc *ld, uint32_t lflag) {
    return (ld->termios.c_lflag & lflag) == lflag;
}

static inline bool ldisc_is_control(uint8_t byte) {
    return byte < ' ' || byte == DELETE;
}

/* Whether the byte takes no column because it continues a UTF-8 character (IUTF8). */
static inline bool ldisc_is_continuation(const struct tty_ldisc *ld, uint8_t byte) {
    return ld->termios.c_iflag & IUTF8 && (byte & 0xc0) == 0x80;
}

/* Sends VSTOP or VSTART as the buffer fills or drains (IXOFF). */
void ldisc_update_throttle(struct tty_ldisc *ld);
