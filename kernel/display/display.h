/*
 * Displays that show cells of text. A display only draws; what is to be seen - terminal emulation,
 * scroll-back - is its client's business (the virtual terminal).
 */
#pragma once

#include "lib/list.h"
#include "lib/vt.h"

struct display;

/* Called by one client at a time; any context, panic included: no sleeping, no locks but innermost ones. */
struct display_ops {
    /* Shows `count` cells from `column` of `row` on; fg and bg are final (reverse video is applied). */
    void (*draw)(struct display *display, unsigned row, unsigned column, const struct vt_cell *cells, unsigned count);
    void (*set_cursor)(struct display *display, unsigned row, unsigned column, bool visible);
    /* What stands on the screen now, as code points; NULL: it is blank. */
    void (*read)(struct display *display, unsigned row, uint32_t *codepoints);
};

struct display {
    struct list_node node;
    const char *name;
    const struct display_ops *ops;
    unsigned rows, columns;
    unsigned cursor_row, cursor_column; /* where earlier output stopped */
};

/* Who draws on displays: told of each one as it appears. May sleep. */
struct display_client {
    void (*attach)(struct display *display);
};

void display_register(struct display *display);
void display_set_client(const struct display_client *client);
