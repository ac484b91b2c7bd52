/*
 * VGA text mode, as the loader left it: 80x25 cells of character and attribute in memory, and a
 * cursor of the CRT controller (IBM VGA Technical Reference; FreeVGA "Text mode").
 * Called under the virtual terminal's lock; a copy of the screen saves slow writes of what is there.
 */
#define LOG_TAG "vga"
#include "kernel/arch/boot.h"
#include "kernel/arch/io.h"
#include "kernel/device/device.h"
#include "kernel/display/display.h"
#include "kernel/log/log.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/slab.h"
#include "lib/cp437.h"
#include "lib/errno.h"

enum crtc_register { CRTC_CURSOR_START = 0x0a, CRTC_CURSOR_HIGH = 0x0e, CRTC_CURSOR_LOW = 0x0f };

#define CRTC_CURSOR_OFF BIT(5) /* in the cursor start register */
#define CURSOR_TOP_LINE 14u    /* an underline in a cell of 16 lines */
#define CELL_BYTES 2u
#define COLOUR_BACKGROUND_SHIFT 4u
#define COLOUR_DARK_MASK 7u    /* backgrounds have eight colours; the ninth bit blinks */
#define COLOUR_BRIGHT 8u
#define COLUMNS_MAX 132u
#define ROWS_MAX 60u

struct vga {
    struct display display;
    volatile uint16_t *cells;
    uint16_t *shadow;  /* what the screen shows */
    unsigned row_cells; /* from one row to the next */
    uint16_t crtc_port;
    unsigned cursor;   /* position the CRTC was last given */
    bool cursor_visible;
};

static void crtc_write(const struct vga *vga, enum crtc_register index, unsigned value) {
    io_out8(vga->crtc_port, (uint8_t)index);
    io_out8((uint16_t)(vga->crtc_port + 1), (uint8_t)value);
}

/* ECMA-48 colours count red, green, blue from the lowest bit; VGA's count blue, green, red. */
static unsigned vga_colour(uint8_t palette_index) {
    static const uint8_t swapped[] = {0, 4, 2, 6, 1, 5, 3, 7};
    uint8_t colour = vt_palette_16(palette_index);
    return swapped[colour & COLOUR_DARK_MASK] | (colour & COLOUR_BRIGHT);
}

static uint16_t vga_cell(const struct vt_cell *cell) {
    unsigned foreground = vga_colour(cell->fg), background = vga_colour(cell->bg) & COLOUR_DARK_MASK;

    if (cell->attrs & VT_BOLD)
        foreground |= COLOUR_BRIGHT;
    return (uint16_t)(cp437_from_unicode(cell->codepoint) | (foreground | background << COLOUR_BACKGROUND_SHIFT) << 8);
}

static void vga_draw(struct display *display, unsigned row, unsigned column, const struct vt_cell *cells, unsigned count) {
    struct vga *vga = container_of(display, struct vga, display);
    unsigned at = row * vga->row_cells + column;

    for (unsigned i = 0; i < count; i++) {
        uint16_t cell = vga_cell(&cells[i]);
        if (vga->shadow[at + i] == cell)
            continue;
        vga->shadow[at + i] = cell;
        vga->cells[at + i] = cell;
    }
}

static void vga_set_cursor(struct display *display, unsigned row, unsigned column, bool visible) {
    struct vga *vga = container_of(display, struct vga, display);
    unsigned position = row * vga->row_cells + column;

    if (visible != vga->cursor_visible)
        crtc_write(vga, CRTC_CURSOR_START, visible ? CURSOR_TOP_LINE - 1 : CRTC_CURSOR_OFF);
    vga->cursor_visible = visible;
    if (position == vga->cursor)
        return;
    vga->cursor = position;
    crtc_write(vga, CRTC_CURSOR_HIGH, position >> 8);
    crtc_write(vga, CRTC_CURSOR_LOW, position & UINT8_MAX);
}

static void vga_read(struct display *display, unsigned row, uint32_t *codepoints) {
    struct vga *vga = container_of(display, struct vga, display);

    for (unsigned column = 0; column < display->columns; column++)
        codepoints[column] = cp437_to_unicode((uint8_t)vga->shadow[row * vga->row_cells + column]);
}

static const struct display_ops vga_ops = {.draw = vga_draw, .set_cursor = vga_set_cursor, .read = vga_read};

static bool geometry_is_sane(const struct boot_video *video) {
    return video->columns > 1 && video->columns <= COLUMNS_MAX && video->rows > 1 && video->rows <= ROWS_MAX &&
           video->pitch >= video->columns * CELL_BYTES && video->cursor_row < video->rows &&
           (uint64_t)video->pitch * video->rows <= video->size;
}

static int vga_probe(struct device *device) {
    const struct boot_video *video = &boot_info.video;

    if (video->mode != BOOT_VIDEO_TEXT || !geometry_is_sane(video))
        return -ENODEV;
    struct vga *vga = kzalloc(sizeof *vga);
    unsigned cell_count = video->pitch / CELL_BYTES * video->rows;
    uint16_t *shadow = kcalloc(cell_count, sizeof *shadow);
    volatile uint16_t *cells = kernel_map_device(video->phys, video->size, MAP_WRITE_COMBINING);
    if (!vga || !shadow || !cells) {
        kfree(vga);
        kfree(shadow);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < cell_count; i++)
        shadow[i] = cells[i];
    *vga = (struct vga){
        .display = {.name = "VGA text", .ops = &vga_ops, .rows = video->rows, .columns = video->columns,
                    .cursor_row = video->cursor_row, .cursor_column = video->cursor_column},
        .cells = cells, .shadow = shadow, .row_cells = video->pitch / CELL_BYTES, .crtc_port = video->crtc_port,
        .cursor = UINT32_MAX,
    };
    device->driver_data = vga;
    display_register(&vga->display);
    return 0;
}

static const char *const vga_ids[] = {"PNP0900", NULL};

DRIVER(vga_text) = {.name = "vga_text", .bus = "isa", .ids = vga_ids, .probe = vga_probe};
