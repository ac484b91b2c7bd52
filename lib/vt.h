/*
 * Terminal emulator: turns a byte stream (UTF-8, the VT100 / ECMA-48 / Linux-console subset of
 * escape sequences, see console_codes(4)) into a grid of cells. What draws the cells is separate:
 * it asks for the dirty rows and the cursor.
 *
 * Pure: holds no locks (the caller serialises), never allocates (the caller supplies the cell
 * memory) and calls back only from within vt_write.
 *
 * Invariants: 1. cursor.row < rows, cursor.col < cols; 2. top <= bottom < rows; 3. the rows of a
 * screen are a permutation of its part of the cell memory: scrolling moves pointers, not cells.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_ROWS_MAX 256u
#define VT_COLS_MAX 512u
#define VT_PARAMS_MAX 16

/* struct vt_cell.attrs */
#define VT_BOLD 0x01
#define VT_DIM 0x02
#define VT_ITALIC 0x04
#define VT_UNDERLINE 0x08
#define VT_BLINK 0x10
#define VT_REVERSE 0x20
#define VT_STRIKE 0x40

struct vt_cell {
    uint32_t codepoint; /* Unicode */
    uint8_t fg, bg;     /* index into the 256-colour palette */
    uint8_t attrs;
};

#define VT_DEFAULT_FG 7
#define VT_DEFAULT_BG 0

/* The cells a terminal of that size needs: two screens. */
#define VT_CELLS(rows, cols) (2u * (rows) * (cols))

struct vt_ops {
    /* Bytes the terminal answers (status reports): input for the program. */
    void (*reply)(void *ctx, const char *bytes, size_t count);
    /* A row is about to leave the top of the main screen: for a scroll-back. May be NULL. */
    void (*scrolled_off)(void *ctx, const struct vt_cell *cells, unsigned cols);
    /* May be NULL. */
    void (*bell)(void *ctx);
};

struct vt_cursor {
    uint16_t row, col;
    bool wrap_pending;     /* the last column was written: the next character wraps first */
    bool origin;           /* DECOM: rows count from the top margin */
    struct vt_cell pen;    /* colours and attributes of what is written, as a blank */
    bool line_drawing[2];  /* whether G0, G1 is the DEC special graphics set */
    uint8_t charset;       /* which of them is in use */
};

struct vt_screen {
    struct vt_cell *row[VT_ROWS_MAX];
    struct vt_cursor saved;
};

enum vt_state {
    VT_GROUND, VT_ESCAPE, VT_ESCAPE_INTERMEDIATE, VT_CSI, VT_CSI_IGNORE, VT_LINUX_FUNCTION_KEY,
    VT_OSC_START, VT_LINUX_PALETTE, VT_STRING, VT_STRING_ESCAPE,
};

struct vt {
    const struct vt_ops *ops;
    void *ctx;
    uint16_t rows, cols;
    struct vt_screen screens[2], *screen; /* main, alternate; the one shown */
    struct vt_cursor cursor;
    uint16_t top, bottom; /* first and last row that scroll */
    uint64_t dirty[VT_ROWS_MAX / 64];
    uint64_t tab_stops[VT_COLS_MAX / 64];
    uint32_t last_codepoint; /* for REP */

    /* modes; the last three are for whoever sends input */
    bool autowrap, insert, newline, cursor_visible, reverse_screen;
    bool application_cursor_keys, application_keypad, bracketed_paste;

    /* parser */
    enum vt_state state;
    uint8_t prefix;       /* '?', '>', … after CSI, or the intermediate byte; 0 */
    uint8_t intermediate; /* 0 */
    uint8_t nparams, skip; /* skip: bytes left of a palette sequence */
    uint16_t params[VT_PARAMS_MAX];
    uint32_t utf8_codepoint, utf8_least; /* bits so far; the least that is not overlong */
    uint8_t utf8_missing;
};

/* rows 2 to VT_ROWS_MAX, cols 2 to VT_COLS_MAX; memory: VT_CELLS(rows, cols) cells. */
void vt_init(struct vt *vt, unsigned rows, unsigned cols, struct vt_cell *memory,
             const struct vt_ops *ops, void *ctx);

/* Feeds output of a program to the terminal. Sequences may be split anywhere. */
void vt_write(struct vt *vt, const void *bytes, size_t count);

/* The cells of a row on the screen shown; cols of them. */
static inline const struct vt_cell *vt_row(const struct vt *vt, unsigned row) {
    return vt->screen->row[row];
}

/* Takes the first dirty row at `from` or below and marks it clean; `rows` when there is none. */
unsigned vt_take_dirty_row(struct vt *vt, unsigned from);

/* Marks all rows dirty: the display has lost them. */
void vt_redraw(struct vt *vt);

/* The colours a cell shows, with reverse video (its own and the screen's) applied. */
void vt_cell_colours(const struct vt *vt, const struct vt_cell *cell, uint8_t *fg, uint8_t *bg);

/* 0xRRGGBB of a palette index. */
uint32_t vt_palette_rgb(uint8_t index);

/* The nearest of the 16 ECMA-48 colours (0 black, 1 red, 2 green, 4 blue, +8 bright). */
uint8_t vt_palette_16(uint8_t index);
