/* Lines that have left the top of a screen, newest first; the oldest are forgotten. The caller serialises. */
#pragma once

#include "lib/vt.h"

struct scrollback {
    struct vt_cell *cells; /* NULL: nothing is kept */
    unsigned columns, capacity, count;
    unsigned next; /* where the next line goes */
};

/* 0 or -ENOMEM: then nothing is kept. May sleep. */
int scrollback_init(struct scrollback *scrollback, unsigned lines, unsigned columns);
void scrollback_add(struct scrollback *scrollback, const struct vt_cell *cells);
/* The line `back` lines before the screen's first one (1: the newest); back <= count. */
const struct vt_cell *scrollback_line(const struct scrollback *scrollback, unsigned back);
