/* PC Screen Fonts: both headers, both tables of code points, and an index of them. */
#include "lib/psf.h"

#include "lib/errno.h"
#include "lib/string.h"

#define GLYPH_BITS 11u /* of a slot; the code point has the rest */
#define EMPTY UINT32_MAX /* its code point would be above the last */
#define CODEPOINT_MAX 0x10ffffu
#define HASH_FACTOR 0x9e3779b1u /* 2^32 divided by the golden ratio */
_Static_assert(PSF_GLYPHS_MAX == 1u << GLYPH_BITS, "a slot holds any glyph");
_Static_assert((uint64_t)CODEPOINT_MAX << GLYPH_BITS < EMPTY, "a slot holds any code point");

/* Format 1: magic, mode, bytes a glyph. Glyphs are 8 pixels wide. */
enum { PSF1_MODE = 2, PSF1_CHARSIZE = 3, PSF1_HEADER = 4 };
enum psf1_mode { PSF1_512_GLYPHS = 1, PSF1_HAS_TABLE = 2, PSF1_HAS_SEQUENCES = 4 };
#define PSF1_WIDTH 8u
#define PSF1_END 0xffffu
#define PSF1_SEQUENCE 0xfffeu
static const uint8_t psf1_magic[] = {0x36, 0x04};

/* Format 2: 32-bit little-endian fields at these offsets. */
enum {
    PSF2_VERSION = 4, PSF2_HEADERSIZE = 8, PSF2_FLAGS = 12, PSF2_LENGTH = 16, PSF2_CHARSIZE = 20,
    PSF2_HEIGHT = 24, PSF2_WIDTH = 28, PSF2_HEADER = 32
};
#define PSF2_HAS_TABLE 1u
#define PSF2_END 0xffu
#define PSF2_SEQUENCE 0xfeu
static const uint8_t psf2_magic[] = {0x72, 0xb5, 0x4a, 0x86};

/* What take_unit gives beside code points. */
enum { UNIT_END = CODEPOINT_MAX + 1, UNIT_SEQUENCE, UNIT_INVALID };

static uint32_t read_u32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Sets where glyphs and table lie; the header is `header` bytes, a glyph `charsize`. */
static int locate(struct psf *font, const uint8_t *bytes, size_t size, size_t header, uint64_t charsize, bool has_table) {
    bool pixels_fit = font->width >= 1 && font->width <= PSF_PIXELS_MAX && font->height >= 1 &&
                      font->height <= PSF_PIXELS_MAX;

    if (!pixels_fit || font->count < 1 || font->count > PSF_GLYPHS_MAX || header > size)
        return -EINVAL;
    font->row_bytes = DIV_ROUND_UP(font->width, 8);
    if (charsize != font->height * font->row_bytes || font->count * charsize > size - header)
        return -EINVAL;
    font->glyphs = bytes + header;
    size_t table = header + font->count * (size_t)charsize;
    font->unicode = has_table ? bytes + table : NULL;
    font->unicode_size = has_table ? size - table : 0;
    return 0;
}

static int parse_psf1(struct psf *font, const uint8_t *bytes, size_t size) {
    uint8_t mode = bytes[PSF1_MODE];

    *font = (struct psf){.count = mode & PSF1_512_GLYPHS ? 512 : 256, .width = PSF1_WIDTH,
                         .height = bytes[PSF1_CHARSIZE]};
    return locate(font, bytes, size, PSF1_HEADER, bytes[PSF1_CHARSIZE],
                  mode & (PSF1_HAS_TABLE | PSF1_HAS_SEQUENCES));
}

static int parse_psf2(struct psf *font, const uint8_t *bytes, size_t size) {
    if (read_u32(bytes + PSF2_VERSION) != 0 || read_u32(bytes + PSF2_HEADERSIZE) < PSF2_HEADER)
        return -EINVAL;
    *font = (struct psf){.count = read_u32(bytes + PSF2_LENGTH), .width = read_u32(bytes + PSF2_WIDTH),
                         .height = read_u32(bytes + PSF2_HEIGHT), .is_utf8 = true};
    return locate(font, bytes, size, read_u32(bytes + PSF2_HEADERSIZE), read_u32(bytes + PSF2_CHARSIZE),
                  read_u32(bytes + PSF2_FLAGS) & PSF2_HAS_TABLE);
}

int psf_parse(const void *data, size_t size, struct psf *font) {
    const uint8_t *bytes = data;

    if (size >= PSF1_HEADER && memcmp(bytes, psf1_magic, sizeof psf1_magic) == 0)
        return parse_psf1(font, bytes, size);
    if (size >= PSF2_HEADER && memcmp(bytes, psf2_magic, sizeof psf2_magic) == 0)
        return parse_psf2(font, bytes, size);
    return -EINVAL;
}

/* ---- the table of code points ---- */

static uint32_t take_u16(struct psf_walk *walk) {
    const uint8_t *bytes = walk->font->unicode + walk->at;

    if (walk->font->unicode_size - walk->at < 2) {
        walk->at = walk->font->unicode_size;
        return UNIT_INVALID;
    }
    walk->at += 2;
    uint32_t unit = bytes[0] | (uint32_t)bytes[1] << 8;
    return unit == PSF1_END ? UNIT_END : unit == PSF1_SEQUENCE ? UNIT_SEQUENCE : unit;
}

/* The bytes that follow a first byte of UTF-8; -1 for one that cannot be first (RFC 3629 §3). */
static int utf8_following(uint8_t first) {
    if (first < 0x80)
        return 0;
    if (first < 0xc2 || first > 0xf4)
        return -1;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

static uint32_t take_utf8(struct psf_walk *walk) {
    static const uint8_t first_bits[] = {0x7f, 0x1f, 0x0f, 0x07};
    const struct psf *font = walk->font;
    uint8_t first = font->unicode[walk->at++];

    if (first == PSF2_END || first == PSF2_SEQUENCE)
        return first == PSF2_END ? UNIT_END : UNIT_SEQUENCE;
    int following = utf8_following(first);
    if (following < 0)
        return UNIT_INVALID;
    uint32_t codepoint = first & first_bits[following];
    for (; following > 0; following--) {
        if (walk->at == font->unicode_size || (font->unicode[walk->at] & 0xc0) != 0x80)
            return UNIT_INVALID;
        codepoint = codepoint << 6 | (font->unicode[walk->at++] & 0x3f);
    }
    return codepoint <= CODEPOINT_MAX ? codepoint : UNIT_INVALID;
}

static bool next_without_table(struct psf_walk *walk, uint32_t *codepoint, unsigned *glyph) {
    if (walk->glyph == walk->font->count)
        return false;
    *codepoint = *glyph = walk->glyph++;
    return true;
}

bool psf_next(struct psf_walk *walk, uint32_t *codepoint, unsigned *glyph) {
    const struct psf *font = walk->font;

    if (!font->unicode)
        return next_without_table(walk, codepoint, glyph);
    while (walk->at < font->unicode_size && walk->glyph < font->count) {
        uint32_t unit = font->is_utf8 ? take_utf8(walk) : take_u16(walk);
        if (unit == UNIT_END) {
            walk->glyph++;
            walk->in_sequence = false;
        } else if (unit == UNIT_SEQUENCE) {
            walk->in_sequence = true;
        } else if (unit != UNIT_INVALID && !walk->in_sequence) {
            *codepoint = unit;
            *glyph = walk->glyph;
            return true;
        }
    }
    return false;
}

/* ---- the index ---- */

unsigned psf_index_bits(const struct psf *font) {
    struct psf_walk walk = {.font = font};
    uint32_t codepoint;
    unsigned glyph, count = 1;

    while (psf_next(&walk, &codepoint, &glyph))
        count++;
    return log2_ceil(2ull * count);
}

/* Where the code point is, or would go. Ends: half of the slots are empty. */
static uint32_t *slot_of(const struct psf_index *index, uint32_t codepoint) {
    uint32_t mask = (1u << index->bits) - 1;
    uint32_t at = codepoint * HASH_FACTOR >> (32 - index->bits);

    while (index->slots[at] != EMPTY && index->slots[at] >> GLYPH_BITS != codepoint)
        at = (at + 1) & mask;
    return &index->slots[at];
}

void psf_index_build(struct psf_index *index, const struct psf *font, uint32_t *slots) {
    struct psf_walk walk = {.font = font};
    uint32_t codepoint;
    unsigned glyph;

    *index = (struct psf_index){.slots = slots, .bits = psf_index_bits(font)};
    memset(slots, 0xff, sizeof *slots << index->bits);
    while (psf_next(&walk, &codepoint, &glyph)) {
        uint32_t *slot = slot_of(index, codepoint);
        if (*slot == EMPTY)
            *slot = codepoint << GLYPH_BITS | glyph;
    }
}

int psf_index_find(const struct psf_index *index, uint32_t codepoint) {
    if (codepoint > CODEPOINT_MAX)
        return -ENOENT;
    uint32_t slot = *slot_of(index, codepoint);
    return slot == EMPTY ? -ENOENT : (int)(slot & (PSF_GLYPHS_MAX - 1));
}
