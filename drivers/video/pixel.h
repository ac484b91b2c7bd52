/*
 * Pixels of direct-colour framebuffers: any place and width of the three colours within 2, 3 or 4
 * bytes, little-endian (VBE 3.0 §4.4). Pure; any context.
 */
#pragma once

#include "boot/bootinfo.h"
#include "lib/bits.h"

struct pixel_format {
    uint8_t bytes; /* a pixel: 2, 3 or 4 */
    struct boot_colour red, green, blue;
};

/* False when the loader's description makes no sense. */
must_check bool pixel_format_of(const struct boot_video *video, struct pixel_format *format);

/* The pixel for 0xRRGGBB, rounded to the nearest shade. */
uint32_t pixel_encode(const struct pixel_format *format, uint32_t rgb);

/* Two neighbouring pixels for each combination of two bits; the higher bit is the left one. */
struct pixel_ink {
    uint64_t pair[4];
};

struct pixel_ink pixel_ink(const struct pixel_format *format, uint32_t foreground, uint32_t background);

/* Ordinary memory in which pixels are put together. */
struct pixel_canvas {
    struct pixel_format format;
    size_t pitch;   /* bytes from one line to the next */
    unsigned scale; /* 1 or 2: pixels along a line for each bit */
};

/* Bits to draw, the highest of the first byte leftmost. row_bytes 0: the same line again and again. */
struct pixel_bitmap {
    const uint8_t *bits;
    unsigned row_bytes, width, height;
};

#define PIXEL_SLACK 8u /* bytes to the right of its result that pixel_draw may write to */

/* Draws at `out`, which is in the canvas. What is to its right must be drawn later. */
void pixel_draw(const struct pixel_canvas *canvas, uint8_t *out, const struct pixel_ink *ink,
                const struct pixel_bitmap *bitmap);
