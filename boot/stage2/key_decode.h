/*
 * What was pressed, from the bytes of a terminal or the answer of INT 16h. Pure: no ports, no
 * clock; also compiled on the host, where it is tested and fuzzed.
 *
 * Facts: ECMA-48 §5.4 (control sequences), VT100 user guide and XTerm control sequences (cursor
 * keys), "PC/AT Technical Reference" (INT 16h scan codes).
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

/* A printable character is itself, Ctrl with a letter its control code (1 to 26). */
enum key {
    KEY_NONE = 0,
    KEY_BACKSPACE = 0x08,
    KEY_TAB = 0x09,
    KEY_ENTER = 0x0d,
    KEY_ESCAPE = 0x1b,
    KEY_UP = 0x100,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_DELETE
};

static inline bool key_is_printable(int key) {
    return key >= ' ' && key <= '~';
}

/* Where in a sequence a terminal's bytes are; all zero at the start. */
struct key_decoder {
    uint8_t state;      /* enum in key_decode.c */
    uint8_t parameter;  /* the number of `ESC [ number ~` */
};

/*
 * Takes one byte. Returns the key that it completes, or KEY_NONE: the byte belongs to a sequence
 * that is not complete, or to one that means nothing here.
 */
int key_decode_byte(struct key_decoder *decoder, uint8_t byte);

/* True while a sequence is not complete: ask for more bytes, and after a while key_decode_end. */
bool key_decode_pending(const struct key_decoder *decoder);

/* No more bytes have come: a lone ESC is the Escape key. Returns it or KEY_NONE. */
int key_decode_end(struct key_decoder *decoder);

/* The key of what INT 16h returned in ax, by its old functions or its enhanced ones. */
int key_decode_bios(uint16_t ax);
