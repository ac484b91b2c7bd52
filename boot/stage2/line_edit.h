/*
 * Editing one line of text in the caller's memory. Pure: knows keys, not devices; also compiled on
 * the host, where it is tested and fuzzed.
 *
 * Invariants: cursor <= length <= capacity; text[length] is NUL. Positions are bytes: bytes that
 * are not ASCII are kept, and moved over one by one.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

struct line_edit {
    char *text;        /* room for `capacity` bytes and a NUL */
    uint32_t capacity;
    uint32_t length;
    uint32_t cursor;
    uint32_t view;     /* first byte shown, kept by line_edit_scroll */
};

/* Begins with what `text` holds, the cursor behind it. */
void line_edit_start(struct line_edit *edit, char *text, uint32_t capacity);

/*
 * Takes a key (boot/stage2/key_decode.h): printable characters, Left, Right, Home, End, Backspace,
 * Delete, and Ctrl-A, E, K (cut to the end), U (cut to the start). False if it does nothing here.
 */
bool line_edit_key(struct line_edit *edit, int key);

/* Moves `view` so that the cursor is within `width` (> 1) cells from it. */
void line_edit_scroll(struct line_edit *edit, uint32_t width);
