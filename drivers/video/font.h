/* The font that pixel displays show text in: a PSF font linked into the kernel (font.mk says which). */
#pragma once

#include "lib/psf.h"

/* Reads the font on first use. NULL, and the log says why, when it is damaged or memory is short. May sleep. */
const struct psf *font_load(void);

/* The glyph that shows the code point; else a similar character's, else the replacement character. Any context. */
unsigned font_glyph(uint32_t codepoint);
