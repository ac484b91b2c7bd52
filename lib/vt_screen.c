/* Terminal emulator: the grid, the cursor and scrolling. */
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "lib/vt_internal.h"

#define TAB_COLUMNS 8

static const struct vt_cell plain_blank = { ' ', VT_DEFAULT_FG, VT_DEFAULT_BG, 0 };

static void mark_dirty(struct vt *vt, unsigned first, unsigned end) {
    bitmap_set_range(vt->dirty, first, end - first);
}

unsigned vt_take_dirty_row(struct vt *vt, unsigned from) {
    unsigned row = (unsigned)bitmap_find_set(vt->dirty, vt->rows, from);

    if (row < vt->rows)
        bitmap_clear(vt->dirty, row);
    return row;
}

void vt_redraw(struct vt *vt) {
    mark_dirty(vt, 0, vt->rows);
}

/* What erasing leaves: a blank in the pen's colours, without its attributes. */
static struct vt_cell blank_of(const struct vt *vt) {
    struct vt_cell blank = vt->cursor.pen;

    blank.codepoint = ' ';
    blank.attrs = 0;
    return blank;
}

void vt_erase(struct vt *vt, unsigned row, unsigned first, unsigned end) {
    struct vt_cell blank = blank_of(vt);

    for (unsigned col = first; col < end; col++)
        vt->screen->row[row][col] = blank;
    mark_dirty(vt, row, row + 1);
}

void vt_erase_rows(struct vt *vt, unsigned first, unsigned end) {
    for (unsigned row = first; row < end; row++)
        vt_erase(vt, row, 0, vt->cols);
}

static void reverse_rows(struct vt *vt, unsigned first, unsigned end) {
    struct vt_cell **row = vt->screen->row;

    for (; first + 1 < end; first++, end--) {
        struct vt_cell *swapped = row[first];
        row[first] = row[end - 1];
        row[end - 1] = swapped;
    }
}

/* Moves the rows top … bottom up by `up`, round in a circle: three reversals. */
static void rotate_rows(struct vt *vt, unsigned top, unsigned up) {
    unsigned end = vt->bottom + 1u;

    reverse_rows(vt, top, top + up);
    reverse_rows(vt, top + up, end);
    reverse_rows(vt, top, end);
    mark_dirty(vt, top, end);
}

void vt_scroll_up(struct vt *vt, unsigned top, unsigned count) {
    unsigned height = vt->bottom + 1u - top;

    count = MIN(count, height);
    rotate_rows(vt, top, count);
    vt_erase_rows(vt, vt->bottom + 1u - count, vt->bottom + 1u);
}

void vt_scroll_text(struct vt *vt, unsigned count) {
    bool keep = vt->top == 0 && vt->screen == &vt->screens[0] && vt->ops->scrolled_off;

    for (unsigned row = 0; keep && row < MIN(count, vt->bottom + 1u); row++)
        vt->ops->scrolled_off(vt->ctx, vt->screen->row[row], vt->cols);
    vt_scroll_up(vt, vt->top, count);
}

void vt_scroll_down(struct vt *vt, unsigned top, unsigned count) {
    unsigned height = vt->bottom + 1u - top;

    count = MIN(count, height);
    rotate_rows(vt, top, height - count);
    vt_erase_rows(vt, top, top + count);
}

void vt_shift_right(struct vt *vt, unsigned count) {
    struct vt_cell *row = vt->screen->row[vt->cursor.row];
    unsigned col = vt->cursor.col, room = vt->cols - col;

    count = MIN(count, room);
    memmove(row + col + count, row + col, (room - count) * sizeof(*row));
    vt_erase(vt, vt->cursor.row, col, col + count);
}

void vt_shift_left(struct vt *vt, unsigned count) {
    struct vt_cell *row = vt->screen->row[vt->cursor.row];
    unsigned col = vt->cursor.col, room = vt->cols - col;

    count = MIN(count, room);
    memmove(row + col, row + col + count, (room - count) * sizeof(*row));
    vt_erase(vt, vt->cursor.row, vt->cols - count, vt->cols);
}

static int clamp(int value, int least, int most) {
    return value < least ? least : value > most ? most : value;
}

void vt_move(struct vt *vt, int row, int col) {
    vt->cursor.row = (uint16_t)clamp(row, 0, vt->rows - 1);
    vt->cursor.col = (uint16_t)clamp(col, 0, vt->cols - 1);
    vt->cursor.wrap_pending = false;
}

void vt_move_in_origin(struct vt *vt, int row, int col) {
    if (vt->cursor.origin)
        row = clamp(row + vt->top, vt->top, vt->bottom);
    vt_move(vt, row, col);
}

void vt_line_feed(struct vt *vt) {
    if (vt->cursor.row == vt->bottom)
        vt_scroll_text(vt, 1);
    else if (vt->cursor.row < vt->rows - 1)
        vt->cursor.row++;
    vt->cursor.wrap_pending = false;
}

void vt_reverse_line_feed(struct vt *vt) {
    if (vt->cursor.row == vt->top)
        vt_scroll_down(vt, vt->top, 1);
    else if (vt->cursor.row > 0)
        vt->cursor.row--;
    vt->cursor.wrap_pending = false;
}

void vt_tab(struct vt *vt, int count) {
    int step = count < 0 ? -1 : 1, col = vt->cursor.col;

    for (; count; count -= step) {
        do {
            col += step;
        } while (col > 0 && col < vt->cols - 1 && !bitmap_test(vt->tab_stops, (size_t)col));
        if (col <= 0 || col >= vt->cols - 1)
            break;
    }
    vt_move(vt, vt->cursor.row, col);
}

/* DEC special graphics 0x60 … 0x7e (VT220 Programmer Reference, table 2-4), in Unicode. */
static const uint16_t line_drawing[] = {
    0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b, 0x2518,
    0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524,
    0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

/* Combining marks, joiners and variation selectors: they take no cell and are not shown. */
static bool is_zero_width(uint32_t c) {
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

void vt_put(struct vt *vt, uint32_t codepoint) {
    struct vt_cursor *cursor = &vt->cursor;

    if (codepoint - 0x60 < ARRAY_SIZE(line_drawing) && cursor->line_drawing[cursor->charset])
        codepoint = line_drawing[codepoint - 0x60];
    if (is_zero_width(codepoint) || (codepoint >= DEL && codepoint < 0xa0))
        return;
    if (cursor->wrap_pending && vt->autowrap) {
        cursor->col = 0;
        vt_line_feed(vt);
    }
    if (vt->insert)
        vt_shift_right(vt, 1);
    struct vt_cell *cell = &vt->screen->row[cursor->row][cursor->col];
    *cell = cursor->pen;
    cell->codepoint = vt->last_codepoint = codepoint;
    mark_dirty(vt, cursor->row, cursor->row + 1u);
    cursor->wrap_pending = cursor->col == vt->cols - 1;
    if (!cursor->wrap_pending)
        cursor->col++;
}

void vt_save_cursor(struct vt *vt) {
    vt->screen->saved = vt->cursor;
}

void vt_restore_cursor(struct vt *vt) {
    vt->cursor = vt->screen->saved;
}

void vt_show_screen(struct vt *vt, bool alternate) {
    vt->screen = &vt->screens[alternate];
    vt_redraw(vt);
}

void vt_reset(struct vt *vt) {
    vt->cursor = (struct vt_cursor){ .pen = plain_blank };
    vt->top = 0;
    vt->bottom = (uint16_t)(vt->rows - 1);
    vt->last_codepoint = ' ';
    vt->autowrap = vt->cursor_visible = true;
    vt->insert = vt->newline = vt->reverse_screen = false;
    vt->application_cursor_keys = vt->application_keypad = vt->bracketed_paste = false;
    memset(vt->tab_stops, 0, sizeof(vt->tab_stops));
    for (unsigned col = TAB_COLUMNS; col < vt->cols; col += TAB_COLUMNS)
        bitmap_set(vt->tab_stops, col);
    for (int alternate = 1; alternate >= 0; alternate--) {
        vt_show_screen(vt, alternate);
        vt_erase_rows(vt, 0, vt->rows);
        vt_save_cursor(vt);
    }
}

void vt_init(struct vt *vt, unsigned rows, unsigned cols, struct vt_cell *memory,
             const struct vt_ops *ops, void *ctx) {
    ASSERT(rows >= 2 && rows <= VT_ROWS_MAX && cols >= 2 && cols <= VT_COLS_MAX);
    memset(vt, 0, sizeof(*vt));
    vt->ops = ops;
    vt->ctx = ctx;
    vt->rows = (uint16_t)rows;
    vt->cols = (uint16_t)cols;
    for (unsigned row = 0; row < 2 * rows; row++)
        vt->screens[row / rows].row[row % rows] = memory + row * cols;
    vt_reset(vt);
}
