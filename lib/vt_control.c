/*
 * Terminal emulator: what control characters and escape sequences do (ECMA-48 §8.3, VT220
 * Programmer Reference, console_codes(4)). What is not listed is ignored.
 */
#include "lib/bitmap.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/vt_internal.h"

static void ring_bell(struct vt *vt) {
    if (vt->ops->bell)
        vt->ops->bell(vt->ctx);
}

void vt_control(struct vt *vt, uint8_t byte) {
    struct vt_cursor *cursor = &vt->cursor;

    switch (byte) {
    case '\a': ring_bell(vt); break;
    case '\b': vt_move(vt, cursor->row, cursor->col - 1); break;
    case '\t': vt_tab(vt, 1); break;
    case '\n': case '\v': case '\f':
        if (vt->newline)
            cursor->col = 0;
        vt_line_feed(vt);
        break;
    case '\r': vt_move(vt, cursor->row, 0); break;
    case 0x0e: cursor->charset = 1; break; /* SO */
    case 0x0f: cursor->charset = 0; break; /* SI */
    default: break;
    }
}

/* DECALN: fills the screen with E. */
static void fill_for_alignment(struct vt *vt) {
    vt_erase_rows(vt, 0, vt->rows);
    for (unsigned row = 0; row < vt->rows; row++)
        for (unsigned col = 0; col < vt->cols; col++)
            vt->screen->row[row][col].codepoint = 'E';
}

static void identify(struct vt *vt) {
    static const char vt102[] = "\033[?6c";

    vt->ops->reply(vt->ctx, vt102, sizeof(vt102) - 1);
}

/* ESC with an intermediate byte. */
static void escape_intermediate(struct vt *vt, uint8_t final) {
    if (vt->intermediate == '(' || vt->intermediate == ')')
        vt->cursor.line_drawing[vt->intermediate == ')'] = final == '0';
    else if (vt->intermediate == '#' && final == '8')
        fill_for_alignment(vt);
}

void vt_escape(struct vt *vt, uint8_t final) {
    if (vt->intermediate) {
        escape_intermediate(vt, final);
        return;
    }
    switch (final) {
    case '7': vt_save_cursor(vt); break;
    case '8': vt_restore_cursor(vt); break;
    case '=': vt->application_keypad = true; break;
    case '>': vt->application_keypad = false; break;
    case 'D': vt_line_feed(vt); break;
    case 'E': vt->cursor.col = 0; vt_line_feed(vt); break;
    case 'H': bitmap_set(vt->tab_stops, vt->cursor.col); break;
    case 'M': vt_reverse_line_feed(vt); break;
    case 'Z': identify(vt); break;
    case 'c': vt_reset(vt); break;
    default: break;
    }
}

/* A parameter, with its default where it is 0 or absent. */
static int param(const struct vt *vt, unsigned index, int otherwise) {
    return vt->params[index] ? vt->params[index] : otherwise;
}

static void erase_in_display(struct vt *vt) {
    const struct vt_cursor *cursor = &vt->cursor;

    switch (vt->params[0]) {
    case 0:
        vt_erase(vt, cursor->row, cursor->col, vt->cols);
        vt_erase_rows(vt, cursor->row + 1u, vt->rows);
        break;
    case 1:
        vt_erase_rows(vt, 0, cursor->row);
        vt_erase(vt, cursor->row, 0, cursor->col + 1u);
        break;
    case 2: case 3: vt_erase_rows(vt, 0, vt->rows); break;
    default: break;
    }
}

static void erase_in_line(struct vt *vt) {
    unsigned row = vt->cursor.row, col = vt->cursor.col;

    switch (vt->params[0]) {
    case 0: vt_erase(vt, row, col, vt->cols); break;
    case 1: vt_erase(vt, row, 0, col + 1); break;
    case 2: vt_erase(vt, row, 0, vt->cols); break;
    default: break;
    }
}

/* ECH */
static void erase_characters(struct vt *vt, unsigned count) {
    unsigned col = vt->cursor.col;

    vt_erase(vt, vt->cursor.row, col, MIN(col + count, (unsigned)vt->cols));
}

/* IL, DL: only inside the scrolling region. */
static void insert_or_delete_lines(struct vt *vt, bool insert) {
    unsigned row = vt->cursor.row;

    if (row < vt->top || row > vt->bottom)
        return;
    (insert ? vt_scroll_down : vt_scroll_up)(vt, row, (unsigned)param(vt, 0, 1));
    vt_move(vt, (int)row, 0);
}

/* CUU, CUD: stop at a margin unless the cursor is beyond it already. */
static void move_vertically(struct vt *vt, int rows, int col) {
    int row = vt->cursor.row, least = row >= vt->top ? vt->top : 0;
    int most = row <= vt->bottom ? vt->bottom : vt->rows - 1;

    row += rows;
    vt_move(vt, row < least ? least : row > most ? most : row, col);
}

/* DECSTBM */
static void set_margins(struct vt *vt) {
    int top = param(vt, 0, 1), bottom = MIN(param(vt, 1, vt->rows), (int)vt->rows);

    if (top >= bottom)
        return;
    vt->top = (uint16_t)(top - 1);
    vt->bottom = (uint16_t)(bottom - 1);
    vt_move_in_origin(vt, 0, 0);
}

static void clear_tab_stops(struct vt *vt) {
    if (vt->params[0] == 0)
        bitmap_clear(vt->tab_stops, vt->cursor.col);
    else if (vt->params[0] == 3)
        memset(vt->tab_stops, 0, sizeof(vt->tab_stops));
}

/* DSR */
static void report_status(struct vt *vt) {
    const struct vt_cursor *cursor = &vt->cursor;
    char text[24];
    int length = 0;

    if (vt->params[0] == 5)
        length = format_snprintf(text, sizeof(text), "\033[0n");
    else if (vt->params[0] == 6)
        length = format_snprintf(text, sizeof(text), "\033[%d;%dR",
                                 cursor->row + 1 - (cursor->origin ? vt->top : 0), cursor->col + 1);
    if (length > 0)
        vt->ops->reply(vt->ctx, text, (size_t)length);
}

static void repeat_last(struct vt *vt) {
    for (int count = MIN(param(vt, 0, 1), vt->rows * vt->cols); count; count--)
        vt_put(vt, vt->last_codepoint);
}

/* 1049: the alternate screen with a cursor of its own, cleared on the way in. */
static void switch_screen(struct vt *vt, bool alternate, bool with_cursor) {
    if (alternate == (vt->screen == &vt->screens[1]))
        return;
    if (alternate && with_cursor)
        vt_save_cursor(vt);
    vt_show_screen(vt, alternate);
    if (alternate)
        vt_erase_rows(vt, 0, vt->rows);
    else if (with_cursor)
        vt_restore_cursor(vt);
}

static void set_private_mode(struct vt *vt, unsigned mode, bool on) {
    switch (mode) {
    case 1: vt->application_cursor_keys = on; break;
    case 5: vt->reverse_screen = on; vt_redraw(vt); break;
    case 6: vt->cursor.origin = on; vt_move_in_origin(vt, 0, 0); break;
    case 7: vt->autowrap = on; break;
    case 25: vt->cursor_visible = on; break;
    case 47: case 1047: switch_screen(vt, on, false); break;
    case 1048: (on ? vt_save_cursor : vt_restore_cursor)(vt); break;
    case 1049: switch_screen(vt, on, true); break;
    case 2004: vt->bracketed_paste = on; break;
    default: break;
    }
}

/* SM, RM */
static void set_modes(struct vt *vt, bool on) {
    for (unsigned i = 0; i < vt->nparams; i++) {
        if (vt->prefix == '?')
            set_private_mode(vt, vt->params[i], on);
        else if (vt->params[i] == 4)
            vt->insert = on;
        else if (vt->params[i] == 20)
            vt->newline = on;
    }
}

/* Sequences that move the cursor. False when `final` is none of them. */
static bool csi_move(struct vt *vt, uint8_t final) {
    int row = vt->cursor.row, col = vt->cursor.col, n = param(vt, 0, 1);

    switch (final) {
    case 'A': move_vertically(vt, -n, col); break;
    case 'B': case 'e': move_vertically(vt, n, col); break;
    case 'C': case 'a': vt_move(vt, row, col + n); break;
    case 'D': vt_move(vt, row, col - n); break;
    case 'E': move_vertically(vt, n, 0); break;
    case 'F': move_vertically(vt, -n, 0); break;
    case 'G': case '`': vt_move(vt, row, n - 1); break;
    case 'H': case 'f': vt_move_in_origin(vt, n - 1, param(vt, 1, 1) - 1); break;
    case 'I': vt_tab(vt, n); break;
    case 'Z': vt_tab(vt, -n); break;
    case 'd': vt_move_in_origin(vt, n - 1, col); break;
    case 's': vt_save_cursor(vt); break;
    case 'u': vt_restore_cursor(vt); break;
    default: return false;
    }
    return true;
}

void vt_csi(struct vt *vt, uint8_t final) {
    unsigned n = (unsigned)param(vt, 0, 1);
    bool modes = final == 'h' || final == 'l';

    if (vt->intermediate || (vt->prefix && !(vt->prefix == '?' && modes)) || csi_move(vt, final))
        return;
    switch (final) {
    case '@': vt_shift_right(vt, n); break;
    case 'J': erase_in_display(vt); break;
    case 'K': erase_in_line(vt); break;
    case 'L': insert_or_delete_lines(vt, true); break;
    case 'M': insert_or_delete_lines(vt, false); break;
    case 'P': vt_shift_left(vt, n); break;
    case 'S': vt_scroll_text(vt, n); break;
    case 'T': vt_scroll_down(vt, vt->top, n); break;
    case 'X': erase_characters(vt, n); break;
    case 'b': repeat_last(vt); break;
    case 'c': identify(vt); break;
    case 'g': clear_tab_stops(vt); break;
    case 'h': case 'l': set_modes(vt, final == 'h'); break;
    case 'm': vt_select_graphic_rendition(vt); break;
    case 'n': report_status(vt); break;
    case 'r': set_margins(vt); break;
    default: break;
    }
}
