/* What the parts of the terminal emulator share. Not for others. */
#pragma once

#include "lib/vt.h"

#define ESC 0x1b
#define DEL 0x7f
#define REPLACEMENT_CHARACTER 0xfffd

/* vt_screen.c: the grid */
void vt_reset(struct vt *vt);
void vt_put(struct vt *vt, uint32_t codepoint);
void vt_erase(struct vt *vt, unsigned row, unsigned first, unsigned end); /* first ≤ col < end */
void vt_erase_rows(struct vt *vt, unsigned first, unsigned end);
void vt_scroll_up(struct vt *vt, unsigned top, unsigned count);   /* top … vt->bottom */
void vt_scroll_down(struct vt *vt, unsigned top, unsigned count);
void vt_scroll_text(struct vt *vt, unsigned count); /* up, with what leaves the top reported */
void vt_shift_right(struct vt *vt, unsigned count); /* the cells from the cursor on */
void vt_shift_left(struct vt *vt, unsigned count);
void vt_move(struct vt *vt, int row, int col); /* clamped to the screen */
void vt_move_in_origin(struct vt *vt, int row, int col); /* row counted as DECOM says */
void vt_line_feed(struct vt *vt);
void vt_reverse_line_feed(struct vt *vt);
void vt_tab(struct vt *vt, int count); /* negative: backwards */
void vt_save_cursor(struct vt *vt);
void vt_restore_cursor(struct vt *vt);
void vt_show_screen(struct vt *vt, bool alternate);

/* vt_control.c: what sequences do */
void vt_control(struct vt *vt, uint8_t byte);
void vt_escape(struct vt *vt, uint8_t final);
void vt_csi(struct vt *vt, uint8_t final);

/* vt_colour.c: SGR */
void vt_select_graphic_rendition(struct vt *vt);
