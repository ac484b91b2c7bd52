/*
 * Keys, from the BIOS' keyboard and from COM1 alike (key_decode.h has their numbers). Works, and
 * comes back, on machines that have neither.
 *
 * From console_init to keys_watch_end, keys_watch looks whether somebody wants the menu: a Shift
 * key held at any moment, or a byte on COM1 that came without a transmission error and is neither
 * 00h nor FFh, on a line that does not echo what the loader sends. Keys of the keyboard stay where
 * they are: the one that chose the boot device in the BIOS set-up is no wish for the menu.
 */
#pragma once

#include "boot/stage2/key_decode.h"

#define KEYS_FOREVER 0xffffffffu

/* The next key, or KEY_NONE at once. A lone ESC from COM1 is told apart after a tenth of a second. */
int keys_poll(void);

/* Waits for a key, at most limit_ms milliseconds or KEYS_FOREVER. KEY_NONE: none came. */
int keys_wait(uint32_t limit_ms);

/* Throws away what has been pressed so far. */
void keys_drain(void);

/* Looks once, in a few port reads; called wherever the loader prints. */
void keys_watch(void);

/* Looks for the last time. True if anybody ever wanted the menu. */
bool keys_watch_end(void);
