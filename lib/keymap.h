/*
 * A US keyboard for a terminal: keys pressed and released into the bytes a program reads, as Linux's
 * console sends them (console_codes(4), TERM=linux). Pure; the caller serialises; any context.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYMAP_BYTES_MAX 8u

enum keymap_led { KEYMAP_SCROLL = 1, KEYMAP_NUM = 2, KEYMAP_CAPS = 4 }; /* as PS/2 keyboards number them */

struct keymap {
    bool left_shift, right_shift, left_ctrl, right_ctrl, left_alt, right_alt;
    uint8_t locks; /* enum keymap_led */
};

/* What a key asks for beside bytes. */
enum keymap_action {
    KEYMAP_NOTHING,
    KEYMAP_SCROLL_UP,   /* Shift-Page Up */
    KEYMAP_SCROLL_DOWN,
    KEYMAP_REBOOT,      /* Ctrl-Alt-Delete */
    KEYMAP_LOCKS,       /* `locks` changed: set the lights */
};

struct keymap_result {
    enum keymap_action action;
    size_t count;
    char bytes[KEYMAP_BYTES_MAX];
};

/* A key (lib/scancode.h) went down, or repeats, or went up. `application_cursor`: DECCKM is set. */
struct keymap_result keymap_key(struct keymap *keymap, uint8_t code, bool pressed, bool repeated, bool application_cursor);
