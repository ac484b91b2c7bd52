#include "drivers/video/pixel.h"

#include "lib/assert.h"
#include "lib/string.h"

#define COLOUR_BITS_MAX 16u
#define SHADES_RGB 255u /* of one component of 0xRRGGBB */

static bool colour_is_sane(const struct boot_colour *colour, unsigned bits) {
    return colour->width >= 1 && colour->width <= COLOUR_BITS_MAX && colour->position + colour->width <= bits;
}

bool pixel_format_of(const struct boot_video *video, struct pixel_format *format) {
    if (video->bits_per_pixel < 15 || video->bits_per_pixel > 32)
        return false;
    *format = (struct pixel_format){.bytes = (uint8_t)((video->bits_per_pixel + 7) / 8), .red = video->red,
                                    .green = video->green, .blue = video->blue};
    unsigned bits = format->bytes * 8u;
    return colour_is_sane(&format->red, bits) && colour_is_sane(&format->green, bits) &&
           colour_is_sane(&format->blue, bits);
}

static uint32_t encode_colour(struct boot_colour colour, uint32_t shade) {
    uint32_t most = (1u << colour.width) - 1;
    return (shade * most + SHADES_RGB / 2) / SHADES_RGB << colour.position;
}

uint32_t pixel_encode(const struct pixel_format *format, uint32_t rgb) {
    return encode_colour(format->red, rgb >> 16 & 0xff) | encode_colour(format->green, rgb >> 8 & 0xff) |
           encode_colour(format->blue, rgb & 0xff);
}

struct pixel_ink pixel_ink(const struct pixel_format *format, uint32_t foreground, uint32_t background) {
    const uint64_t pixel[] = {background, foreground};
    struct pixel_ink ink;

    for (unsigned bits = 0; bits < ARRAY_SIZE(ink.pair); bits++)
        ink.pair[bits] = pixel[bits >> 1] | pixel[bits & 1] << (8 * format->bytes);
    return ink;
}

static void store(uint8_t *out, uint64_t pair) {
    __builtin_memcpy(out, &pair, sizeof pair);
}
_Static_assert(PIXEL_SLACK == sizeof(uint64_t), "what a store may write too much");

/* Written out: this is where the time of drawing goes. */
static void draw_byte(uint8_t *out, unsigned bytes, const struct pixel_ink *ink, uint8_t bits) {
    store(out, ink->pair[bits >> 6]);
    store(out + 2 * bytes, ink->pair[bits >> 4 & 3]);
    store(out + 4 * bytes, ink->pair[bits >> 2 & 3]);
    store(out + 6 * bytes, ink->pair[bits & 3]);
}

static void draw_pairs(uint8_t *out, unsigned bytes, const struct pixel_ink *ink, const uint8_t *bits, unsigned width) {
    for (; width >= 8; width -= 8, bits++, out += 8 * bytes)
        draw_byte(out, bytes, ink, *bits);
    for (unsigned x = 0; x < width; x += 2, out += 2 * bytes)
        store(out, ink->pair[*bits >> (6 - x) & 3]);
}

static void draw_doubled(uint8_t *out, unsigned bytes, const struct pixel_ink *ink, const uint8_t *bits, unsigned width) {
    for (unsigned x = 0; x < width; x++, out += 2 * bytes)
        store(out, ink->pair[bits[x / 8] >> (7 - x % 8) & 1 ? 3 : 0]);
}

void pixel_draw(const struct pixel_canvas *canvas, uint8_t *out, const struct pixel_ink *ink,
                const struct pixel_bitmap *bitmap) {
    const uint8_t *bits = bitmap->bits;
    unsigned bytes = canvas->format.bytes;

    ASSERT(canvas->scale == 1 || canvas->scale == 2);
    for (unsigned line = 0; line < bitmap->height; line++, bits += bitmap->row_bytes, out += canvas->pitch) {
        if (canvas->scale == 1)
            draw_pairs(out, bytes, ink, bits, bitmap->width);
        else
            draw_doubled(out, bytes, ink, bits, bitmap->width);
    }
}
