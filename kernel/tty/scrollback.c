/* A ring of lines. */
#include "kernel/tty/scrollback.h"

#include "kernel/mm/slab.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

int scrollback_init(struct scrollback *scrollback, unsigned lines, unsigned columns) {
    struct vt_cell *cells = kcalloc((size_t)lines * columns, sizeof *cells);

    *scrollback = (struct scrollback){.cells = cells, .columns = columns, .capacity = cells ? lines : 0};
    return cells ? 0 : -ENOMEM;
}

void scrollback_add(struct scrollback *scrollback, const struct vt_cell *cells) {
    if (!scrollback->cells)
        return;
    memcpy(scrollback->cells + (size_t)scrollback->next * scrollback->columns, cells,
           scrollback->columns * sizeof *cells);
    scrollback->next = (scrollback->next + 1) % scrollback->capacity;
    scrollback->count = MIN(scrollback->count + 1, scrollback->capacity);
}

const struct vt_cell *scrollback_line(const struct scrollback *scrollback, unsigned back) {
    ASSERT(back >= 1 && back <= scrollback->count);
    unsigned index = (scrollback->next + scrollback->capacity - back) % scrollback->capacity;
    return scrollback->cells + (size_t)index * scrollback->columns;
}
