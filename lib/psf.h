/*
 * Console fonts in the PC Screen Font formats 1 and 2 (kbd's doc/font-formats): a bitmap for each
 * glyph and a table that says which code points each one shows. Pure, never allocates; any bytes
 * may be given. Any context.
 */
#pragma once

#include "lib/assert.h"
#include "lib/bits.h"

#define PSF_GLYPHS_MAX 2048u /* a glyph number fits in what a code point leaves of 32 bits */
#define PSF_PIXELS_MAX 64u   /* of a glyph's width and height */

struct psf {
    const uint8_t *glyphs;
    unsigned count;         /* glyphs, 1 to PSF_GLYPHS_MAX */
    unsigned width, height; /* pixels, 1 to PSF_PIXELS_MAX */
    unsigned row_bytes;     /* of one line of a glyph: the highest bit of the first byte is leftmost */
    const uint8_t *unicode; /* NULL: glyph n shows code point n */
    size_t unicode_size;    /* bytes */
    bool is_utf8;           /* format 2; format 1 has 16-bit units */
};

/* 0, or -EINVAL when the bytes are no font or are damaged. `font` points into `data`. */
must_check int psf_parse(const void *data, size_t size, struct psf *font);

/* height * row_bytes bytes; glyph < count. */
static inline const uint8_t *psf_glyph(const struct psf *font, unsigned glyph) {
    ASSERT(glyph < font->count);
    return font->glyphs + (size_t)glyph * font->height * font->row_bytes;
}

/* A walk through the code points that have a glyph; sequences of combining characters are left out. */
struct psf_walk {
    const struct psf *font;
    size_t at;
    unsigned glyph;
    bool in_sequence;
};

/* Starts as {.font = font}. False at the end. */
bool psf_next(struct psf_walk *walk, uint32_t *codepoint, unsigned *glyph);

/* From code points to glyphs: a hash table with linear probing, at most half full. */
struct psf_index {
    uint32_t *slots;
    unsigned bits; /* log2 of the number of slots */
};

/* The slots that an index of the font needs, as a power of two. */
unsigned psf_index_bits(const struct psf *font);

/* `slots`: 1 << psf_index_bits(font) of them, kept by the index. The first glyph of a code point counts. */
void psf_index_build(struct psf_index *index, const struct psf *font, uint32_t *slots);

/* The glyph, or -ENOENT. */
int psf_index_find(const struct psf_index *index, uint32_t codepoint);
