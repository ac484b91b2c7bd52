/*
 * Text on a linear framebuffer that the loader set up through the VESA BIOS.
 *
 * The screen's cells are kept in memory and compared: what is to be seen already, as most of a screen
 * that scrolls, is not drawn again. Pixels are never read back or copied on the screen: reads of
 * write-combining memory are uncached (SDM 3A §11.3.1). A run of changed cells is put together in
 * ordinary memory, a band as high as a cell, and written a line of pixels at a time.
 * Called under the virtual terminal's lock, which guards all of this; in a panic without.
 */
#define LOG_TAG "framebuffer"
#include "drivers/video/font.h"
#include "drivers/video/pixel.h"
#include "kernel/arch/boot.h"
#include "kernel/device/device.h"
#include "kernel/display/display.h"
#include "kernel/log/log.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/slab.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define WIDTH_DOUBLED 1921u /* from this width on every pixel of the font becomes four */
#define CURSOR_LINES 2u     /* at the bottom of the cell */
#define COLOURS 256u
#define COLOUR_DARK 8u      /* the first that is not: bold text has those instead */
#define HALF_SHADES 0x7f7f7fu

struct shown {
    uint32_t codepoint;
    uint16_t glyph;
    uint8_t fg, bg, attrs;
};

struct framebuffer {
    struct display display;
    uint8_t *pixels;
    size_t pitch; /* bytes from one line to the next */
    const struct psf *font;
    size_t cell_bytes;         /* of one line of a cell */
    struct pixel_canvas band;  /* as wide as the screen, as high as the font; lines are doubled on the screen only */
    uint8_t *band_memory;
    uint32_t palette[COLOURS]; /* pixels */
    struct shown *cells;       /* what the screen shows, row by row */
    unsigned cursor_row, cursor_column;
    bool cursor_visible;
};

static struct framebuffer *framebuffer_of(struct display *display) {
    return container_of(display, struct framebuffer, display);
}

static struct shown *cell_at(const struct framebuffer *fb, unsigned row, unsigned column) {
    return &fb->cells[row * fb->display.columns + column];
}

static bool looks_equal(const struct shown *a, const struct shown *b) {
    return a->fg == b->fg && a->bg == b->bg && a->attrs == b->attrs;
}

static struct pixel_ink ink_of(const struct framebuffer *fb, const struct shown *cell) {
    uint8_t fg = cell->fg < COLOUR_DARK && (cell->attrs & VT_BOLD) ? cell->fg + COLOUR_DARK : cell->fg;
    uint32_t foreground = fb->palette[fg];

    if (cell->attrs & VT_DIM)
        foreground = pixel_encode(&fb->band.format, vt_palette_rgb(fg) >> 1 & HALF_SHADES);
    return pixel_ink(&fb->band.format, foreground, fb->palette[cell->bg]);
}

/* Lines drawn through the cell: an underline, a strike or the cursor. */
static void draw_solid(struct framebuffer *fb, uint8_t *out, const struct pixel_ink *ink, unsigned line, unsigned count) {
    static const uint8_t solid[PSF_PIXELS_MAX / 8] = {[0 ... PSF_PIXELS_MAX / 8 - 1] = UINT8_MAX};
    const struct pixel_bitmap bitmap = {.bits = solid, .width = fb->font->width, .height = count};

    pixel_draw(&fb->band, out + line * fb->band.pitch, ink, &bitmap);
}

static void draw_cell(struct framebuffer *fb, uint8_t *out, const struct shown *cell, const struct pixel_ink *ink) {
    const struct psf *font = fb->font;
    const struct pixel_bitmap bitmap = {psf_glyph(font, cell->glyph), font->row_bytes, font->width, font->height};

    pixel_draw(&fb->band, out, ink, &bitmap);
    if (cell->attrs & VT_UNDERLINE)
        draw_solid(fb, out, ink, font->height - 1, 1);
    if (cell->attrs & VT_STRIKE)
        draw_solid(fb, out, ink, font->height / 2, 1);
    if (fb->cursor_visible && cell == cell_at(fb, fb->cursor_row, fb->cursor_column))
        draw_solid(fb, out, ink, font->height - CURSOR_LINES, CURSOR_LINES);
}

/* Puts `count` cells together in the band. */
static void compose(struct framebuffer *fb, const struct shown *cells, unsigned count) {
    struct pixel_ink ink = ink_of(fb, cells);

    for (unsigned i = 0; i < count; i++) {
        if (i > 0 && !looks_equal(&cells[i], &cells[i - 1]))
            ink = ink_of(fb, &cells[i]);
        draw_cell(fb, fb->band_memory + i * fb->cell_bytes, &cells[i], &ink);
    }
}

static void draw_run(struct framebuffer *fb, unsigned row, unsigned first, unsigned end) {
    unsigned scale = fb->band.scale;
    uint8_t *target = fb->pixels + row * fb->font->height * scale * fb->pitch + first * fb->cell_bytes;

    ASSERT(first < end && end <= fb->display.columns && row < fb->display.rows);
    compose(fb, cell_at(fb, row, first), end - first);
    for (unsigned line = 0; line < fb->font->height * scale; line++, target += fb->pitch)
        memcpy(target, fb->band_memory + line / scale * fb->band.pitch, (end - first) * fb->cell_bytes);
}

/* Whether the cell's look changes. */
static bool update(struct shown *shown, const struct vt_cell *cell) {
    if (shown->codepoint == cell->codepoint && shown->fg == cell->fg && shown->bg == cell->bg &&
        shown->attrs == cell->attrs)
        return false;
    *shown = (struct shown){.codepoint = cell->codepoint, .glyph = (uint16_t)font_glyph(cell->codepoint),
                            .fg = cell->fg, .bg = cell->bg, .attrs = cell->attrs};
    return true;
}

static void framebuffer_draw(struct display *display, unsigned row, unsigned column, const struct vt_cell *cells,
                             unsigned count) {
    struct framebuffer *fb = framebuffer_of(display);
    struct shown *shown = cell_at(fb, row, column);

    for (unsigned i = 0; i < count; i++) {
        unsigned first = i;
        while (i < count && update(&shown[i], &cells[i]))
            i++;
        if (i > first)
            draw_run(fb, row, column + first, column + i);
    }
}

static void framebuffer_set_cursor(struct display *display, unsigned row, unsigned column, bool visible) {
    struct framebuffer *fb = framebuffer_of(display);
    unsigned old_row = fb->cursor_row, old_column = fb->cursor_column;
    bool was_visible = fb->cursor_visible;

    if (visible == was_visible && row == old_row && column == old_column)
        return;
    fb->cursor_row = row;
    fb->cursor_column = column;
    fb->cursor_visible = visible;
    if (was_visible)
        draw_run(fb, old_row, old_column, old_column + 1);
    if (visible)
        draw_run(fb, row, column, column + 1);
}

static const struct display_ops framebuffer_ops = {.draw = framebuffer_draw, .set_cursor = framebuffer_set_cursor};

/* ---- finding it ---- */

static bool geometry_is_sane(const struct boot_video *video, unsigned bytes_per_pixel) {
    return video->mode == BOOT_VIDEO_LINEAR && video->pitch / bytes_per_pixel >= video->width &&
           (uint64_t)video->pitch * video->height <= video->size && video->phys + video->size > video->phys;
}

/* Fills in the sizes; false when the screen, or the font, is too small for text. */
static bool lay_out(struct framebuffer *fb, const struct boot_video *video) {
    unsigned scale = video->width >= WIDTH_DOUBLED ? 2 : 1;

    fb->pitch = video->pitch;
    fb->cell_bytes = (size_t)fb->font->width * scale * fb->band.format.bytes;
    fb->display.columns = MIN(video->width / (fb->font->width * scale), VT_COLS_MAX);
    fb->display.rows = MIN(video->height / (fb->font->height * scale), VT_ROWS_MAX);
    fb->band.scale = scale;
    fb->band.pitch = fb->display.columns * fb->cell_bytes + PIXEL_SLACK;
    return fb->display.columns > 1 && fb->display.rows > 1 && fb->font->height >= CURSOR_LINES;
}

/* What setting the mode left: all pixels 0 (VBE 3.0 §4.5, bit 15 of the mode clear), as black blanks are. */
static void expect_blank(struct framebuffer *fb) {
    const struct shown blank = {.codepoint = ' ', .glyph = (uint16_t)font_glyph(' '), .fg = VT_DEFAULT_FG,
                                .bg = VT_DEFAULT_BG};

    for (unsigned i = 0; i < fb->display.rows * fb->display.columns; i++)
        fb->cells[i] = blank;
    for (unsigned colour = 0; colour < COLOURS; colour++)
        fb->palette[colour] = pixel_encode(&fb->band.format, vt_palette_rgb((uint8_t)colour));
    ASSERT(fb->palette[VT_DEFAULT_BG] == 0);
}

static int allocate(struct framebuffer *fb, const struct boot_video *video) {
    fb->cells = kcalloc(fb->display.rows * fb->display.columns, sizeof *fb->cells);
    fb->band_memory = kmalloc(fb->font->height * fb->band.pitch);
    if (fb->cells && fb->band_memory)
        fb->pixels = kernel_map_device(video->phys, video->size, MAP_WRITE_COMBINING);
    return fb->pixels ? 0 : -ENOMEM;
}

static void release(struct framebuffer *fb) {
    kfree(fb->band_memory);
    kfree(fb->cells);
    kfree(fb);
}

static int framebuffer_probe(struct device *device) {
    const struct boot_video *video = &boot_info.video;
    struct pixel_format format;
    const struct psf *font = font_load();

    if (!font || !pixel_format_of(video, &format) || !geometry_is_sane(video, format.bytes))
        return -EINVAL;
    struct framebuffer *fb = kzalloc(sizeof *fb);
    if (!fb)
        return -ENOMEM;
    fb->display = (struct display){.name = "framebuffer", .ops = &framebuffer_ops};
    fb->band.format = format;
    fb->font = font;
    int error = lay_out(fb, video) ? allocate(fb, video) : -EINVAL;
    if (error) {
        release(fb);
        return error;
    }
    expect_blank(fb);
    device->driver_data = fb;
    log_info("%ux%u pixels of %u bits at %#lx", video->width, video->height, video->bits_per_pixel, video->phys);
    display_register(&fb->display);
    return 0;
}

static const char *const framebuffer_ids[] = {"framebuffer", NULL};

DRIVER(framebuffer) = {.name = "framebuffer", .bus = "loader", .ids = framebuffer_ids, .probe = framebuffer_probe};
