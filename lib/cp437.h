/*
 * The character set of the VGA's built-in font (IBM code page 437) and Unicode. Pure; any context.
 */
#pragma once

#include <stdint.h>

#define CP437_UNKNOWN '?'

/* The character that shows `codepoint`, or one like it, or CP437_UNKNOWN. */
uint8_t cp437_from_unicode(uint32_t codepoint);
/* The code point of a character on the screen. */
uint32_t cp437_to_unicode(uint8_t character);
