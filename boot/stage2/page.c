/*
 * Two displays, one pen. Facts: "PC/AT Technical Reference" (INT 10h), ECMA-48 §8.3 (CUP, ED, SGR),
 * VT510 reference (DECTCEM: the cursor's visibility).
 */
#include "boot/stage2/page.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "lib/format.h"

enum video_function { VIDEO_CURSOR_SHAPE = 0x0100, VIDEO_SET_CURSOR = 0x0200, VIDEO_SCROLL_UP = 0x0600,
                      VIDEO_WRITE = 0x0900 };

#define COLUMNS_MAX    80u
#define ROWS_MAX       24u
#define MODE_40_COLOUR 1u
#define MODE_80_COLOUR 3u
#define CURSOR_HIDDEN  0x2000u
#define CURSOR_DEFAULT 0x0607u /* the last two lines of a cell */
#define SERIAL_MAX     40u

/* Screen attributes with colour and without, and what COM1 is sent behind ESC [. */
static const struct {
    uint8_t colour, mono;
    const char *sgr;
} styles[] = {
    [PAGE_NORMAL] = {0x07, 0x07, "0m"},   [PAGE_DIM] = {0x08, 0x07, "0;2m"},
    [PAGE_BRIGHT] = {0x0f, 0x0f, "0;1m"}, [PAGE_BAR] = {0x1f, 0x70, "0;7m"},
    [PAGE_SELECTED] = {0x30, 0x70, "0;7m"}, [PAGE_ALERT] = {0x0e, 0x0f, "0;1m"},
};

static struct {
    unsigned row, column;
    enum page_style style;
} pen;

static uint16_t cursor_shape = CURSOR_DEFAULT; /* before it was hidden */

static uint32_t video(uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx) {
    struct bios_regs regs = {.eax = ax, .ebx = bx, .ecx = cx, .edx = dx};

    bios_call(BIOS_VIDEO, &regs);
    return regs.eax;
}

printf_like(1, 2) static void serial(const char *format, ...) {
    char text[SERIAL_MAX];
    va_list arguments;

    va_start(arguments, format);
    int length = format_vsnprintf(text, sizeof(text), format, arguments);

    va_end(arguments);
    console_send_serial(text, (size_t)length);
}

unsigned page_columns(void) {
    unsigned columns = bios_word(BDA_VIDEO_COLUMNS);

    return columns == 0 ? COLUMNS_MAX : MIN(columns, COLUMNS_MAX);
}

unsigned page_rows(void) {
    unsigned rows = bios_byte(BDA_LAST_ROW) + 1u;

    return rows < 2 ? ROWS_MAX : MIN(rows, ROWS_MAX);
}

static uint8_t attribute(enum page_style style) {
    uint8_t mode = bios_byte(BDA_VIDEO_MODE);

    return mode == MODE_40_COLOUR || mode == MODE_80_COLOUR ? styles[style].colour
                                                            : styles[style].mono;
}

static void clear(void) {
    unsigned last_row = MAX(bios_byte(BDA_LAST_ROW), (uint8_t)(ROWS_MAX - 1));

    (void)video(VIDEO_SCROLL_UP, (uint16_t)(styles[PAGE_NORMAL].mono << 8), 0,
                (uint16_t)(last_row << 8 | (page_columns() - 1)));
    serial("\033[0m\033[2J");
    page_at(0, 0);
    pen.style = PAGE_NORMAL;
}

void page_open(void) {
    uint16_t shape = bios_word(BDA_CURSOR_SHAPE);

    cursor_shape = shape & CURSOR_HIDDEN ? cursor_shape : shape;
    clear();
    page_hide_cursor();
}

void page_close(void) {
    clear();
    page_show_cursor();
}

void page_at(unsigned row, unsigned column) {
    pen.row = row;
    pen.column = column;
    (void)video(VIDEO_SET_CURSOR, 0, 0, (uint16_t)(row << 8 | column));
    serial("\033[%u;%uH", row + 1, column + 1);
}

/* `count` times the same character. */
static void put(enum page_style style, char c, unsigned count) {
    if (pen.column >= page_columns())
        return;
    count = MIN(count, page_columns() - pen.column);
    c = (uint8_t)c < ' ' ? ' ' : c <= '~' ? c : '?';
    if (pen.style != style)
        serial("\033[%s", styles[style].sgr);
    pen.style = style;
    (void)video((uint16_t)(VIDEO_WRITE | (uint8_t)c), attribute(style), (uint16_t)count, 0);
    for (unsigned i = 0; i < count; i++)
        console_send_serial(&c, 1);
    pen.column += count;
    if (pen.column < page_columns())
        (void)video(VIDEO_SET_CURSOR, 0, 0, (uint16_t)(pen.row << 8 | pen.column));
}

static void put_text(void *style, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        put(*(enum page_style *)style, text[i], 1);
}

void page_print(enum page_style style, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    (void)format_callback(put_text, &style, format, arguments);
    va_end(arguments);
}

void page_fill(enum page_style style, unsigned column) {
    if (column > pen.column)
        put(style, ' ', column - pen.column);
}

void page_show_cursor(void) {
    (void)video(VIDEO_CURSOR_SHAPE, 0, cursor_shape, 0);
    serial("\033[?25h");
}

void page_hide_cursor(void) {
    (void)video(VIDEO_CURSOR_SHAPE, 0, CURSOR_HIDDEN, 0);
    serial("\033[?25l");
}
