/*
 * Terminal emulator: colours and attributes (SGR, ECMA-48 §8.3.117). The palette is xterm's: 16
 * colours, a 6 × 6 × 6 cube, 24 greys; true colours are mapped to the nearest of the latter two.
 */
#include "lib/bits.h"
#include "lib/vt_internal.h"

#define CUBE_FIRST 16
#define CUBE_SIDE 6u
#define GREY_FIRST 232
#define GREY_STEPS 24u

/* The 16 colours of the PC's text mode, in ECMA-48 order. */
static const uint32_t base_rgb[16] = {
    0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
    0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
};

static const uint8_t cube_level[CUBE_SIDE] = { 0, 95, 135, 175, 215, 255 };

static uint32_t rgb(uint32_t red, uint32_t green, uint32_t blue) {
    return red << 16 | green << 8 | blue;
}

uint32_t vt_palette_rgb(uint8_t index) {
    if (index < CUBE_FIRST)
        return base_rgb[index];
    if (index >= GREY_FIRST)
        return (8u + 10u * (uint32_t)(index - GREY_FIRST)) * 0x010101;
    unsigned cube = index - CUBE_FIRST;
    return rgb(cube_level[cube / CUBE_SIDE / CUBE_SIDE], cube_level[cube / CUBE_SIDE % CUBE_SIDE],
               cube_level[cube % CUBE_SIDE]);
}

/* Squared distance of two colours. */
static uint32_t distance(uint32_t a, uint32_t b) {
    uint32_t sum = 0;

    for (unsigned shift = 0; shift <= 16; shift += 8) {
        int difference = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);
        sum += (uint32_t)(difference * difference);
    }
    return sum;
}

/* The palette index in first ≤ index < end that looks most like a colour. */
static uint8_t nearest(uint32_t colour, unsigned first, unsigned end) {
    unsigned best = first;

    for (unsigned index = first; index < end; index++)
        if (distance(colour, vt_palette_rgb((uint8_t)index)) <
            distance(colour, vt_palette_rgb((uint8_t)best)))
            best = index;
    return (uint8_t)best;
}

uint8_t vt_palette_16(uint8_t index) {
    return index < CUBE_FIRST ? index : nearest(vt_palette_rgb(index), 0, CUBE_FIRST);
}

void vt_cell_colours(const struct vt *vt, const struct vt_cell *cell, uint8_t *fg, uint8_t *bg) {
    bool reverse = !(cell->attrs & VT_REVERSE) != !vt->reverse_screen;
    uint8_t front = cell->fg;

    if (cell->attrs & VT_BOLD && front < 8)
        front = (uint8_t)(front + 8);
    *fg = reverse ? cell->bg : front;
    *bg = reverse ? front : cell->bg;
}

/* The colour after 38 or 48 at params[*i]: 5;index or 2;r;g;b. Leaves *i at its last parameter. */
static uint8_t extended_colour(const struct vt *vt, unsigned *i, uint8_t otherwise) {
    const uint16_t *p = vt->params + *i;
    unsigned left = vt->nparams - *i;

    if (left >= 3 && p[1] == 5) {
        *i += 2;
        return (uint8_t)MIN(p[2], 255);
    }
    if (left >= 5 && p[1] == 2) {
        *i += 4;
        return nearest(rgb(MIN(p[2], 255u), MIN(p[3], 255u), MIN(p[4], 255u)), CUBE_FIRST, 256);
    }
    *i = vt->nparams;
    return otherwise;
}

/* Attributes switched on by SGR 1 … 9, and those switched off by SGR 21 … 29. */
static const uint8_t attrs_on[10] = {
    [1] = VT_BOLD, [2] = VT_DIM, [3] = VT_ITALIC, [4] = VT_UNDERLINE, [5] = VT_BLINK,
    [6] = VT_BLINK, [7] = VT_REVERSE, [9] = VT_STRIKE,
};
static const uint8_t attrs_off[10] = {
    [2] = VT_BOLD | VT_DIM, [3] = VT_ITALIC, [4] = VT_UNDERLINE, [5] = VT_BLINK,
    [7] = VT_REVERSE, [9] = VT_STRIKE,
};

static void apply(struct vt *vt, unsigned *i) {
    struct vt_cell *pen = &vt->cursor.pen;
    unsigned code = vt->params[*i];

    switch (code) {
    case 0: *pen = (struct vt_cell){ ' ', VT_DEFAULT_FG, VT_DEFAULT_BG, 0 }; break;
    case 1 ... 9: pen->attrs |= attrs_on[code]; break;
    case 21: pen->attrs |= VT_UNDERLINE; break;
    case 22 ... 29: pen->attrs &= (uint8_t)~attrs_off[code - 20]; break;
    case 30 ... 37: pen->fg = (uint8_t)(code - 30); break;
    case 38: pen->fg = extended_colour(vt, i, pen->fg); break;
    case 39: pen->fg = VT_DEFAULT_FG; break;
    case 40 ... 47: pen->bg = (uint8_t)(code - 40); break;
    case 48: pen->bg = extended_colour(vt, i, pen->bg); break;
    case 49: pen->bg = VT_DEFAULT_BG; break;
    case 90 ... 97: pen->fg = (uint8_t)(code - 90 + 8); break;
    case 100 ... 107: pen->bg = (uint8_t)(code - 100 + 8); break;
    default: break;
    }
}

void vt_select_graphic_rendition(struct vt *vt) {
    unsigned count = MAX(vt->nparams, 1);

    for (unsigned i = 0; i < count; i++)
        apply(vt, &i);
}
