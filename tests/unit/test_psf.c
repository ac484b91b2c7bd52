/* lib/psf.c on small fonts of both formats, whole and damaged. */
#include "lib/psf.h"

#include "lib/errno.h"
#include "tests/unit/unit.h"

#define PSF1_HEIGHT 4
#define PSF1_GLYPHS 256

struct bytes {
    uint8_t data[4096];
    size_t size;
};

static void put(struct bytes *bytes, const void *data, size_t size) {
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static void put_u16(struct bytes *bytes, uint16_t value) {
    put(bytes, (uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8)}, 2);
}

static void put_u32(struct bytes *bytes, uint32_t value) {
    put_u16(bytes, (uint16_t)value);
    put_u16(bytes, (uint16_t)(value >> 16));
}

/* Glyph n is four lines of n; glyph 0 shows A and a, glyph 1 B (and a sequence), glyph 2 A again and U+20AC. */
static struct bytes psf1(void) {
    struct bytes bytes = {.size = 0};

    put(&bytes, (uint8_t[]){0x36, 0x04, 2, PSF1_HEIGHT}, 4);
    for (unsigned i = 0; i < PSF1_GLYPHS * PSF1_HEIGHT; i++)
        put(&bytes, &(uint8_t){(uint8_t)(i / PSF1_HEIGHT)}, 1);
    const uint16_t table[] = {'A', 'a', 0xffff, 'B', 0xfffe, 'x', 0x301, 0xffff, 'A', 0x20ac, 0xffff};
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        put_u16(&bytes, table[i]);
    return bytes;
}

/* Three glyphs, 12 by 2, a header that is longer than it must be. */
static struct bytes psf2(uint32_t flags, const char *table, size_t table_size) {
    struct bytes bytes = {.size = 0};
    const uint32_t fields[] = {0, 40, flags, 3, 4, 2, 12, 0, 0};

    put(&bytes, (uint8_t[]){0x72, 0xb5, 0x4a, 0x86}, 4);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        put_u32(&bytes, fields[i]);
    for (uint8_t i = 0; i < 12; i++)
        put(&bytes, &i, 1);
    put(&bytes, table, table_size);
    return bytes;
}

/* Parsed and looked up in an exact copy, so that the sanitiser sees every read beyond the end. */
static int lookup(const struct bytes *bytes, uint32_t codepoint) {
    uint8_t *copy = malloc(bytes->size);
    struct psf font;
    struct psf_index index;
    int result = -EINVAL;

    memcpy(copy, bytes->data, bytes->size);
    if (psf_parse(copy, bytes->size, &font) == 0) {
        uint32_t *slots = malloc(sizeof *slots << psf_index_bits(&font));
        psf_index_build(&index, &font, slots);
        result = psf_index_find(&index, codepoint);
        free(slots);
    }
    free(copy);
    return result;
}

TEST(format_1) {
    struct bytes bytes = psf1();
    struct psf font;

    CHECK_EQ(psf_parse(bytes.data, bytes.size, &font), 0);
    CHECK_EQ(font.count, PSF1_GLYPHS);
    CHECK_EQ(font.width, 8);
    CHECK_EQ(font.height, PSF1_HEIGHT);
    CHECK_EQ(psf_glyph(&font, 7)[PSF1_HEIGHT - 1], 7);
    CHECK_EQ(psf_glyph(&font, 255)[0], 255);
}

TEST(first_glyph_of_a_code_point_counts) {
    struct bytes bytes = psf1();

    CHECK_EQ(lookup(&bytes, 'A'), 0);
    CHECK_EQ(lookup(&bytes, 'a'), 0);
    CHECK_EQ(lookup(&bytes, 'B'), 1);
    CHECK_EQ(lookup(&bytes, 0x20ac), 2);
    CHECK_EQ(lookup(&bytes, 'b'), -ENOENT);
    CHECK_EQ(lookup(&bytes, UINT32_MAX), -ENOENT);
}

TEST(sequences_are_left_out) {
    struct bytes bytes = psf1();

    CHECK_EQ(lookup(&bytes, 'x'), -ENOENT);
    CHECK_EQ(lookup(&bytes, 0x301), -ENOENT);
}

TEST(format_2) {
    static const char table[] = "\xe2\x82\xac\xff" "A\xf0\x9f\x98\x80\xff" "\xfe" "e\xcc\x81\xff";
    struct bytes bytes = psf2(1, table, sizeof table - 1);
    struct psf font;

    CHECK_EQ(psf_parse(bytes.data, bytes.size, &font), 0);
    CHECK_EQ(font.row_bytes, 2);
    CHECK_EQ(psf_glyph(&font, 2)[0], 8);
    CHECK_EQ(lookup(&bytes, 0x20ac), 0);
    CHECK_EQ(lookup(&bytes, 'A'), 1);
    CHECK_EQ(lookup(&bytes, 0x1f600), 1);
    CHECK_EQ(lookup(&bytes, 'e'), -ENOENT);
}

TEST(no_table_means_numbers) {
    struct bytes bytes = psf2(0, "", 0);

    CHECK_EQ(lookup(&bytes, 0), 0);
    CHECK_EQ(lookup(&bytes, 2), 2);
    CHECK_EQ(lookup(&bytes, 3), -ENOENT);
}

TEST(damaged_tables) {
    struct bytes cut = psf2(1, "\xe2\x82", 2), bad = psf2(1, "\x80\xc0" "A\xf5\xff\xff\xff\xff" "Z", 9), odd = psf1();

    CHECK_EQ(lookup(&cut, 'A'), -ENOENT);
    CHECK_EQ(lookup(&bad, 'A'), 0);
    CHECK_EQ(lookup(&bad, 'Z'), -ENOENT);
    odd.size--;
    CHECK_EQ(lookup(&odd, 0x20ac), 2);
}

static void check_refused(struct bytes bytes, size_t at, uint8_t value) {
    struct psf font;

    bytes.data[at] = value;
    CHECK_EQ(psf_parse(bytes.data, bytes.size, &font), -EINVAL);
}

TEST(damaged_headers) {
    struct psf font;
    struct bytes one = psf1(), two = psf2(0, "", 0);

    check_refused(one, 0, 0);
    check_refused(one, 2, 3);  /* 512 glyphs: not so many are there */
    check_refused(one, 3, 0);
    check_refused(one, 3, 65);
    check_refused(two, 4, 1);  /* version */
    check_refused(two, 8, 16); /* header inside itself */
    check_refused(two, 11, 0xff);
    check_refused(two, 16, 0); /* glyphs */
    check_refused(two, 16, 4);
    check_refused(two, 19, 0xff);
    check_refused(two, 20, 5); /* bytes a glyph */
    check_refused(two, 28, 0); /* width */
    check_refused(two, 28, 65);
    for (size_t size = 0; size < two.size; size++)
        CHECK_EQ(psf_parse(two.data, size, &font), -EINVAL);
}

