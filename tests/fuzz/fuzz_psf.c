/* lib/psf.c: any bytes as a font; each glyph is read whole, each code point of a walk is found in the index. */
#include "lib/psf.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static void read_glyphs(const struct psf *font) {
    size_t sum = 0;

    for (unsigned glyph = 0; glyph < font->count; glyph++) {
        const uint8_t *bytes = psf_glyph(font, glyph);
        for (unsigned i = 0; i < font->height * font->row_bytes; i++)
            sum += bytes[i];
    }
    ASSERT(sum <= (size_t)font->count * font->height * font->row_bytes * UINT8_MAX);
}

static void check_index(const struct psf *font) {
    uint32_t *slots = malloc(sizeof *slots << psf_index_bits(font));
    struct psf_walk walk = {.font = font};
    struct psf_index index;
    uint32_t codepoint;
    unsigned glyph;

    psf_index_build(&index, font, slots);
    while (psf_next(&walk, &codepoint, &glyph)) {
        int found = psf_index_find(&index, codepoint);
        ASSERT(glyph < font->count);
        ASSERT(found >= 0 && (unsigned)found <= glyph);
    }
    (void)psf_index_find(&index, UINT32_MAX);
    free(slots);
}

int fuzz_one(const uint8_t *data, size_t size) {
    struct psf font;

    if (psf_parse(data, size, &font) != 0)
        return 0;
    read_glyphs(&font);
    check_index(&font);
    return 0;
}
