/*
 * Text is printed through the BIOS, as everywhere in the loader; colours go straight to text
 * memory, behind it. Facts: "PC/AT Technical Reference" (INT 10h functions 02h and 06h, text memory).
 */
#include "boot/stage2/explain_screen.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/state.h"

#define SCROLL_WINDOW_UP 0x0600u /* al 0: the whole window */
#define SET_CURSOR       0x0200u
#define ATTRIBUTE_PLAIN  0x07u

static const struct boot_video *screen(void) {
    console_describe_screen();
    return &boot_info()->video;
}

static void set_cursor(uint32_t row) {
    struct bios_regs regs = {.eax = SET_CURSOR, .edx = row << 8};

    bios_call(BIOS_VIDEO, &regs);
}

void explain_screen_clear(void) {
    const struct boot_video *video = screen();
    struct bios_regs regs = {.eax = SCROLL_WINDOW_UP, .ebx = ATTRIBUTE_PLAIN << 8,
                             .edx = (video->rows - 1u) << 8 | (video->columns - 1u)};

    console_fresh_line();
    if (video->mode != BOOT_VIDEO_TEXT)
        return;
    bios_call(BIOS_VIDEO, &regs);
    set_cursor(0);
}

void explain_screen_go(uint32_t row) {
    console_fresh_line();
    if (screen()->mode == BOOT_VIDEO_TEXT)
        set_cursor(row);
}

uint32_t explain_screen_cell(void) {
    return bios_byte(BDA_CURSOR_ROW) * (uint32_t)bios_word(BDA_VIDEO_COLUMNS) +
           bios_byte(BDA_CURSOR_COLUMN);
}

void explain_screen_paint(uint32_t start, uint32_t end, enum explain_colour colour) {
    const struct boot_video *video = screen();
    volatile uint8_t *cells = (volatile uint8_t *)(uintptr_t)video->phys;

    if (video->mode != BOOT_VIDEO_TEXT)
        return;
    for (uint32_t i = start; i < end && i * 2 < video->size; i++)
        cells[i * 2 + 1] = colour;
}

void explain_screen_paint_row(uint32_t row, enum explain_colour colour) {
    uint32_t columns = bios_word(BDA_VIDEO_COLUMNS);

    explain_screen_paint(row * columns, (row + 1) * columns, colour);
}
