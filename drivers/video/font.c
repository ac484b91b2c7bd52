#define LOG_TAG "font"
#include "drivers/video/font.h"

#include "kernel/arch/image.h"
#include "kernel/log/log.h"
#include "kernel/mm/slab.h"
#include "lib/cp437.h"

#define ASCII_END 0x80u
#define REPLACEMENT_CHARACTER 0xfffdu

/* Read-only once font_load has succeeded. */
static struct psf font;
static struct psf_index font_index;
static uint16_t ascii_glyphs[ASCII_END]; /* most text, without a search */
static bool is_loaded;

static int find_either(uint32_t codepoint, uint32_t otherwise) {
    int glyph = psf_index_find(&font_index, codepoint);
    return glyph >= 0 ? glyph : psf_index_find(&font_index, otherwise);
}

static unsigned search(uint32_t codepoint) {
    int glyph = psf_index_find(&font_index, codepoint);
    uint8_t similar = cp437_from_unicode(codepoint);

    if (glyph < 0 && similar != CP437_UNKNOWN)
        glyph = psf_index_find(&font_index, cp437_to_unicode(similar));
    if (glyph < 0)
        glyph = find_either(REPLACEMENT_CHARACTER, CP437_UNKNOWN);
    return glyph < 0 ? 0 : (unsigned)glyph;
}

unsigned font_glyph(uint32_t codepoint) {
    return codepoint < ASCII_END ? ascii_glyphs[codepoint] : search(codepoint);
}

const struct psf *font_load(void) {
    if (is_loaded)
        return &font;
    if (psf_parse(console_font_start, (size_t)(console_font_end - console_font_start), &font) != 0) {
        log_error("the font in the kernel is damaged");
        return NULL;
    }
    uint32_t *slots = kcalloc(1ul << psf_index_bits(&font), sizeof *slots);
    if (!slots) {
        log_error("no memory for the font's index");
        return NULL;
    }
    psf_index_build(&font_index, &font, slots);
    for (uint32_t codepoint = 0; codepoint < ASCII_END; codepoint++)
        ascii_glyphs[codepoint] = (uint16_t)search(codepoint);
    is_loaded = true;
    return &font;
}
