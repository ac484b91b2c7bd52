/*
 * PS/2 keyboard bytes (scan code set 1, as the controller translates to) into key codes. The codes are
 * those of Linux's input-event-codes.h, which for the plain keys equal set 1. Pure; any context.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define KEY_CODE_MAX 128u

enum key_code {
    KEY_NONE = 0, KEY_ESCAPE = 1, KEY_1 = 2, KEY_0 = 11, KEY_MINUS = 12, KEY_EQUAL = 13, KEY_BACKSPACE = 14,
    KEY_TAB = 15, KEY_Q = 16, KEY_ENTER = 28, KEY_LEFT_CTRL = 29, KEY_A = 30, KEY_C = 46, KEY_LEFT_SHIFT = 42,
    KEY_RIGHT_SHIFT = 54, KEY_KP_ASTERISK = 55, KEY_LEFT_ALT = 56, KEY_SPACE = 57, KEY_CAPS_LOCK = 58, KEY_F1 = 59,
    KEY_F10 = 68, KEY_NUM_LOCK = 69, KEY_SCROLL_LOCK = 70, KEY_KP_7 = 71, KEY_KP_MINUS = 74, KEY_KP_PLUS = 78,
    KEY_KP_DOT = 83, KEY_102ND = 86, KEY_F11 = 87, KEY_F12 = 88, KEY_KP_ENTER = 96, KEY_RIGHT_CTRL = 97,
    KEY_KP_SLASH = 98, KEY_PRINT = 99, KEY_RIGHT_ALT = 100, KEY_HOME = 102, KEY_UP = 103, KEY_PAGE_UP = 104,
    KEY_LEFT = 105, KEY_RIGHT = 106, KEY_END = 107, KEY_DOWN = 108, KEY_PAGE_DOWN = 109, KEY_INSERT = 110,
    KEY_DELETE = 111, KEY_PAUSE = 119, KEY_LEFT_META = 125, KEY_RIGHT_META = 126, KEY_MENU = 127,
};

struct scancode_decoder {
    uint8_t prefix; /* 0xe0 or 0xe1 seen, else 0 */
    uint8_t skip;   /* bytes left of the 0xe1 sequence */
};

/* Feeds one byte. True when it completes a key: *code and *pressed are set. */
bool scancode_decode(struct scancode_decoder *decoder, uint8_t byte, uint8_t *code, bool *pressed);
